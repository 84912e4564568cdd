@_exported public import Model
import Wire

/// A trading strategy: override the callbacks, place orders from them.
///
/// ```swift
/// @main
/// final class Breakout: Strategy {
///   override func onStart() async throws { try await subscribe(["EUR_USD"]) }
///   override func onQuote(_ quote: Quote) async throws {
///     guard quote.ask > ceiling else { return }
///     try await buy("EUR_USD", units: 1000, stopLoss: quote.bid - pips(10), takeProfit: quote.ask + pips(15))
///   }
/// }
/// ```
///
/// Callbacks run one after the other, never side by side. An error that leaves a callback is logged and ends the
/// worker with exit code 1; the supervisor's restart policy decides what follows.
@StrategyActor
open class Strategy {
  /// What runs this strategy; there from before `onStart` until the end.
  var host: Host?

  public required init() {}

  // MARK: Callbacks

  /// Called once, connected to supervisor and gateway, before `ready` is reported.
  open func onStart() async throws {}
  /// A new bid and ask of a subscribed instrument.
  open func onQuote(_ quote: Quote) async throws {}
  /// A candle of a subscribed granularity is complete.
  open func onCandle(_ candle: Candle) async throws {}
  /// An order of this strategy changed its state.
  open func onOrder(_ order: Order) async throws {}
  /// An order of this strategy was executed, in part or whole.
  open func onFill(_ fill: Fill) async throws {}
  /// Entries are refused from now on; exits and cancels still work.
  open func onPause(_ reason: String) async throws {}
  /// Entries are allowed again.
  open func onResume() async throws {}
  /// The connection to the gateway came or went.
  open func onGateway(isUp: Bool) async throws {}
  /// The feed began (`live`), or the last quote of a replay has been delivered (`ended`).
  open func onFeed(_ state: String) async throws {}
  /// The worker ends after this returns; orders can still be cancelled.
  open func onStop(_ reason: String) async throws {}

  // MARK: What it knows

  /// The strategy's name, from its manifest.
  public var name: String { host?.identity.strategy ?? "" }
  /// The `[params]` of the manifest.
  public var params: Parameters { Parameters(host?.params ?? [:]) }
  /// Whether entries are refused now.
  public var isPaused: Bool { host?.isPaused ?? false }
  /// Whether the gateway is connected.
  public var isGatewayUp: Bool { host?.gateway?.isReady ?? false }

  /// Precision and limits of an instrument of the feed; nil when the feed does not have it.
  public func instrument(_ name: String) -> InstrumentRules? { host?.gateway?.instruments[name] }

  // MARK: Market data

  /// Asks for quotes, and for candles of those granularities when they complete.
  ///
  /// - Throws: ``Model/Refusal`` with reason `unknown_instrument`.
  public func subscribe(
    _ instruments: [String], candles: [Granularity] = [], delivery: Delivery? = nil
  ) async throws {
    try await running().subscribe(
      Subscription(instruments: instruments, candles: candles, delivery: delivery))
  }

  /// The last candles, oldest first; the newest may be incomplete.
  public func candles(_ instrument: String, _ granularity: Granularity, count: Int) async throws -> [Candle] {
    let answer = try await running().request(
      "candles",
      ["instrument": .string(instrument), "granularity": .string(granularity.rawValue), "count": .int(count)])
    return try (answer["candles"]?.arrayValue ?? []).map { try Candle($0) }
  }

  // MARK: Orders

  /// Places an order and returns it as the journal knows it: accepted, or for a market order filled.
  ///
  /// A reply that is lost, because the gateway went away, is asked for again under the same client order id, so the
  /// order is placed once or not at all.
  /// - Throws: ``Model/Refusal``; its `reason` says why the order was refused (`oco_required`, `trading_paused` …).
  @discardableResult
  public func place(_ intent: OrderIntent) async throws -> Order { try await running().place(intent) }

  /// Buys at the market, protected by a stop loss below and a take profit above.
  @discardableResult
  public func buy(
    _ instrument: String, units: Quantity, stopLoss: Price, takeProfit: Price, tag: String? = nil
  ) async throws -> Order {
    try await place(
      OrderIntent(
        instrument: instrument, side: .buy, units: units, stopLoss: stopLoss, takeProfit: takeProfit, tag: tag
      ))
  }

  /// Sells at the market, protected by a stop loss above and a take profit below.
  @discardableResult
  public func sell(
    _ instrument: String, units: Quantity, stopLoss: Price, takeProfit: Price, tag: String? = nil
  ) async throws -> Order {
    try await place(
      OrderIntent(
        instrument: instrument, side: .sell, units: units, stopLoss: stopLoss, takeProfit: takeProfit,
        tag: tag))
  }

  /// Cancels a pending order.
  @discardableResult
  public func cancel(_ orderID: String) async throws -> Order {
    try await running().orderRequest("order.cancel", ["order_id": .string(orderID)])
  }

  /// This strategy's orders that can still fill.
  public func openOrders() async throws -> [Order] {
    let answer = try await running().request("orders", ["state": "open"])
    return try (answer["orders"]?.arrayValue ?? []).map { try Order($0) }
  }

  /// This strategy's positions.
  public func positions() async throws -> [PositionReport] {
    let answer = try await running().request("positions")
    return try (answer["positions"]?.arrayValue ?? []).map { try PositionReport($0) }
  }

  // MARK: Telling

  /// Writes a log line; it never blocks: when the supervisor lags, the line is dropped and counted.
  public nonisolated func log(_ level: LogLevel = .info, _ message: String, _ fields: [String: String] = [:])
  {
    SupervisorLink.shared.log(level, message, fields)
  }

  /// Records a sample of a metric of this strategy.
  public nonisolated func metric(_ name: String, _ value: Double, _ labels: [String: String] = [:]) {
    SupervisorLink.shared.metric(name, value, labels)
  }

  /// Waits until all logs and metrics so far have been taken from this process: for one that says a lot and wants
  /// none of it dropped.
  public nonisolated func flush() async { await SupervisorLink.shared.drain() }

  /// Sets the line that `rbotctl status NAME` shows.
  public nonisolated func status(_ text: String) { SupervisorLink.shared.status(text) }

  func running() throws -> Host {
    guard let host else { throw Refusal("not_running", "the strategy is not running yet") }
    return host
  }
}

extension Strategy {
  /// Runs the strategy as this process, until the supervisor stops it.
  public nonisolated static func main() async {
    await Host.run(Self.self)
  }
}

/// How quotes are delivered: all of them, or the latest of each instrument when the strategy lags.
public enum Delivery: String, Sendable {
  case every
  case latest
}
