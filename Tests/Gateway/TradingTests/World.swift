import Feeds
import Model
import PaperBroker
import Testing
import Trading

/// Three strategies that do anything that can be done, on a market that goes anywhere.
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
  var candles = CandleBook()
  /// Those that were completed, which a gateway keeps over its restarts.
  var made: [Candle] = []

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
    case 17 where random.next(2) == 0: group(trader)
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
    core.recall(made)
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
    var completed: [Candle] = []
    candles.add(quote, completed: &completed)
    made += completed
    wasPartlyFilled = wasPartlyFilled || changes.orders.contains { $0.state == .partiallyFilled }
    journal.take(changes)
    for candle in completed { journal.take(core.candle(candle)) }
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
    let isRanged = random.next(3) == 0
    return OrderTerms(
      limitPrice: type == .stopLimit ? price(name, entry + Int128(random.next(41) - 20)) : nil,
      distance: type == .trailingStop ? price(name, abs(away) + 1) : nil, breakEven: distance(),
      trail: isRanged ? nil : distance(),
      rangeTrail: isRanged
        ? RangeTrail(granularity: .m15, period: 1 + random.next(5), multiplier: Amount(1 + random.next(3)))
        : nil,
      momentum: random.next(3) == 0
        ? MomentumRule(
          granularity: .m5, candles: 1 + random.next(3), share: Amount(raw: Amount.one.raw / 5),
          trail: price(name, Int128(1 + random.next(300)))) : nil,
      maxHoldSeconds: random.next(4) == 0 ? 1 + random.next(20_000) : nil)
  }

  /// Several orders at once, targets, parts of positions, and orders in the place of others.
  mutating func group(_ trader: Trader) {
    let name = instrument()
    switch random.next(6) {
    case 0:
      let intents = (0..<3).map { _ in intent() }
      let allOrNone = random.next(2) == 0
      journal.take(core.basket(intents, allOrNone: allOrNone, by: trader, now: now).changes)
    case 1:
      journal.take(core.split(intent(), size: Amount(1 + random.next(9_000)), by: trader, now: now).changes)
    case 2:
      let mid = mids[name] ?? 0
      let units = Amount(random.next(20_000) - 10_000)
      let (low, high) = (price(name, mid - 300), price(name, mid + 300))
      let target = PositionTarget(
        instrument: name, units: units, stopLoss: units.isNegative ? high : low,
        takeProfit: units.isNegative ? low : high)
      let outcome = core.reach(target, by: trader, now: now)
      journal.take(outcome.changes)
      if case .success(let reached) = outcome.result, latency == 0, !isSized {
        #expect(reached.after == units)
      }
    case 3:
      let orders = core.openOrders(strategy: trader.strategy)
      guard !orders.isEmpty else { return }
      let old = orders[random.next(orders.count)].id
      journal.take(core.replace(orderID: old, with: intent(), by: trader, now: now).changes)
    case 4:
      let outcome = core.cancelAll(strategy: trader.strategy, instrument: name, now: now)
      journal.take(outcome.changes)
    default:
      let units = Amount(1 + random.next(5_000))
      journal.take(core.close(instrument: name, units: units, by: trader, now: now).changes)
    }
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
        limitPrice: order.type == .stopLimit ? near() : nil, stopLoss: near(), takeProfit: near(),
        units: random.next(3) == 0 ? Amount(1 + random.next(9_000)) : nil, by: trader, now: now
      ).changes)
  }

  mutating func cancel(_ trader: Trader) {
    let orders = core.openOrders(strategy: trader.strategy)
    guard !orders.isEmpty else { return }
    journal.take(core.cancel(orderID: orders[random.next(orders.count)].id, by: trader, now: now).changes)
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
