import BrokerInterface
import Model
import RemoteBroker
import Trading

/// A desk at a broker that says what the test says.
struct RemoteDesk {
  struct Books {
    var orders: [Int64: Order] = [:]
    var tables = Tables()
    var differences = 0
    var fills: [Fill] { tables.fills }
  }

  var core: TradingCore
  var journal = Books()
  var second: Int64 = 1_700_000_000
  /// Everything that was asked, and what of it was not answered yet.
  var asked: [BrokerRequest] = []
  var open: [BrokerRequest] = []
  let bot = Trader(strategy: "bot", generation: 1)

  init(isOpen: Bool = true) {
    core = Self.desk(nil)
    begin()
    if isOpen {
      hear(.connected)
      answer(.report(AccountReport()))
    }
  }

  private static func desk(_ snapshot: TradingSnapshot?) -> TradingCore {
    TradingCore(
      settings: TradingSettings(), instruments: [Instrument.conventional("EUR_USD")].compactMap { $0 },
      venue: RemoteVenue(name: "sim", settings: RemoteSettings(reportSeconds: 3_600)), restoring: snapshot)
  }

  private mutating func begin() {
    take(
      core.register("bot", generation: 1, capabilities: StrategyCapabilities(brokers: ["sim"]), now: now))
    wait(1)
  }

  mutating func restart() {
    open = []
    core = Self.desk(journal.tables.snapshot(marketTime: nil))
    begin()
  }

  var now: Timestamp { Timestamp(nanoseconds: second * 1_000_000_000) }

  /// The first order.
  var order: Order? { journal.orders[1] }
  var lastAsked: BrokerRequest.Action? { asked.last?.action }

  var placements: Int {
    asked.count { if case .place = $0.action { true } else { false } }
  }

  mutating func take(_ changes: ChangeSet) {
    journal.tables.take(changes)
    for order in changes.orders { journal.orders[order.number] = order }
    journal.differences += changes.events.count { $0.type == .accountDifference }
    asked += changes.requests
    open += changes.requests
  }

  mutating func hear(_ message: BrokerMessage) { take(core.receive(message, now: now)) }

  /// Answers a request: the oldest that is open.
  mutating func answer(_ answer: BrokerAnswer, to request: BrokerRequest? = nil) {
    guard let request = request ?? open.first else { return }
    open.removeAll { $0.id == request.id }
    hear(.answer(request: request.id, answer))
  }

  /// Time passes, with a quote at its end.
  mutating func wait(_ seconds: Int64) {
    second += seconds
    let bid = Amount("1.1") ?? 1
    take(
      core.quote(
        Quote(sequence: second, instrument: "EUR_USD", bid: bid, ask: Amount("1.1001") ?? 1, time: now)))
  }

  /// Places an order of 1,000 units; returns why it was refused.
  @discardableResult
  mutating func place(limit: String? = nil) -> String? {
    let outcome = core.place(
      OrderIntent(
        instrument: "EUR_USD", side: .buy, type: limit == nil ? .market : .limit, units: 1_000,
        price: limit.flatMap { Amount($0) }, stopLoss: Amount("1.0"), takeProfit: Amount("1.2")), by: bot,
      now: now)
    take(outcome.changes)
    if case .failure(let refusal) = outcome.result { return refusal.reason }
    return nil
  }

  func status(
    _ key: String, _ state: OrderStatus.State, _ filled: Quantity, price: String? = nil
  ) -> OrderStatus {
    OrderStatus(
      key: key, state: state, instrument: "EUR_USD", side: .buy, type: price == nil ? .market : .limit,
      terms: WorkingTerms(price: price.flatMap { Amount($0) }, units: 1_000), filledUnits: filled)
  }

  func execution(_ key: String, _ units: Quantity, _ id: String, _ side: Side = .buy) -> Execution {
    Execution(
      orderID: key, units: units, price: Amount("1.1") ?? 1, fee: .zero, time: now, quoteSequence: 0, id: id)
  }
}
