import Glibc
import IPC
import Model
import NIOCore
import Wire

/// Who a worker is, as the supervisor told it.
struct WorkerIdentity: Sendable {
  var strategy: String
  var generation: Int
}

/// Runs one strategy: start, deliver, stop.
@StrategyActor
final class Host {
  let identity: WorkerIdentity
  private(set) var params: JSON
  private(set) var isPaused: Bool
  private(set) var gateway: GatewayClient?
  private let inbox: Inbox
  private var orderNumber = 0

  private init(_ welcome: JSON, inbox: Inbox) {
    identity = WorkerIdentity(
      strategy: welcome["strategy"]?.stringValue ?? "", generation: welcome["generation"]?.intValue ?? 0)
    params = welcome["params"] ?? [:]
    isPaused = welcome["paused"]?.boolValue ?? false
    self.inbox = inbox
  }

  nonisolated static func run(_ type: Strategy.Type) async {
    signal(SIGPIPE, SIG_IGN)
    guard let text = getenv("RBOT_SUPERVISOR_FD"), let fd = CInt(String(cString: text)) else {
      let usage =
        "this is a strategy of rbotd: start it with rbotctl start NAME (RBOT_SUPERVISOR_FD is not set)\n"
      write(STDERR_FILENO, usage, usage.utf8.count)
      exit(2)
    }
    let code = await runIsolated(type, fd: fd)
    await SupervisorLink.shared.drain(atMost: .seconds(2))
    exit(code)
  }

  private static func runIsolated(_ type: Strategy.Type, fd: CInt) async -> CInt {
    let inbox = Inbox()
    do {
      let welcome = try await SupervisorLink.shared.connect(fd: fd) { frame in
        guard let item = Self.item(frame) else { return }
        StrategyActor.loop.execute { StrategyActor.assumeIsolated { inbox.accept(item) } }
      }
      let host = Host(welcome, inbox: inbox)
      let strategy = type.init()
      strategy.host = host
      return try await host.run(strategy)
    } catch {
      SupervisorLink.shared.log(.critical, "\(type) failed: \(error)")
      return 1
    }
  }

  private nonisolated static func item(_ frame: Frame) -> Item? {
    let params = frame.params()
    switch frame.method {
    case "pause": return .pause(params["reason"]?.stringValue ?? "")
    case "resume": return .resume
    case "stop": return .stop(params["reason"]?.stringValue ?? "")
    case "params": return .params(params)
    default: return nil
    }
  }

  private func run(_ strategy: Strategy) async throws -> CInt {
    let environment = { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
    let client = GatewayClient(
      path: environment("RBOT_GATEWAY_SOCKET"), token: environment("RBOT_TOKEN"), inbox: inbox)
    gateway = client
    await client.connect()
    try await strategy.onStart()
    SupervisorLink.shared.notify("ready")
    while true {
      let item = await inbox.take()
      SupervisorLink.shared.advance(to: item.callback)
      defer { SupervisorLink.shared.returned() }
      if case .stop(let reason) = item {
        try await strategy.onStop(reason)
        return 0
      }
      try await deliver(item, to: strategy)
      client.regulate()
    }
  }

  private func deliver(_ item: Item, to strategy: Strategy) async throws {
    switch item {
    case .quote(let quote):
      let epoch = gateway?.epoch ?? 0
      try await strategy.onQuote(quote)
      gateway?.acknowledge(quote.sequence, of: epoch)
    case .candle(let candle): try await strategy.onCandle(candle)
    case .order(let order): try await strategy.onOrder(order)
    case .fill(let fill): try await strategy.onFill(fill)
    case .trading(let paused, let reason): try await setPaused(paused, reason, strategy)
    case .pause(let reason): try await setPaused(true, reason, strategy)
    case .resume: try await setPaused(false, "", strategy)
    case .feed(let state): try await strategy.onFeed(state)
    case .gateway(let isUp): try await strategy.onGateway(isUp: isUp)
    case .params(let json): params = json
    case .stop: break
    }
  }

  /// Supervisor and gateway both tell of a pause; the strategy hears of it once.
  private func setPaused(_ paused: Bool, _ reason: String, _ strategy: Strategy) async throws {
    guard paused != isPaused else { return }
    isPaused = paused
    if paused { try await strategy.onPause(reason) } else { try await strategy.onResume() }
  }

  // MARK: What a strategy asks for

  func subscribe(_ subscription: Subscription) async throws {
    guard let gateway else { throw GatewayClient.down }
    try await Self.refusing { try await gateway.subscribe(subscription) }
  }

  func request(_ method: String, _ params: JSON = [:]) async throws -> JSON {
    guard let gateway else { throw GatewayClient.down }
    return try await Self.refusing { try await gateway.request(method, params) }
  }

  /// A request whose parameters are written rather than built.
  func request(
    _ method: StaticString, _ write: @escaping (inout JSONWriter) -> Void
  ) async throws -> JSON {
    guard let gateway else { throw GatewayClient.down }
    return try await Self.refusing { try await gateway.request(method, writing: write) }
  }

  /// A strategy sees one kind of refusal, wherever it comes from.
  private static func refusing<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as RPCError {
      throw Refusal(error.reason ?? "error", error.message)
    }
  }

  func orderRequest(_ method: String, _ params: JSON) async throws -> Order {
    try Order(try await request(method, params)["order"] ?? .null)
  }

  func place(_ intent: OrderIntent) async throws -> Order {
    guard let gateway else { throw GatewayClient.down }
    var intent = intent
    if intent.clientOrderID == nil {
      orderNumber += 1
      intent.clientOrderID = "\(identity.strategy)-\(identity.generation)-\(orderNumber)"
    }
    let answer: JSON
    do {
      answer = try await gateway.place(intent)
    } catch let error as RPCError where error.reason == "connection_closed" || error.reason == "timeout" {
      // The order may be in the journal or not: its id finds out, and places it only if it is not.
      await gateway.waitUntilReady(seconds: 10)
      answer = try await Self.refusing { try await gateway.place(intent) }
    } catch let error as RPCError {
      throw Refusal(error.reason ?? "error", error.message)
    }
    return try Order(answer["order"] ?? .null)
  }
}

extension Inbox {
  /// A supervisor's message: a stop comes first, the rest in order.
  func accept(_ item: Item) {
    if case .stop = item { prepend(item) } else { append(item) }
  }
}
