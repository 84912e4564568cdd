import Model
import Synchronization
import Wire

/// Follows the one strategy of a private daemon: its log on the terminal, and how it ends.
struct ForegroundRun: Sendable {
  /// Why the run is over.
  private enum End {
    case asked
    case timeIsUp
    case feedEnded
    case itself(JSON)
    /// It cannot go on; a sentence for a person.
    case failed(String)
  }

  /// How much of the log has been shown.
  private final class Shown: Sendable {
    let items = Mutex(0)
    /// Nobody reads what is written any more.
    let isOver = Atomic<Bool>(false)
  }

  let name: String
  let daemon: PrivateDaemon
  let session: Session
  /// After which it is stopped; nil runs until somebody stops it.
  let seconds: Int64?
  private let shown = Shown()
  private let interruptions = Interruptions.count

  init(name: String, daemon: PrivateDaemon, session: Session, seconds: Int64?) {
    self.name = name
    self.daemon = daemon
    self.session = session
    self.seconds = seconds
  }

  /// - Returns: done when it ended well or was stopped.
  func watch(feed: String) async throws -> ExitStatus {
    guard let client = try await connect() else { return .done }
    defer { client.close() }
    if !session.isJSON {
      try session.write([
        Line([Span(name, .bold), Span(" runs on paper, feed \(feed); Ctrl-C stops it", .dim)])
      ])
    }
    let log = Task { await follow() }
    defer { log.cancel() }
    let began = ContinuousClock.now
    let end = try await untilEnd(client, began)
    if case .itself = end {
    } else {
      _ = try? await client.request(
        "strategy.stop", ["names": [.string(name)], "wait": true], timeout: Client.commandTimeout)
    }
    await quiet()
    let whole = ContinuousClock.now - began
    try await summarise(client, end, seconds: Int(whole.components.seconds))
    switch end {
    case .asked, .timeIsUp, .feedEnded: return .done
    case .itself(let strategy):
      guard strategy.text("state") == "failed" else { return .done }
      let reason = strategy.text("reason").replacing("; its policy is to never restart it", with: "")
      throw Failure(.refused, "failed", "\(name) failed: \(reason)")
    case .failed(let sentence): throw Failure(.refused, "failed", sentence)
    }
  }

  /// Waits for the daemon to answer; nil when the person has had enough before.
  private func connect() async throws -> Client? {
    for _ in 0..<600 {
      if Interruptions.count > interruptions { return nil }
      if SocketPath.probe(daemon.socket) == .answers {
        return try await Client.connect(to: daemon.socket, on: session.loop)
      }
      // rbotd complains in one line and ends; the shell around it waits for us.
      if let complaint = complaint { throw Failure(.refused, "no_daemon", complaint) }
      try await Task.sleep(for: .milliseconds(25))
    }
    throw Failure(.unreachable, "no_daemon", "its rbotd does not answer: \(daemon.said)")
  }

  /// Why rbotd did not start, in its own words.
  private var complaint: String? {
    daemon.said.split(separator: "\n").first { $0.hasPrefix("rbotd: ") }.map(String.init)
  }

  private func untilEnd(_ client: Client, _ began: ContinuousClock.Instant) async throws -> End {
    while true {
      if Interruptions.count > interruptions || shown.isOver.load(ordering: .relaxed) { return .asked }
      if let seconds, ContinuousClock.now - began >= .seconds(seconds) { return .timeIsUp }
      let status: JSON
      do {
        status = try await client.request("status", ["strategy": nil])
      } catch let failure as Failure {
        return .failed("its rbotd went away: \(complaint ?? failure.message)")
      }
      if let end = end(status) { return end }
      // There is no call that waits for an end, and a person does not see a tenth of a second.
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private func end(_ status: JSON) -> End? {
    if let error = status.items("errors").first {
      return .failed("\(error.text("path")): \(error.text("message"))")
    }
    guard let strategy = status.items("strategies").first else { return nil }
    if ["failed", "finished", "stopped"].contains(strategy.text("state")) { return .itself(strategy) }
    let gateway = status["gateway"] ?? .null
    let reason = gateway.text("reason")
    if ["backoff", "failed"].contains(gateway.text("state")), !reason.isEmpty {
      return .failed("the gateway does not run: \(reason)")
    }
    return gateway["feed_detail"]?.text("state") == "ended" ? .feedEnded : nil
  }

  private func follow() async {
    do {
      let client = try await Client.connect(to: daemon.socket, on: session.loop)
      defer { client.close() }
      let params: JSON = [
        "names": nil, "follow": true, "lines": 1_000, "level": "debug", "since": nil,
      ]
      _ = try await client.stream("logs", params) { item in
        guard isWanted(item) else { return }
        shown.items.withLock { $0 += 1 }
        if session.isJSON { return try session.write(item) }
        let page = session.page
        try session.surroundings.output.write(
          LogView(item: item, page: page).lines.map { $0.rendered(inColour: page.isColoured) + "\n" }.joined()
        )
      }
    } catch is OutputError {
      shown.isOver.store(true, ordering: .relaxed)
    } catch {
      // The connection ends with the daemon.
    }
  }

  /// The strategy's own lines, and what else a person must know.
  private func isWanted(_ item: JSON) -> Bool {
    item.text("strategy") == name || !["debug", "info"].contains(item.text("level"))
  }

  /// Waits until what was said last has been shown.
  private func quiet() async {
    var before = -1
    for _ in 0..<20 {
      let now = shown.items.withLock { $0 }
      if now == before { return }
      before = now
      try? await Task.sleep(for: .milliseconds(150))
    }
  }

  private func summarise(_ client: Client, _ end: End, seconds: Int) async throws {
    func list(_ method: String) async -> [JSON] {
      let params: JSON = ["strategy": .string(name), "state": "all", "limit": 1_000]
      return (try? await client.request(method, params))?.items(method) ?? []
    }
    let (orders, fills, positions) = (await list("orders"), await list("fills"), await list("positions"))
    if session.isJSON {
      return try session.write([
        "summary": [
          "name": .string(name), "seconds": .int(seconds), "orders": .array(orders), "fills": .array(fills),
          "positions": .array(positions),
        ]
      ])
    }
    let summary = RunSummary(
      why: why(end), seconds: seconds, orders: orders, fills: fills, positions: positions, page: session.page)
    try session.write(summary.lines)
  }

  private func why(_ end: End) -> String {
    switch end {
    case .asked: "stopped"
    case .timeIsUp: "stopped: its time was up"
    case .feedEnded: "stopped: the recording has ended"
    case .itself(let strategy): strategy.text("state")
    case .failed: "failed"
    }
  }
}
