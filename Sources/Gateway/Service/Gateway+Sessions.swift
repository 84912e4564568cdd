import Feeds
import IPC
import Model
import NIOCore
import Platform
import Trading
import Wire

/// A worker's connection as its socket sees it.
struct WorkerDoor: ConnectionHandler {
  let gateway: Gateway
  let session: Int

  func opened(_ connection: Connection) {
    let (gateway, session) = (gateway, session)
    // One that only holds a place would keep others out.
    connection.eventLoop.scheduleTask(in: Gateway.silencePatience) {
      gateway.assumeIsolated { if $0.sessions[session]?.worker == nil { connection.close() } }
    }
  }

  func received(_ frame: Frame, on connection: Connection) {
    gateway.assumeIsolated { $0.received(frame, session, connection) }
  }

  func drained(_ connection: Connection) {
    gateway.assumeIsolated { gateway in
      if let session = gateway.sessions[session] { gateway.refill(session) }
    }
  }

  func closed(_ connection: Connection, reason: CloseReason) {
    gateway.assumeIsolated { $0.closed(session, reason) }
  }
}

/// Workers that come, say who they are, and go.
extension Gateway {
  /// How long a connection may stay without an accepted hello.
  static let silencePatience = TimeAmount.seconds(5)

  /// How long a hello waits for its token to be registered.
  private static let helloPatience = TimeAmount.seconds(1)
  /// Connections at most; each strategy has one.
  private static let sessionsMax = 1_024
  /// Between two lines about those who present an unknown token.
  private static let strangerPause = TimeAmount.seconds(10)

  func openSocket() async throws(GatewayFailure) {
    do {
      listener = try await Listener.bind(path: configuration.workerSocket, mode: 0o660, on: loop) {
        [self] _ in assumeIsolated { $0.accept() }
      }.get()
    } catch {
      throw GatewayFailure("socket", "\(error)")
    }
  }

  private func accept() -> WorkerDoor? {
    guard phase == .running || phase == .starting, openDoors < Self.sessionsMax else { return nil }
    openDoors += 1
    let id = nextSession
    nextSession += 1
    return WorkerDoor(gateway: self, session: id)
  }

  func received(_ frame: Frame, _ id: Int, _ connection: Connection) {
    progress += 1
    let session: WorkerSession
    if let known = sessions[id] {
      session = known
    } else {
      session = WorkerSession(id: id, connection: connection)
      sessions[id] = session
    }
    switch frame.kind {
    case .notification: notified(frame, session)
    case .request(let request): asked(frame, request, session)
    case .response, .failure: break
    }
  }

  private func notified(_ frame: Frame, _ session: WorkerSession) {
    guard session.worker != nil else { return rejectStranger(nil, session) }
    guard frame.methodIs("quotes.ack") else {
      session.unknownNotifications += 1
      counters.unknownNotifications += 1
      return
    }
    guard let sequence = frame.withBody({ Self.acknowledged($0) }) else { return }
    barrier.acknowledged(sequence, by: session.id)
    advanceLockstep()
  }

  private static func acknowledged(_ params: UnsafeRawBufferPointer) -> Int64? {
    var sequence = Int64?.none
    var scanner = JSONScanner(params)
    do throws(WireError) {
      try scanner.object { (key, scanner) throws(WireError) in
        if key == "seq", scanner.peek() != UInt8(ascii: "\"") {
          sequence = try scanner.wholeNumber()
        } else {
          try scanner.skip()
        }
      }
    } catch {
      return nil
    }
    return sequence
  }

  private func asked(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) {
    guard session.worker != nil else {
      guard session.heldHello == nil, frame.methodIs("hello") else { return rejectStranger(id, session) }
      return greet(frame, id, session)
    }
    guard session.openRequests < WorkerSession.openRequestsMax else {
      let error = RPCError.refused(
        "too_many_requests", "\(WorkerSession.openRequestsMax) requests wait for their answers already")
      return session.connection.reply(to: id, error: error)
    }
    session.openRequests += 1
    if spec.isLockstep, feed.state == .live, mustWait(frame, session) {
      barrier.collect(
        CollectedRequest(session: session.id, id: id, frame: frame), of: session.strategy, by: session.id)
      advanceLockstep()
    } else {
      handle(frame, id, session)
    }
  }

  /// Whether a request belongs into a round: one that changes something, or that would overtake such a one.
  private func mustWait(_ frame: Frame, _ session: WorkerSession) -> Bool {
    if barrier.isWaiting(session.id) { return true }
    guard barrier.isOpen else { return false }
    return frame.method.hasPrefix("order.") || frame.methodIs("position.close")
  }

  private func rejectStranger(_ id: RequestID?, _ session: WorkerSession) {
    session.connection.reply(to: id, error: .helloRequired)
    session.connection.close()
  }

  // MARK: - Hello

  private func greet(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) {
    do throws(RPCError) {
      let hello = try Hello(frame.params())
      _ = try hello.agreedVersion()
      session.heldHello = (id, hello)
    } catch {
      return turnAway(session, id, error)
    }
    if admit(session) { return }
    let number = session.id
    loop.assumeIsolated().scheduleTask(in: Self.helloPatience) {
      self.assumeIsolated { gateway in
        guard let session = gateway.sessions[number], let held = session.heldHello else { return }
        gateway.warnOfStranger(session)
        gateway.turnAway(session, held.id, .unknownToken)
      }
    }
  }

  /// Whoever tries tokens may do so as often as he likes: the first is told at once, the others by their number.
  private func warnOfStranger(_ session: WorkerSession) {
    strangers.count += 1
    let now = NIODeadline.now()
    guard strangers.toldAt.map({ now - $0 >= Self.strangerPause }) ?? true else { return }
    let who = session.connection.peer.map { "Process \($0.pid) of user \($0.uid)" } ?? "A process"
    let others = strangers.count > 1 ? " (\(strangers.count - 1) others were since the last such line)" : ""
    log(.warning, "\(who) presented a token of no running worker and was turned away\(others).")
    strangers = (0, now)
  }

  private func turnAway(_ session: WorkerSession, _ id: RequestID, _ error: RPCError) {
    session.heldHello = nil
    session.connection.reply(to: id, error: error)
    session.connection.close()
  }

  /// Answers a hello whose token is known; false while it is not.
  private func admit(_ session: WorkerSession) -> Bool {
    guard let (id, hello) = session.heldHello else { return true }
    guard let token = hello.token, let worker = tokens.worker(tokenHash: SHA256.hash(token.utf8)) else {
      return false
    }
    guard let peer = session.connection.peer, PeerCheck.belongs(peer, to: worker) else {
      log(.warning, "A process that is not \(worker.strategy) presented its token and was turned away.")
      turnAway(session, id, .unknownToken)
      return true
    }
    guard sessionsByStrategy[worker.strategy] == nil else {
      turnAway(session, id, .refused("already_connected", "\(worker.strategy) is connected already"))
      return true
    }
    session.heldHello = nil
    session.worker = worker
    sessionsByStrategy[worker.strategy] = session
    let trading = core.paused(strategy: worker.strategy)
    perform(ChangeSet()) { [self] _ in
      session.connection.send {
        writeGreeting(id, worker, trading?.paused ?? false, trading?.reason, &$0)
      }
    }
    return true
  }

  /// Looks whether hellos that wait may be answered now.
  func admitHeld() {
    for session in sessions.values.sorted(by: { $0.id < $1.id }) where session.heldHello != nil {
      _ = admit(session)
    }
  }

  private func writeGreeting(
    _ id: RequestID, _ worker: RegisteredWorker, _ isPaused: Bool, _ reason: String?,
    _ buffer: inout ByteBuffer
  ) {
    buffer.writeResponse(id) { writer in
      writer.beginObject()
      writer.field("protocol", WireLimits.protocolVersions.upperBound)
      writer.field("strategy", worker.strategy)
      writer.field("generation", worker.generation)
      writer.field("mode", core.effectiveMode(of: worker.capabilities).rawValue)
      writer.field("feed", feedDescription)
      writer.field("brokers", .array(worker.capabilities.brokers.map(JSON.string)))
      writer.field("trading", ["paused": .bool(isPaused), "reason": JSON(reason)])
      writer.array("instruments", feed.instruments) { $0.value($1) }
      writer.field("limits", Hello.limits)
      writer.endObject()
    }
  }

  var feedDescription: JSON {
    [
      "kind": .string(spec.kind), "spec": .string("\(spec)"), "synthetic": .bool(spec.isSynthetic),
      "lockstep": .bool(spec.isLockstep),
    ]
  }

  // MARK: - Goodbye

  func closed(_ id: Int, _ reason: CloseReason) {
    openDoors -= 1
    guard let session = sessions.removeValue(forKey: id) else { return }
    if let worker = session.worker, sessionsByStrategy[worker.strategy] === session {
      sessionsByStrategy[worker.strategy] = nil
      if reason != .peer, reason != .local {
        log(.warning, "The connection of \(worker.strategy) ended: \(reason).")
      }
    }
    indexSubscribers()
    barrier.forget(id)
    advanceLockstep()
  }

  /// Closes the session of a worker that is gone or superseded.
  func dismiss(_ strategy: String, before generation: Generation) {
    guard let session = sessionsByStrategy[strategy], let worker = session.worker,
      worker.generation < generation
    else { return }
    sessionsByStrategy[strategy] = nil
    session.worker = nil
    session.connection.close()
  }
}
