import Glibc
import IPC
import Model
import NIOCore
import Wire

/// What a strategy asked to be told of; repeated after a reconnect.
struct Subscription: Sendable {
  var instruments: [String]
  var candles: [Granularity]
  var delivery: Delivery?

  var params: JSON {
    var object = JSONObject()
    object["instruments"] = .array(instruments.map(JSON.string))
    if !candles.isEmpty { object["candles"] = .array(candles.map { .string($0.rawValue) }) }
    if let delivery { object["delivery"] = .string(delivery.rawValue) }
    return .object(object)
  }
}

/// The connection to the gateway, made again whenever it breaks.
@StrategyActor
final class GatewayClient {
  let path: String
  let token: String
  let inbox: Inbox
  private(set) var instruments: [String: InstrumentRules] = [:]
  private(set) var isReady = false
  /// How many quotes the gateway sends ahead of our acknowledgement; nil when it wants none.
  private var window: Int?
  private var lastAcknowledged: Int64 = 0
  /// Counts connections: a quote of an earlier one is not acknowledged on a later.
  private(set) var epoch = 0
  private var connection: Connection?
  private var subscriptions: [Subscription] = []
  private var openRequests = 0
  private var isReading = true
  private var readyWaiters: [CheckedContinuation<Void, Never>] = []

  init(path: String, token: String, inbox: Inbox) {
    self.path = path
    self.token = token
    self.inbox = inbox
  }

  /// Connects and keeps connecting until it succeeds: the supervisor's start timeout bounds the wait.
  func connect() async {
    var delay = 50
    while true {
      do {
        try await attempt()
        return
      } catch {
        connection?.close()
        try? await Task.sleep(for: .milliseconds(delay))
        delay = min(delay * 2, 1_000)
      }
    }
  }

  private func attempt() async throws {
    let connection = try await Connection.connect(
      path: path, on: StrategyActor.loop, handler: Handler(client: self)
    ).get()
    self.connection = connection
    let hello = Hello(software: "StrategyKit/\(Version.text)", pid: Int(getpid()), token: token)
    let answer = try await connection.request("hello", hello.params).get()
    for item in answer["instruments"]?.arrayValue ?? [] {
      let rules = try InstrumentRules(item)
      instruments[rules.name] = rules
    }
    for subscription in subscriptions { try await send(subscription) }
    isReady = true
    for waiter in readyWaiters { waiter.resume() }
    readyWaiters = []
    inbox.append(.gateway(isUp: true))
  }

  func subscribe(_ subscription: Subscription) async throws {
    try await send(subscription)
    subscriptions.append(subscription)
  }

  private func send(_ subscription: Subscription) async throws {
    guard let connection else { throw Self.down }
    let answer = try await connection.request("quotes.subscribe", subscription.params).get()
    if answer["ack"]?.boolValue == true { window = answer["window"]?.intValue ?? 1 }
  }

  static let down = Refusal("gateway_down", "the gateway is not connected")

  func request(_ method: String, _ params: JSON) async throws -> JSON {
    guard let connection, isReady else { throw Self.down }
    return try await waiting { try await connection.request(method, params).get() }
  }

  func place(_ intent: OrderIntent) async throws -> JSON {
    guard let connection, isReady else { throw Self.down }
    return try await waiting {
      try await connection.request(timeout: .seconds(10), method: "order.place") { id, buffer in
        buffer.writeOrderPlace(id, intent)
      }.get()
    }
  }

  /// A request whose parameters are written rather than built.
  func request(
    _ method: StaticString, writing write: @escaping (inout JSONWriter) -> Void
  ) async throws -> JSON {
    guard let connection, isReady else { throw Self.down }
    return try await waiting {
      try await connection.request(timeout: .seconds(10), method: "\(method)") { id, buffer in
        buffer.writeRequest(id, method, params: write)
      }.get()
    }
  }

  /// While an answer is awaited the socket is read even when the strategy lags: the answer is behind the quotes.
  private func waiting(_ request: () async throws -> JSON) async throws -> JSON {
    openRequests += 1
    regulate()
    defer {
      openRequests -= 1
      regulate()
    }
    return try await request()
  }

  /// Says that a quote, and with it all before it, has been dealt with. With a wide window that is said for a
  /// quarter of it at a time, or when nothing else waits.
  func acknowledge(_ sequence: Int64, of epoch: Int) {
    guard let window, epoch == self.epoch else { return }
    guard sequence - lastAcknowledged >= Int64(window / 4) || inbox.count == 0 else { return }
    lastAcknowledged = sequence
    connection?.send { buffer in
      buffer.writeNotification("quotes.ack") { writer in
        writer.beginObject()
        writer.field("seq", sequence)
        writer.endObject()
      }
    }
  }

  /// Reads, or stops reading, by how far the strategy lags.
  func regulate() {
    let mustRead = openRequests > 0 || inbox.count < (isReading ? Inbox.highWater : Inbox.lowWater)
    guard mustRead != isReading else { return }
    isReading = mustRead
    connection?.setReading(mustRead)
  }

  /// Waits until the gateway is back, `seconds` at the most.
  func waitUntilReady(seconds: Int64) async {
    guard !isReady else { return }
    StrategyActor.loop.scheduleTask(in: .seconds(seconds)) {
      StrategyActor.assumeIsolated { self.giveUpWaiting() }
    }
    await withCheckedContinuation { readyWaiters.append($0) }
  }

  private func giveUpWaiting() {
    for waiter in readyWaiters { waiter.resume() }
    readyWaiters = []
  }

  // MARK: What the gateway sends

  private struct Handler: ConnectionHandler {
    let client: GatewayClient

    func received(_ frame: Frame, on connection: Connection) {
      StrategyActor.assumeIsolated { client.received(frame, on: connection) }
    }

    func closed(_ connection: Connection, reason: CloseReason) {
      StrategyActor.assumeIsolated { client.closed(connection) }
    }
  }

  private func received(_ frame: Frame, on connection: Connection) {
    if case .request(let id) = frame.kind {
      connection.reply(to: id, error: .unknownMethod(frame.method))
      return
    }
    guard let item = item(frame) else { return }
    inbox.append(item)
    regulate()
  }

  private func item(_ frame: Frame) -> Item? {
    if frame.methodIs("quote") { return frame.withBody { Quote(params: $0) }.map(Item.quote) }
    let params = frame.params()
    switch frame.method {
    case "candle": return (try? Candle(params)).map(Item.candle)
    case "order": return params["order"].flatMap { try? Order($0) }.map(Item.order)
    case "fill": return params["fill"].flatMap { try? Fill($0) }.map(Item.fill)
    case "trading":
      return .trading(
        isPaused: params["paused"]?.boolValue ?? false, reason: params["reason"]?.stringValue ?? "")
    case "feed": return params["state"]?.stringValue.map(Item.feed)
    default: return nil
    }
  }

  private func closed(_ connection: Connection) {
    guard self.connection === connection else { return }
    self.connection = nil
    lastAcknowledged = 0
    epoch += 1
    inbox.dropQuotes()
    guard isReady else { return }
    isReady = false
    isReading = true
    inbox.append(.gateway(isUp: false))
    Task { await connect() }
  }
}
