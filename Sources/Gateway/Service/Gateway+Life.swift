import Dispatch
import Feeds
import Glibc
import IPC
import MarketStore
public import Model
import NIOCore
import Storage
import Trading
import TradingStore
import Wire

/// Starting, telling that it lives, and stopping.
extension Gateway {
  /// How often the feed's position and the metrics are written.
  private static let housekeepingInterval = TimeAmount.seconds(10)

  /// Introduces the gateway to the supervisor on an inherited socket and takes the workers in that it names.
  public func connect(supervisor descriptor: CInt) async throws(GatewayFailure) {
    journal = Journal(store: store) { [self] outcome in
      loop.execute { self.assumeIsolated { $0.committed(outcome) } }
    }
    openManualAccount()
    restoreCandles()
    do {
      let connection = try await Connection.adopt(
        fd: descriptor, on: loop, handler: SupervisorDoor(gateway: self)
      ).get()
      supervisor = connection
      let hello = Hello(software: "rbot-gateway/\(Version.text)", pid: Int(getpid()))
      let reply = try await connection.request("hello", hello.params).get()
      openCharter()
      welcomed(reply)
    } catch let error as GatewayFailure {
      throw error
    } catch {
      throw GatewayFailure(
        "supervisor", "The supervisor did not answer on descriptor \(descriptor): \(error)")
    }
    health.update { $0.supervisor = true }
    try await openSocket()
  }

  private func welcomed(_ reply: JSON) {
    isFeedHeld = (reply["hold_feed"]?.boolValue ?? false) && !feed.isLive
    for params in reply["workers"]?.arrayValue ?? [] {
      do throws(RPCError) {
        perform(try register(params)) { _ in }
      } catch {
        log(.error, "The supervisor named a worker that cannot be taken in: \(error)")
      }
    }
    let period = Int64(reply["heartbeat_ms"]?.intValue ?? 5_000)
    heartbeat = loop.scheduleRepeatedTask(
      initialDelay: .zero, delay: .milliseconds(max(50, period / 2))
    ) { [self] _ in self.assumeIsolated { $0.beat() } }
  }

  /// Everything is open: tells the supervisor, and starts the feed unless it is held.
  ///
  /// - Parameter hasUsers: whether anybody can log in; nil where that could not be read.
  public func ready(listen address: String, hasUsers: Bool?) {
    guard phase == .starting else { return }
    listen = address
    phase = .running
    let isEnded = feed.state == .ended
    health.update {
      $0.isOpen = true
      if isEnded { $0.feed = .ended }
    }
    supervisor?.send(
      notification: "ready",
      [
        "listen": .string(address), "feed": feedDescription, "mode": .string(core.charter.mode.rawValue),
        "users": hasUsers.map { .bool($0) } ?? .null,
      ])
    housekeeping = loop.scheduleRepeatedTask(
      initialDelay: Self.housekeepingInterval, delay: Self.housekeepingInterval
    ) { [self] _ in self.assumeIsolated { $0.keepHouse() } }
    if let marketTrouble {
      log(.warning, "Candles are not stored and begin anew with each start: \(marketTrouble.message)")
    }
    if isEnded { log(.info, "The feed \(spec) had ended before this start and is not played again.") }
    startEquity()
    if !isFeedHeld { startFeed() }
    startMockEvents()
  }

  private func beat() {
    progress += 1
    health.update { $0.quotes = feed.position.sequence }
    supervisor?.send(notification: "heartbeat", ["progress": .int(progress)])
  }

  private func keepHouse() {
    savePosition()
    pruneCandles()
    sendMetrics()
    pruneJournal()
  }

  private func sendMetrics() {
    guard let supervisor else { return }
    let http = http.current
    let values: [(String, Int)] = [
      ("quotes_total", Int(feed.position.sequence)), ("quotes_sent_total", counters.quotesSent),
      ("quotes_thinned_total", counters.quotesThinned),
      ("feed_bad_lines_total", feed.player?.badLineCount ?? 0), ("journal_commits_total", counters.commits),
      ("journal_entries_total", counters.entries), ("sessions", sessions.count),
      ("events_total", Int(store.lastEventSequence)),
      ("unknown_notifications_total", counters.unknownNotifications),
      ("events_not_relayed_total", counters.eventsNotRelayed),
      ("http_connections", http.connections), ("http_streams", http.streams),
      ("http_evicted_total", http.evicted), ("http_refused_total", http.refused),
      ("http_cut_off_total", http.cutOff), ("http_stalled_total", http.stalled),
      ("http_limited_total", http.limited),
      ("journal_pruned_rows_total", counters.prunedRows),
      ("kill_switch", core.charter.kill == nil ? 0 : 1),
      ("candles_written_total", market?.counters.written ?? 0),
      ("candles_dropped_total", market?.counters.dropped ?? 0),
    ]
    supervisor.send(
      notification: "metrics",
      .array(values.map { ["name": .string($0.0), "value": .int($0.1)] }))
  }

  /// A line for the supervisor's log; for the terminal when there is no supervisor.
  public func log(_ level: LogLevel, _ message: String) {
    guard let supervisor else {
      Terminal.say(message)
      return
    }
    supervisor.send { $0.writeLog(LogRecord(level: level, message: message, time: WallClock.now)) }
  }

  // MARK: - Files that may be renewed

  /// Has `read` called whenever the supervisor reads its files again, on the questions' queue, as files block; what it
  /// throws is logged.
  public func onReload(_ read: @escaping @Sendable () throws(GatewayFailure) -> Void) { reloads.append(read) }

  func reload() {
    let (reads, loop) = (reloads, loop)
    questions.async { [self] in
      for read in reads {
        do throws(GatewayFailure) {
          try read()
        } catch {
          let message = error.message
          loop.execute {
            self.assumeIsolated { $0.log(.error, "\(message) What was read before stays in use.") }
          }
        }
      }
    }
  }

  // MARK: - The end

  func supervisorLost(_ reason: CloseReason) {
    supervisor = nil
    health.update { $0.supervisor = false }
    stop()
  }

  /// Ends the feed, writes what is to be written and ends.
  public func stop() {
    guard phase == .starting || phase == .running else { return }
    phase = .stopping
    quiet()
    if let journal {
      savePosition()
      journal.close()
    } else {
      finish(nil)
    }
  }

  /// Ends at once with a sentence: nobody is told anything that is not durable.
  public func fail(_ failure: GatewayFailure) {
    guard phase != .ended else { return }
    quiet()
    log(.critical, failure.message)
    supervisor?.send(notification: "status", ["text": .string(failure.message)])
    finish(failure)
  }

  private func quiet() {
    feed.timer?.cancel()
    feed.player?.cancel()
    heartbeat?.cancel()
    housekeeping?.cancel()
    mock?.cancel()
    closeBroker()
    equity.timer?.cancel()
    listener?.close()
    health.update { $0.isOpen = false }
    events.close()
    quotes.close()
  }

  func finish(_ failure: GatewayFailure?) {
    guard phase != .ended else { return }
    phase = .ended
    for session in sessions.values { session.connection.close() }
    supervisor?.close()
    // One more turn of the loop, in which the last lines leave.
    let ended = ended
    loop.scheduleTask(in: .milliseconds(20)) { ended.succeed(failure) }
  }
}
