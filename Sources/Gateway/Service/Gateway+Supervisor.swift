import Config
import Feeds
import IPC
import Model
import NIOCore
import Platform
import Trading
import TradingStore
import Wire

/// The supervisor's end of descriptor 3.
struct SupervisorDoor: ConnectionHandler {
  let gateway: Gateway

  func received(_ frame: Frame, on connection: Connection) {
    gateway.assumeIsolated { $0.commanded(frame, connection) }
  }

  func closed(_ connection: Connection, reason: CloseReason) {
    gateway.assumeIsolated { $0.supervisorLost(reason) }
  }
}

/// What the supervisor says and asks.
extension Gateway {
  func commanded(_ frame: Frame, _ connection: Connection) {
    progress += 1
    switch frame.kind {
    case .notification:
      if frame.methodIs("stop") { stop() }
      if frame.methodIs("reload") { reload() }
      if frame.methodIs("events.follow") { relaysEvents = frame.params()["on"]?.boolValue ?? false }
    case .request(let id):
      let responder = Responder(connection: connection, id: id)
      do throws(RPCError) {
        try command(frame.method, frame.params(), responder)
      } catch {
        responder.fail(error)
      }
    case .response, .failure: break
    }
  }

  private func command(_ method: String, _ params: JSON, _ responder: Responder) throws(RPCError) {
    switch method {
    case "worker.started":
      let changes = try register(params)
      perform(changes) { [self] _ in
        responder.succeed { $0.value([:]) }
        admitHeld()
      }
    case "worker.gone":
      let changes = try depart(params)
      perform(changes) { _ in responder.succeed { $0.value([:]) } }
    case "strategy.event":
      let event = try supervisorEvent(params)
      perform(ChangeSet(), events: [event]) { _ in responder.succeed { $0.value([:]) } }
    case "strategy.trading":
      let changes = try setTrading(params)
      perform(changes) { _ in responder.succeed { $0.value([:]) } }
    case "strategy.square_off":
      let (done, changes) = core.squareOff(
        try params.string("strategy"), reason: try params.optionalString("reason"), now: marketNow)
      perform(changes) { _ in
        responder.succeed {
          $0.value(["closed": .int(done.closed), "left": .int(done.left), "waits_for": JSON(done.waitsFor)])
        }
      }
    case "feed.start":
      isFeedHeld = false
      startFeed()
      responder.succeed { $0.value([:]) }
    case "orders": try listOrders(params, try params.optionalString("strategy"), to: responder)
    case "fills": try listFills(params, try params.optionalString("strategy"), to: responder)
    case "positions": listPositions(try params.optionalString("strategy"), to: responder)
    case "accounts": listAccounts(try params.optionalString("strategy"), to: responder)
    case "events": try listEvents(params, to: responder)
    case "summary": responder.succeed { writeSummary(&$0) }
    default:
      if try commandCharter(method, params, responder) { return }
      guard Self.accountMethods.contains(method) else { throw .unknownMethod(method) }
      manageAccounts(method, params, responder)
    }
  }

  // MARK: - Workers

  /// Makes a worker known: its token, and what its strategy may do.
  func register(_ params: JSON) throws(RPCError) -> ChangeSet {
    let worker = try RegisteredWorker(params)
    guard tokens.register(worker) else {
      throw .refused("old_generation", "a later generation of \(worker.strategy) is known")
    }
    dismiss(worker.strategy, before: worker.generation)
    let isPaused = try params.optionalBool("paused") ?? false
    let mode = core.effectiveMode(of: worker.capabilities)
    if mode < worker.capabilities.mode {
      log(
        .warning,
        "\(worker.strategy) may trade in mode \(worker.capabilities.mode.rawValue), and the gateway's is "
          + "\(core.charter.mode.rawValue): its orders are \(mode.rawValue).")
    }
    return core.register(
      worker.strategy, generation: worker.generation, capabilities: worker.capabilities, paused: isPaused,
      reason: isPaused ? "paused by a person" : nil, now: marketNow)
  }

  private func depart(_ params: JSON) throws(RPCError) -> ChangeSet {
    let strategy = try params.string("strategy")
    let generation = try params.int("generation")
    let policy: ExitPolicy = try params.word("policy")
    let isCurrent = (tokens.workers[strategy]?.generation ?? generation) == generation
    tokens.remove(strategy: strategy, generation: generation)
    dismiss(strategy, before: generation + 1)
    // A later generation is there already: its orders are not the old one's to close.
    return isCurrent ? core.workerGone(strategy: strategy, policy: policy, now: marketNow) : ChangeSet()
  }

  private func setTrading(_ params: JSON) throws(RPCError) -> ChangeSet {
    let strategy = try params.string("strategy")
    guard let isPaused = try params.optionalBool("paused") else { throw .invalidParams("paused is missing") }
    let reason = try params.optionalString("reason")
    let before = core.paused(strategy: strategy)?.paused
    let changes = core.setPaused(isPaused, strategy: strategy, reason: reason, now: marketNow)
    if let before, before != isPaused, let session = sessionsByStrategy[strategy] {
      perform(ChangeSet()) { _ in
        session.connection.send(
          notification: "trading", ["paused": .bool(isPaused), "reason": JSON(isPaused ? reason : nil)])
      }
    }
    return changes
  }

  /// What happened to a strategy where only the supervisor sees it, for the stream of all events.
  private func supervisorEvent(_ params: JSON) throws(RPCError) -> NewEvent {
    let type = try params.string("type")
    let isWord =
      (1...64).contains(type.utf8.count) && type.utf8.allSatisfy { (97...122).contains($0) || $0 == 95 }
    guard isWord else { throw .invalidParams("type must be a word of small letters and _") }
    guard let payload = params["payload"], payload.objectValue != nil else {
      throw .invalidParams("payload must be an object")
    }
    var writer = JSONWriter(ByteBuffer())
    writer.value(payload)
    return NewEvent(
      source: "supervisor", type: type, strategy: try params.string("strategy"),
      payload: String(buffer: writer.buffer), time: marketNow)
  }

  // MARK: - Questions

  private func listAccounts(_ strategy: String?, to responder: Responder) {
    let accounts = core.accounts().filter { strategy == nil || $0.strategy == strategy }
    responder.succeed { writer in
      writer.beginObject()
      writer.array("accounts", accounts) { $0.value($1) }
      writer.endObject()
    }
  }

  private func writeSummary(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.field("mode", core.charter.mode.rawValue)
    writer.field("kill_switch", core.charter.killState)
    writer.key("feed")
    writer.beginObject()
    writer.field("kind", spec.kind)
    writer.field("spec", "\(spec)")
    writer.field("synthetic", spec.isSynthetic)
    writer.field("lockstep", spec.isLockstep)
    writer.field("quotes", feed.position.sequence)
    writer.field("bad_lines", feed.player?.badLineCount ?? 0)
    writer.field("state", feed.state.rawValue)
    writer.field("time", feed.position.time)
    // Of more, a manifest's names are not compared with them: the list would not be whole.
    if feed.instruments.count <= 200 {
      writer.array("instruments", feed.instruments) { $0.value($1.name) }
    }
    writer.endObject()
    writer.field("listen", listen)
    writer.array("strategies", core.summaries()) { writer, summary in
      let subscription = sessionsByStrategy[summary.strategy]?.subscription
      writer.beginObject()
      writer.field("strategy", summary.strategy)
      writer.field("orders", summary.orders)
      writer.field("fills", summary.fills)
      writer.array("position", summary.position) { writer, held in
        writer.beginObject()
        writer.field("instrument", held.instrument)
        writer.field("units", held.units)
        writer.endObject()
      }
      writer.key("pnl")
      writer.beginObject()
      writer.field("realised", summary.realised)
      writer.field("unrealised", summary.unrealised)
      writer.endObject()
      writer.field("paused", summary.paused)
      writer.field("mode", summary.mode?.rawValue)
      writer.field("subscriptions", subscription?.instruments.count ?? 0)
      writer.field("quotes_sent", subscription?.sent ?? 0)
      writer.field("quotes_thinned", subscription?.queue.thinned ?? 0)
      writer.endObject()
    }
    writer.endObject()
  }
}

extension RegisteredWorker {
  /// Reads the parameters of `worker.started`.
  init(_ params: JSON) throws(RPCError) {
    let hash = try params.string("token_hash")
    guard let bytes = Self.bytes(hex: hash), bytes.count == 32 else {
      throw .invalidParams("token_hash must be 64 hex digits")
    }
    let given = params["capabilities"] ?? .null
    var capabilities = StrategyCapabilities()
    capabilities.mode = try given.optionalWord("mode") ?? .paper
    capabilities.brokers = try given.optionalStrings("brokers") ?? ["paper"]
    capabilities.instruments = try given.optionalStrings("instruments")
    capabilities.maxOrderUnits = try given.optionalAmount("max_order_units")
    capabilities.maxDailyLoss = try given.optionalAmount("max_daily_loss")
    self.init(
      strategy: try params.string("strategy"), generation: try params.int("generation"),
      pid: Int32(clamping: try params.int("pid")), uid: UInt32(clamping: try params.int("uid")),
      tokenHash: bytes, capabilities: capabilities)
  }

  private static func bytes(hex: String) -> [UInt8]? {
    let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == hex.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
