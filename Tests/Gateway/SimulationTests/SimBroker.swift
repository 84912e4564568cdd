import BrokerInterface
import Model

/// A broker that keeps its own truth: orders, executions and what the whole account holds. It does what it is asked
/// at once; all that can go wrong on the way there and back is the network's.
struct SimBroker {
  struct Held {
    let key: String
    let instrument: String
    let side: Side
    let type: OrderType
    let group: Int64?
    var terms: WorkingTerms
    var filled = Quantity.zero
    var state = OrderStatus.State.working
    var executions: [Execution] = []

    var status: OrderStatus {
      OrderStatus(
        key: key, state: state, instrument: instrument, side: side, type: type, terms: terms,
        filledUnits: filled)
    }
  }

  /// Whether it cancels the other exit of a trade itself.
  let links: Bool
  /// One in so many orders, or changes, is refused; 0: none.
  var refuses: Int
  var orders: [String: Held] = [:]
  /// Keys of those that work, in the order of their arrival.
  var working: [String] = []
  var positions: [String: Quantity] = [:]
  var executions: [Execution] = []
  /// Mid prices in ticks.
  var mids: [String: Int128] = ["EUR_USD": 110_000, "GBP_USD": 130_000]
  var random: Dice
  /// What the account's stream tells, since it was read last.
  var stream: [BrokerMessage] = []
  var violations: [String] = []

  init(seed: UInt64, links: Bool, refuses: Int) {
    random = Dice(seed: seed &+ 7_000_000)
    self.links = links
    self.refuses = refuses
  }

  static func price(_ ticks: Int128) -> Price { Amount(raw: ticks * Amount.step(decimals: 5).raw) }

  func bid(_ instrument: String) -> Price { Self.price(mids[instrument] ?? 1) }
  func ask(_ instrument: String) -> Price { Self.price((mids[instrument] ?? 1) + 2) }

  // MARK: - Requests

  mutating func answer(_ request: BrokerRequest, at now: Timestamp) -> BrokerAnswer {
    switch request.action {
    case .place(let order, let group): place(order, group, now)
    case .cancel(let key): cancel(key)
    case .modify(let key, let terms): modify(key, terms)
    case .find(let key): orders[key].map { .order($0.status, $0.executions) } ?? .absent
    case .report(let since): .report(report(since))
    }
  }

  private mutating func place(_ order: Order, _ group: LinkedGroup?, _ now: Timestamp) -> BrokerAnswer {
    guard orders[order.id] == nil else {
      violations.append("\(order.id) was sent twice")
      return .refused(Refusal("duplicate", "there is such an order"))
    }
    if order.role == .entry, random.once(in: refuses) || order.role != .entry, random.once(in: refuses * 2) {
      return .refused(Refusal("broker_says_no", "not today"))
    }
    add(
      Held(
        key: order.id, instrument: order.instrument, side: order.side, type: order.type,
        group: links ? group?.id : nil,
        terms: WorkingTerms(price: order.price, limitPrice: order.terms.limitPrice, units: order.units)))
    match(order.id, now, whole: order.type == .market)
    guard let held = orders[order.id] else { return .absent }
    return .order(held.status, held.executions)
  }

  mutating func add(_ held: Held) {
    orders[held.key] = held
    working.append(held.key)
    stream.append(.order(held.status))
  }

  private mutating func cancel(_ key: String) -> BrokerAnswer {
    guard let held = orders[key] else { return .absent }
    guard held.state == .working else { return .refused(Refusal("ended", "it has ended")) }
    end(key, .cancelled(reason: "requested"))
    return orders[key].map { .order($0.status, []) } ?? .absent
  }

  private mutating func modify(_ key: String, _ terms: WorkingTerms) -> BrokerAnswer {
    guard let held = orders[key] else { return .absent }
    guard held.state == .working, !random.once(in: refuses) else {
      return .refused(Refusal("ended", "it has ended, or cannot be changed"))
    }
    orders[key]?.terms = terms
    if held.filled >= terms.units {
      end(key, held.filled == terms.units ? .filled : .cancelled(reason: "reduced"))
    } else if let held = orders[key] {
      stream.append(.order(held.status))
    }
    return orders[key].map { .order($0.status, []) } ?? .absent
  }

  private func report(_ since: Timestamp) -> AccountReport {
    let recent = executions.filter { $0.time >= since }
    let touched = Set(recent.map(\.orderID)).union(working)
    return AccountReport(
      orders: touched.sorted().compactMap { orders[$0]?.status }, executions: recent,
      positions: positions.sorted { $0.key < $1.key }.filter { !$0.value.isZero }
        .map { BrokerPosition(instrument: $0.key, units: $0.value, averagePrice: bid($0.key)) })
  }

  mutating func end(_ key: String, _ state: OrderStatus.State) {
    orders[key]?.state = state
    working.removeAll { $0 == key }
    if let held = orders[key] { stream.append(.order(held.status)) }
  }

  // MARK: - The market

  /// The market moves, and what it reaches trades: whole or in part.
  mutating func tick(_ instrument: String, _ now: Timestamp) {
    let step = random.next(12) == 0 ? 400 : 40
    let mid = (mids[instrument] ?? 0) + Int128(random.next(2 * step + 1) - step)
    mids[instrument] = min(max(mid, 90_000), 150_000)
    for key in working where orders[key]?.instrument == instrument { match(key, now, whole: false) }
    if random.once(in: 150), let key = working.first { end(key, .cancelled(reason: "broker_decides")) }
  }

  private func isReached(_ held: Held) -> Bool {
    guard let price = held.terms.price else { return true }
    let isBuy = held.side == .buy
    return switch held.type {
    case .limit: isBuy ? ask(held.instrument) <= price : bid(held.instrument) >= price
    default: isBuy ? ask(held.instrument) >= price : bid(held.instrument) <= price
    }
  }

  private mutating func match(_ key: String, _ now: Timestamp, whole: Bool) {
    guard let held = orders[key], held.state == .working, isReached(held) else { return }
    let rest = held.terms.units - held.filled
    var units = rest
    if !whole, random.next(2) == 0 { units = min(rest, Amount(1 + random.next(400))) }
    trade(key, units, held.side == .buy ? ask(held.instrument) : bid(held.instrument), now)
  }

  mutating func trade(_ key: String, _ units: Quantity, _ price: Price, _ now: Timestamp) {
    guard let held = orders[key] else { return }
    let execution = Execution(
      orderID: key, units: units, price: price, fee: .zero, time: now, quoteSequence: 0,
      id: "x\(executions.count + 1)")
    executions.append(execution)
    orders[key]?.executions.append(execution)
    orders[key]?.filled += units
    positions[held.instrument, default: .zero] += held.side == .buy ? units : -units
    stream.append(.execution(execution))
    guard held.filled + units == held.terms.units else { return }
    end(key, .filled)
    guard let group = held.group else { return }
    for sister in working where orders[sister]?.group == group { end(sister, .cancelled(reason: "oco")) }
  }

  /// A person trades by hand, or leaves an order.
  mutating func byHand(_ now: Timestamp) {
    let key = BrokerRequest.foreignPrefix + String(orders.count)
    let instrument = random.next(2) == 0 ? "EUR_USD" : "GBP_USD"
    let isMarket = random.next(2) == 0
    let price = isMarket ? nil : Self.price((mids[instrument] ?? 0) - 300)
    add(
      Held(
        key: key, instrument: instrument, side: .buy, type: isMarket ? .market : .limit, group: nil,
        terms: WorkingTerms(price: price, units: Amount(1 + random.next(500)))))
    match(key, now, whole: true)
  }
}
