import Model
import PaperBroker
import Testing
import Trading

/// Random traders on a random market: what must hold after every step, whatever happens.
@Suite struct RandomDeskTests {
  @Test(arguments: UInt64(1)...10)
  func `the books agree after every step, through restarts`(seed: UInt64) {
    var world = World(seed: seed, restarts: true)
    for step in 0..<400 {
      world.step()
      // The checks read the whole journal: every fourth step keeps the test short.
      if step % 4 == 0 { world.check("seed \(seed), step \(step)") }
    }
    world.end()
    world.check("seed \(seed), at the end")
    #expect(world.journal.orders.values.allSatisfy { $0.state.isFinal }, "seed \(seed)")
  }

  @Test(arguments: UInt64(201)...212)
  func `the books agree where quotes have sizes and orders take time, through restarts`(seed: UInt64) {
    var world = World(seed: seed, restarts: true, isSized: true, latency: seed % 2 == 0 ? 90_000 : 0)
    for step in 0..<400 {
      world.step()
      if step % 4 == 0 { world.check("seed \(seed), step \(step)") }
    }
    world.end()
    world.check("seed \(seed), at the end")
    #expect(world.journal.orders.values.allSatisfy { $0.state.isFinal }, "seed \(seed)")
    #expect(world.wasPartlyFilled, "seed \(seed)")
  }

  @Test(arguments: UInt64(101)...104)
  func `the same seed gives the same journal, with restarts or without`(seed: UInt64) {
    var worlds = [false, false, true].map {
      World(seed: seed, restarts: $0, latency: seed % 2 == 0 ? 90_000 : 0)
    }
    for index in worlds.indices {
      for _ in 0..<300 { worlds[index].step() }
      worlds[index].end()
    }
    #expect(worlds[0].journal == worlds[1].journal, "seed \(seed)")
    #expect(worlds[0].journal.fills == worlds[2].journal.fills, "seed \(seed)")
    #expect(worlds[0].journal.orders == worlds[2].journal.orders, "seed \(seed)")
    #expect(worlds[0].journal.accounts == worlds[2].journal.accounts, "seed \(seed)")
    #expect(!worlds[0].journal.fills.isEmpty)
  }
}

struct World {
  static let strategies = ["alpha", "beta", "gamma"]
  static let instruments = Desk.names.compactMap { Instrument.conventional($0) }
  static let extremes = [
    Amount(raw: .max), Amount(raw: .min), Amount(raw: -1), Amount(raw: 1), 0, 1_000_000_000, 10_000_000_000,
  ]

  var core: TradingCore
  var journal = Journal()
  var random: Dice
  /// Decides about restarts alone, so that a run without them draws the same otherwise.
  var restarts: Dice?
  var mids: [String: Int128]
  var latest: [String: Quote] = [:]
  var clock: Int64 = 1_399_000_000
  var sequence: Int64 = 0
  var paused: Set<String> = []
  let isSized: Bool
  let latency: Int
  /// Whether any order filled in part and went on.
  var wasPartlyFilled = false
  var generations: [String: Int] = [:]

  init(seed: UInt64, restarts: Bool, isSized: Bool = false, latency: Int = 0) {
    random = Dice(seed: seed)
    self.restarts = restarts ? Dice(seed: seed + 1_000) : nil
    self.isSized = isSized
    self.latency = latency
    core = Self.desk(nil, latency)
    mids = ["EUR_USD": 138_700, "GBP_USD": 168_000, "USD_JPY": 102_100, "EUR_GBP": 82_000, "BTC-USD": 46_000]
    register()
  }

  static func desk(_ snapshot: TradingSnapshot?, _ latency: Int) -> TradingCore {
    TradingCore(
      settings: TradingSettings(maxOpenOrders: 12), instruments: instruments,
      venue: PaperBroker(
        instruments: instruments,
        profile: PaperProfile(
          takerFeeRate: Amount(raw: 20_000_000_000_000), slippageTicks: 1, latencyMilliseconds: latency)),
      restoring: snapshot)
  }

  var now: Timestamp { Timestamp(nanoseconds: clock * 1_000_000_000) }

  mutating func register() {
    for name in Self.strategies {
      let capabilities = StrategyCapabilities(maxDailyLoss: name == "gamma" ? 300 : nil)
      journal.take(
        core.register(
          name, generation: generations[name] ?? 1, capabilities: capabilities,
          paused: paused.contains(name), now: now))
    }
  }

  mutating func step() {
    if restarts?.next(40) == 0 { restart() }
    quote()
    let trader = Trader(strategy: Self.strategies[random.next(3)], generation: 1)
    switch random.next(20) {
    case 0..<9: journal.take(core.place(intent(), by: trader, now: now).changes)
    case 9..<11: journal.take(core.place(reduction(), by: trader, now: now).changes)
    case 11..<13: modify(trader)
    case 13: cancel(trader)
    case 14: journal.take(core.close(instrument: instrument(), by: trader, now: now).changes)
    case 15 where random.next(6) == 0:
      let policy = ExitPolicy.allCases[random.next(3)]
      journal.take(core.workerGone(strategy: trader.strategy, policy: policy, now: now))
    case 16 where random.next(4) == 0:
      if paused.remove(trader.strategy) == nil { paused.insert(trader.strategy) }
      let isPaused = paused.contains(trader.strategy)
      journal.take(core.setPaused(isPaused, strategy: trader.strategy, reason: nil, now: now))
    case 16 where random.next(8) == 0:
      journal.take(core.squareOff(trader.strategy, reason: nil, now: now).changes)
      checkFlat(trader)
    case 16 where random.next(3) == 0:
      generations[trader.strategy, default: 1] += 1
      register()
    case 17: journal.take(core.place(extreme(), by: trader, now: now).changes)
    default: for _ in 0..<5 { quote() }
    }
  }

  /// All of it has quotes by then, or will have been closed at the first one.
  private func checkFlat(_ trader: Trader) {
    let quoted = core.positions(strategy: trader.strategy).filter { core.latestQuote($0.instrument) != nil }
    #expect(quoted.isEmpty && core.openOrders(strategy: trader.strategy).allSatisfy { $0.role != .entry })
  }

  mutating func restart() {
    core = Self.desk(journal.snapshot(marketTime: core.marketTime), latency)
    register()
    for quote in latest.values.sorted(by: { $0.instrument < $1.instrument }) {
      let again = Quote(
        sequence: quote.sequence, instrument: quote.instrument, bid: quote.bid, ask: quote.ask, time: now,
        // Nothing new to take: that is for the next real quote.
        bidSize: isSized ? .zero : nil, askSize: isSized ? .zero : nil)
      journal.take(core.quote(again))
    }
  }

  mutating func end() {
    journal.take(core.feedEnded(now: now))
  }

  mutating func instrument() -> String { mids.keys.sorted()[random.next(mids.count)] }

  func price(_ name: String, _ ticks: Int128) -> Price {
    let decimals = core.instruments.first { $0.name == name }?.priceDecimals ?? 5
    return Amount(raw: ticks * Amount.step(decimals: decimals).raw)
  }

  mutating func quote() {
    let name = instrument()
    clock += Int64(random.next(600))
    sequence += 1
    let jump = random.next(50) == 0 ? 2_000 : 100
    let mid = max(1_000, (mids[name] ?? 0) + Int128(random.next(2 * jump + 1) - jump))
    mids[name] = mid
    let quote = Quote(
      sequence: sequence, instrument: name, bid: price(name, mid),
      ask: price(name, mid + Int128(random.next(15))),
      time: now, bidSize: size(name), askSize: size(name))
    latest[name] = quote
    let changes = core.quote(quote)
    wasPartlyFilled = wasPartlyFilled || changes.orders.contains { $0.state == .partiallyFilled }
    journal.take(changes)
  }

  mutating func size(_ name: String) -> Quantity? {
    guard isSized, random.next(5) > 0 else { return nil }
    if random.next(4) == 0 { return .zero }
    return name == "BTC-USD"
      ? Amount(raw: Int128(random.next(400)) * 1_000_000_000_000_000) : Amount(random.next(6_000))
  }

  mutating func intent() -> OrderIntent {
    let name = instrument()
    let mid = mids[name] ?? 0
    let side = random.next(2) == 0 ? Side.buy : .sell
    let type = OrderType.allCases[random.next(5)]
    let away = Int128(random.next(401) - 200)
    let isFollowing = type == .trailingStop
    let entry = mid + (isFollowing ? (side == .buy ? abs(away) + 1 : -abs(away) - 1) : away)
    let low = entry - Int128(1 + random.next(400))
    let high = entry + Int128(1 + random.next(400))
    let units =
      name == "BTC-USD"
      ? Amount(raw: Int128(1 + random.next(1_000)) * 1_000_000_000_000_000) : Amount(1 + random.next(20_000))
    return OrderIntent(
      clientOrderID: random.next(4) == 0 ? "c\(random.next(50))" : nil, instrument: name, side: side,
      type: type,
      units: units, price: type == .market || isFollowing ? nil : price(name, entry),
      stopLoss: price(name, side == .buy ? low : high), takeProfit: price(name, side == .buy ? high : low),
      timeInForce: [nil, nil, .gtc, .ioc, .fok, .day][random.next(6)],
      timeToLiveSeconds: random.next(3) == 0 ? 1 + random.next(5_000) : nil,
      terms: terms(name, type, entry, away))
  }

  mutating func terms(_ name: String, _ type: OrderType, _ entry: Int128, _ away: Int128) -> OrderTerms {
    func distance() -> Amount? { random.next(3) == 0 ? price(name, Int128(1 + random.next(300))) : nil }
    return OrderTerms(
      limitPrice: type == .stopLimit ? price(name, entry + Int128(random.next(41) - 20)) : nil,
      distance: type == .trailingStop ? price(name, abs(away) + 1) : nil, breakEven: distance(),
      trail: distance(), maxHoldSeconds: random.next(4) == 0 ? 1 + random.next(20_000) : nil)
  }

  mutating func reduction() -> OrderIntent {
    let name = instrument()
    let type = OrderType.allCases[random.next(3)]
    let near = price(name, (mids[name] ?? 0) + Int128(random.next(201) - 100))
    return OrderIntent(
      instrument: name, side: random.next(2) == 0 ? .buy : .sell, type: type,
      units: Amount(1 + random.next(9_000)),
      price: type == .market ? nil : near, reduceOnly: true)
  }

  mutating func extreme() -> OrderIntent {
    func any() -> Amount { Self.extremes[random.next(Self.extremes.count)] }
    return OrderIntent(
      instrument: random.next(5) == 0 ? "?" : instrument(), side: random.next(2) == 0 ? .buy : .sell,
      type: OrderType.allCases[random.next(3)], units: any(), price: any(), stopLoss: any(),
      takeProfit: any(),
      reduceOnly: random.next(4) == 0, quality: random.next(2) == 0 ? .max : .min,
      timeToLiveSeconds: random.next(2) == 0 ? .max : nil)
  }

  mutating func modify(_ trader: Trader) {
    let orders = core.recentOrders(strategy: trader.strategy, limit: 30)
    guard !orders.isEmpty else { return }
    let order = orders[random.next(orders.count)]
    let mid = mids[order.instrument] ?? 0
    func near() -> Price? {
      random.next(2) == 0 ? nil : price(order.instrument, mid + Int128(random.next(801) - 400))
    }
    journal.take(
      core.modify(
        orderID: order.id, price: order.type == .trailingStop ? nil : near(),
        limitPrice: order.type == .stopLimit ? near() : nil, stopLoss: near(), takeProfit: near(), by: trader,
        now: now
      ).changes)
  }

  mutating func cancel(_ trader: Trader) {
    let orders = core.openOrders(strategy: trader.strategy)
    guard !orders.isEmpty else { return }
    journal.take(core.cancel(orderID: orders[random.next(orders.count)].id, by: trader, now: now).changes)
  }

  // MARK: - What must hold

  func check(_ place: String) {
    let comment = Comment(rawValue: place)
    let state = core.snapshot
    #expect(state.openOrders == journal.snapshot(marketTime: nil).openOrders, comment)
    #expect(state.trades == journal.trades.values.sorted { $0.id < $1.id }, comment)
    #expect(state.flattenings == journal.flattenings.values.sorted { $0.strategy < $1.strategy }, comment)
    #expect(state.accounts == journal.accounts.values.sorted { $0.strategy < $1.strategy }, comment)
    checkPositions(comment)
    checkExits(state, comment)
    checkMoney(comment)
  }

  private func checkPositions(_ comment: Comment) {
    var fromFills: [String: Amount] = [:]
    for fill in journal.fills {
      let signed = fill.side == .buy ? fill.units : -fill.units
      fromFills["\(fill.strategy) \(fill.instrument)", default: .zero] += signed
    }
    var stored: [String: Amount] = [:]
    for position in core.positions() {
      stored["\(position.strategy) \(position.instrument)"] = position.units
    }
    #expect(stored == fromFills.filter { !$0.value.isZero }, comment)
    var byOrder: [String: Amount] = [:]
    for fill in journal.fills { byOrder[fill.orderID, default: .zero] += fill.units }
    for order in journal.orders.values {
      #expect(order.filledUnits == byOrder[order.id] ?? .zero, comment)
      #expect(order.remainingUnits.isZero == (order.state == .filled), comment)
    }
    #expect(journal.fills.indices.allSatisfy { journal.fills[$0].id == Int64($0) + 1 }, comment)
    checkOrders(comment)
  }

  /// No order is in a state that it cannot be in, and what only reduces never did more.
  private func checkOrders(_ comment: Comment) {
    #expect(journal.changedAfterTheEnd.isEmpty, comment)
    for order in journal.orders.values {
      let isPart = order.filledUnits.isPositive && order.remainingUnits.isPositive
      #expect(!order.filledUnits.isNegative && !order.remainingUnits.isNegative, comment)
      switch order.state {
      case .submitted: #expect(latency > 0 && order.role == .entry && order.filledUnits.isZero, comment)
      case .accepted: #expect(!isPart, comment)
      case .triggered: #expect(order.type.isStop && order.filledUnits.isZero, comment)
      case .partiallyFilled: #expect(isSized && isPart, comment)
      case .filled, .cancelled, .expired: break
      default: Issue.record("\(order.id) is \(order.state)")
      }
    }
    var held: [String: Amount] = [:]
    for fill in journal.fills {
      let key = "\(fill.strategy) \(fill.instrument)"
      let before = held[key] ?? .zero
      let after = before + (fill.side == .buy ? fill.units : -fill.units)
      held[key] = after
      guard journal.reduceOnly.contains(fill.orderID) else { continue }
      #expect(after.magnitude < before.magnitude && after.signum != -before.signum, comment)
    }
    // Of the exits of one trade only one fills to the end.
    let ends = journal.orders.values.filter { $0.state == .filled && $0.isExit }.compactMap(\.tradeID)
    #expect(Set(ends).count == ends.count, comment)
  }

  /// Each trade has a stop loss and a take profit of its size, and no exit is without its trade.
  private func checkExits(_ state: TradingSnapshot, _ comment: Comment) {
    let orders = Dictionary(uniqueKeysWithValues: state.openOrders.map { ($0.id, $0) })
    for trade in state.trades {
      for (id, role) in [(trade.stopLossOrderID, OrderRole.stopLoss), (trade.takeProfitOrderID, .takeProfit)]
      {
        let exit = id.flatMap { orders[$0] }
        #expect(exit?.role == role && exit?.remainingUnits == trade.units.magnitude, comment)
        #expect(exit?.side.sign == -trade.units.signum && exit?.state.isFinal == false, comment)
        #expect(isSized || exit?.state == .accepted, comment)
      }
    }
    let exits = state.openOrders.filter { $0.role == .stopLoss || $0.role == .takeProfit }
    #expect(exits.count == state.trades.count * 2, comment)
    for order in state.openOrders where order.reduceOnly && order.role == .entry {
      let held =
        core.positions(strategy: order.strategy).first { $0.instrument == order.instrument }?.units ?? .zero
      #expect(held.signum == -order.side.sign && order.remainingUnits <= held.magnitude, comment)
    }
  }

  private func checkMoney(_ comment: Comment) {
    for account in core.accounts() {
      let fills = journal.fills.filter { $0.strategy == account.strategy }
      #expect(account.realised == fills.reduce(.zero) { $0 + $1.realised }, comment)
      #expect(account.fees == fills.reduce(.zero) { $0 + $1.fee }, comment)
      let unrealised = core.positions(strategy: account.strategy).reduce(Money.zero) { $0 + $1.unrealised }
      #expect(account.unrealised == unrealised, comment)
      #expect(account.balance == 10_000 + account.realised - account.fees, comment)
      #expect(account.equity == account.balance + account.unrealised, comment)
      #expect(!account.marginUsed.isNegative, comment)
    }
    let whole = core.account(strategy: nil)
    #expect(whole?.equity == core.accounts().reduce(.zero) { $0 + $1.equity }, comment)
    #expect(whole?.marginUsed == core.accounts().reduce(.zero) { $0 + $1.marginUsed }, comment)
    #expect(whole?.openOrders == core.openOrders().count, comment)
  }
}

/// A small seeded generator (xorshift), so that a failing seed can be run again.
struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  /// 0 up to `bound`, exclusively.
  mutating func next(_ bound: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
  }
}
