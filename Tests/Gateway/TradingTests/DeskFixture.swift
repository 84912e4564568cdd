import BrokerInterface
import Model
import PaperBroker
import Testing
import Trading

func amount(_ text: String) -> Amount { Amount(text) ?? .zero }

/// A desk for a few instruments, a clock of seconds, and words that make a case one line each.
struct Desk {
  static let names = ["EUR_USD", "GBP_USD", "USD_JPY", "EUR_GBP", "BTC-USD", "XAU_EUR"]
  static let instruments = names.compactMap { Instrument.conventional($0) }

  var core: TradingCore
  var second: Int64 = 1_399_000_000
  var sequence: Int64 = 0
  /// The candles that it was given.
  var made: [Candle] = []
  /// Everything that the journal was given; whenever it is given something, the sub-accounts are summed up.
  var journal: Journal { didSet { checkSums() } }
  /// Whether the journal holds all that ever happened.
  private let isWhole: Bool

  init(
    settings: TradingSettings = TradingSettings(),
    capabilities: StrategyCapabilities = StrategyCapabilities(),
    feeRate: Amount = .zero, restoring snapshot: TradingSnapshot? = nil, lookup: (any DeskLookup)? = nil,
    instruments: [Instrument] = Desk.instruments, quoted: Bool = true, keeping journal: Journal = Journal(),
    registered: Bool = true, venue: (any Venue)? = nil
  ) {
    self.journal = journal
    isWhole = snapshot == nil && journal == Journal()
    core = TradingCore(
      settings: settings, instruments: instruments,
      venue: venue ?? PaperBroker(instruments: instruments, profile: PaperProfile(takerFeeRate: feeRate)),
      restoring: snapshot, lookup: lookup)
    if registered {
      self.journal.take(core.register("bot", generation: 1, capabilities: capabilities, now: now))
    }
    if quoted { quote("1.38694", "1.38705") }
  }

  var now: Timestamp { Timestamp(nanoseconds: second * 1_000_000_000) }
  let bot = Trader(strategy: "bot", generation: 1)

  @discardableResult
  mutating func quote(
    _ bid: String, _ ask: String, _ instrument: String = "EUR_USD", after seconds: Int64 = 1
  )
    -> ChangeSet
  {
    second += seconds
    sequence += 1
    let changes = core.quote(
      Quote(sequence: sequence, instrument: instrument, bid: amount(bid), ask: amount(ask), time: now))
    journal.take(changes)
    return changes
  }

  mutating func place(_ intent: OrderIntent, by trader: Trader? = nil) -> Outcome<Placement> {
    let outcome = core.place(intent, by: trader ?? bot, now: now)
    journal.take(outcome.changes)
    return outcome
  }

  /// The order of an intent that is expected to be admitted.
  @discardableResult
  mutating func placed(_ intent: OrderIntent, by trader: Trader? = nil) throws -> Order {
    try place(intent, by: trader).result.get().order
  }

  /// The reason of an intent that is expected to be refused.
  mutating func refusal(_ intent: OrderIntent, by trader: Trader? = nil) -> String? {
    let outcome = place(intent, by: trader)
    guard case .failure(let refusal) = outcome.result else { return nil }
    #expect(outcome.changes.orders.isEmpty && outcome.changes.fills.isEmpty)
    // None when the same reason came within the second.
    #expect(outcome.changes.events.count <= 1)
    #expect(outcome.changes.events.allSatisfy { $0.type == .orderRejected })
    #expect(outcome.changes.events.allSatisfy { $0["reason"] == .string(refusal.reason) })
    return refusal.reason
  }

  @discardableResult
  mutating func close(_ instrument: String = "EUR_USD") throws -> Order? {
    let outcome = core.close(instrument: instrument, by: bot, now: now)
    journal.take(outcome.changes)
    return try outcome.result.get()
  }

  @discardableResult
  mutating func cancel(_ id: String) throws -> Order {
    let outcome = core.cancel(orderID: id, by: bot, now: now)
    journal.take(outcome.changes)
    return try outcome.result.get()
  }

  @discardableResult
  mutating func modify(_ id: String, price: String? = nil, sl: String? = nil, tp: String? = nil) throws
    -> Order
  {
    let outcome = core.modify(
      orderID: id, price: price.map { amount($0) }, stopLoss: sl.map { amount($0) },
      takeProfit: tp.map { amount($0) }, by: bot, now: now)
    journal.take(outcome.changes)
    return try outcome.result.get()
  }

  /// The sub-accounts sum to the account, and what they hold is what was filled.
  private func checkSums() {
    let parts = core.accounts()
    guard let whole = core.account(strategy: nil) else { return }
    func sum(_ value: (AccountView) -> Money) -> Money { parts.reduce(.zero) { $0 + value($1) } }
    #expect(whole.balance == sum(\.balance) && whole.equity == sum(\.equity))
    #expect(whole.realised == sum(\.realised) && whole.unrealised == sum(\.unrealised))
    #expect(whole.fees == sum(\.fees) && whole.marginUsed == sum(\.marginUsed))
    #expect(parts.allSatisfy { $0.equity == $0.balance + $0.unrealised })
    guard isWhole else { return }
    var filled: [String: Quantity] = [:]
    for fill in journal.fills {
      filled["\(fill.strategy) \(fill.instrument)", default: .zero] +=
        fill.side == .buy ? fill.units : -fill.units
    }
    var held: [String: Quantity] = [:]
    for position in core.positions() { held["\(position.strategy) \(position.instrument)"] = position.units }
    #expect(held == filled.filter { !$0.value.isZero })
    #expect(whole.realised == journal.fills.reduce(.zero) { $0 + $1.realised })
    #expect(whole.fees == journal.fills.reduce(.zero) { $0 + $1.fee })
  }

  var units: String { core.positions(strategy: "bot").first?.units.description ?? "0" }
  var account: AccountView? { core.account(strategy: "bot") }
}

extension Order {
  var isExit: Bool { role == .stopLoss || role == .takeProfit }
}

extension OrderIntent {
  /// A market order with both exits around 1.387.
  static func buy(
    _ units: Amount = 1_000, sl: String? = "1.38", tp: String? = "1.40", id: String? = nil
  ) -> OrderIntent {
    OrderIntent(
      clientOrderID: id, instrument: "EUR_USD", side: .buy, units: units, stopLoss: sl.map { amount($0) },
      takeProfit: tp.map { amount($0) })
  }

  static func sell(
    _ units: Amount = 1_000, sl: String? = "1.40", tp: String? = "1.38", id: String? = nil
  ) -> OrderIntent {
    OrderIntent(
      clientOrderID: id, instrument: "EUR_USD", side: .sell, units: units, stopLoss: sl.map { amount($0) },
      takeProfit: tp.map { amount($0) })
  }

  static func limitBuy(_ price: String, _ units: Amount = 1_000, sl: String = "1.37", tp: String = "1.40")
    -> OrderIntent
  {
    OrderIntent(
      instrument: "EUR_USD", side: .buy, type: .limit, units: units, price: amount(price),
      stopLoss: amount(sl),
      takeProfit: amount(tp))
  }

  static func reduce(_ side: Side, _ units: Amount, limit: String? = nil) -> OrderIntent {
    OrderIntent(
      instrument: "EUR_USD", side: side, type: limit == nil ? .market : .limit, units: units,
      price: limit.map { amount($0) }, reduceOnly: true)
  }

  func with(_ change: (inout OrderIntent) -> Void) -> OrderIntent {
    var intent = self
    change(&intent)
    return intent
  }
}

/// What the store would hold: change sets applied to tables, so that tests can compare it with the desk.
struct Journal: Equatable {
  var orders: [Int64: Order] = [:]
  var fills: [Fill] = []
  var trades: [Int64: Trade] = [:]
  var accounts: [String: SubAccount] = [:]
  var rates: [String: Amount] = [:]
  var flattenings: [String: Flattening] = [:]
  var charter: Charter?
  var events: [DeskEvent] = []

  /// Orders that changed their state once they had ended.
  var changedAfterTheEnd: [String] = []
  /// The ids of orders that may only reduce.
  var reduceOnly: Set<String> = []

  mutating func take(_ changes: ChangeSet) {
    for order in changes.orders {
      if let before = orders[order.number], before.state.isFinal, before.state != order.state {
        changedAfterTheEnd.append(order.id)
      }
      orders[order.number] = order
      if order.reduceOnly { reduceOnly.insert(order.id) }
    }
    fills += changes.fills
    for trade in changes.trades { trades[trade.id] = trade }
    for id in changes.closedTrades { trades[id] = nil }
    for account in changes.accounts { accounts[account.strategy] = account }
    for rate in changes.rates { rates[rate.currency] = rate.rate }
    for item in changes.flattenings { flattenings[item.strategy] = item }
    for name in changes.endedFlattenings { flattenings[name] = nil }
    if let charter = changes.charter { self.charter = charter }
    events += changes.events
  }

  /// What a gateway that starts from these tables is given.
  func snapshot(marketTime: Timestamp?) -> TradingSnapshot {
    let all = orders.values.sorted { $0.number < $1.number }
    return TradingSnapshot(
      openOrders: all.filter { !$0.state.isFinal }, recentOrders: all.filter(\.state.isFinal),
      trades: trades.values.sorted { $0.id < $1.id },
      accounts: accounts.values.sorted { $0.strategy < $1.strategy },
      rates: rates.sorted { $0.key < $1.key }.map { ConversionRate(currency: $0.key, rate: $0.value) },
      flattenings: flattenings.values.sorted { $0.strategy < $1.strategy }, charter: charter,
      nextOrderNumber: (all.last?.number ?? 0) + 1, nextFillID: (fills.last?.id ?? 0) + 1,
      nextTradeID: (fills.compactMap(\.tradeID).max() ?? 0) + 1, marketTime: marketTime)
  }
}
