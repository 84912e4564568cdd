import Model
import Testing
import Trading

/// Trades that are looked after by candles.
@Suite struct FollowingTests {
  static let everyMinute = RangeTrail(granularity: .m1, period: 2, multiplier: amount("1.5"))

  @Test func `a stop loss follows at a multiple of the range, once there are candles enough`() throws {
    var desk = Desk()
    try desk.placed(.buy().with { $0.terms.rangeTrail = Self.everyMinute })
    desk.candle(high: "1.3880", low: "1.3860", close: "1.3870")
    desk.candle(high: "1.3880", low: "1.3870", close: "1.3880")
    #expect(desk.stop?.price == amount("1.38") && desk.stop?.terms.trail == nil)
    // True ranges of 0.0010 and 0.00301, the second from the close before.
    desk.candle(high: "1.3860", low: "1.38499", close: "1.3852")
    #expect(desk.stop?.terms.trail == amount("0.00301"), "1.5 times 0.002005 is rounded to a tick")
    #expect(desk.stop?.price == amount("1.38393"), "behind the bid of 1.38694")
    desk.quote("1.38794", "1.38805")
    #expect(desk.stop?.price == amount("1.38493"))
  }

  @Test func `a wider range moves the stop loss not back, a nearer one moves it up`() throws {
    var desk = Desk()
    desk.candles(range: "0.0010")
    try desk.placed(.buy().with { $0.terms.rangeTrail = Self.everyMinute })
    #expect(desk.stop?.price == amount("1.38544"), "known from the start")
    desk.candles(range: "0.0040")
    #expect(desk.stop?.terms.trail == amount("0.006") && desk.stop?.price == amount("1.38544"))
    desk.candles(range: "0.0002")
    #expect(desk.stop?.price == amount("1.38664"))
    #expect(desk.quote("1.38660", "1.38671").fills.map(\.price) == [amount("1.3866")])
  }

  @Test func `candles of another granularity or instrument, or not complete, move nothing`() throws {
    var desk = Desk()
    desk.candles(range: "0.0010")
    try desk.placed(.buy().with { $0.terms.rangeTrail = Self.everyMinute })
    desk.candles(range: "0.0002", granularity: .m5)
    desk.candles(range: "0.0002", instrument: "GBP_USD")
    #expect(desk.stop?.price == amount("1.38544"))
  }

  @Test func `after a restart it follows on, and knows the candles that it is told of`() throws {
    var desk = Desk()
    desk.candles(range: "0.0010")
    try desk.placed(.buy().with { $0.terms.rangeTrail = Self.everyMinute })
    desk = Desk(restoring: desk.core.snapshot, quoted: false)
    desk.quote("1.38700", "1.38711")
    #expect(desk.stop?.price == amount("1.3855"), "the distance of before")
    desk.core.recall(desk.made)
    desk.candles(range: "0.0002")
    #expect(desk.stop?.price == amount("1.3867"))
  }

  @Test func `momentum gives the take profit up, and the stop loss takes over`() throws {
    var desk = Desk()
    let rule = MomentumRule(granularity: .m1, candles: 2, share: amount("0.5"), trail: amount("0.001"))
    let order = try desk.placed(.buy().with { $0.terms.momentum = rule })
    // The take profit is 0.01295 away: half of it in two candles.
    desk.candle(close: "1.38700")
    desk.candle(close: "1.39100")
    desk.quote("1.39300", "1.39311")
    desk.candle(close: "1.39340")
    #expect(desk.core.openOrders().count == 2, "0.0064 is less than 0.006475")
    let changes = desk.candle(close: "1.39800")
    #expect(changes.orders.contains { $0.role == .takeProfit && $0.reason == "momentum" })
    #expect(changes.events.map(\.type) == [.orderCancelled, .orderModified])
    #expect(desk.stop?.price == amount("1.392"))
    let view = try #require(desk.core.positions(strategy: "bot").first?.trades.first)
    #expect(view.takeProfit == nil && view.stopLoss == amount("1.392"))
    #expect(throws: Refusal.self) { try desk.modify(order.id, tp: "1.41") }
    desk = Desk(restoring: desk.journal.snapshot(marketTime: desk.now), quoted: false)
    desk.quote("1.41000", "1.41011")
    #expect(desk.stop?.price == amount("1.409"), "beyond the old target")
    #expect(desk.quote("1.40900", "1.40911").fills.map(\.price) == [amount("1.409")])
    #expect(desk.core.openOrders().isEmpty && desk.units == "0")
  }

  @Test func `a market that runs against the trade keeps the take profit`() throws {
    var desk = Desk()
    let rule = MomentumRule(granularity: .m1, candles: 1, share: amount("0.1"), trail: amount("0.001"))
    try desk.placed(.sell().with { $0.terms.momentum = rule })
    desk.candle(close: "1.38700")
    desk.candle(close: "1.39100")
    #expect(desk.core.openOrders().count == 2)
    // It runs the trade's way, but the trade is still at a loss.
    desk.quote("1.39300", "1.39311")
    desk.candle(close: "1.38900")
    #expect(desk.core.openOrders().count == 2)
  }

  @Test(arguments: [
    (
      "trail_twice",
      OrderTerms(trail: amount("0.001"), rangeTrail: RangeTrail(granularity: .m1, multiplier: 2))
    ),
    ("trail_out_of_range", OrderTerms(rangeTrail: RangeTrail(granularity: .m1, period: 0, multiplier: 2))),
    ("trail_out_of_range", OrderTerms(rangeTrail: RangeTrail(granularity: .m1, period: 101, multiplier: 2))),
    ("trail_out_of_range", OrderTerms(rangeTrail: RangeTrail(granularity: .m1, multiplier: 0))),
    ("trail_required", OrderTerms(momentum: MomentumRule(granularity: .m1, candles: 3, share: 1))),
    (
      "momentum_out_of_range",
      OrderTerms(trail: 1, momentum: MomentumRule(granularity: .m1, candles: 0, share: 1))
    ),
    (
      "momentum_out_of_range",
      OrderTerms(trail: 1, momentum: MomentumRule(granularity: .m1, candles: 3, share: 0))
    ),
    (
      "price_precision",
      OrderTerms(
        momentum: MomentumRule(granularity: .m1, candles: 3, share: 1, trail: amount("0.0000001")))
    ),
  ])
  func `rules that make no sense are refused`(reason: String, terms: OrderTerms) {
    var desk = Desk()
    #expect(desk.refusal(.buy().with { $0.terms = terms }) == reason)
  }

  @Test func `terms are read back from the text that the journal keeps`() {
    let terms = OrderTerms(
      breakEven: amount("0.001"), trail: amount("0.00123"), rangeTrail: Self.everyMinute,
      momentum: MomentumRule(granularity: .s5, candles: 7, share: amount("0.75")), maxHoldSeconds: 60)
    #expect(OrderTerms(terms.description) == terms)
    #expect(OrderTerms("trail_atr=M1,2") == nil && OrderTerms("momentum=M1,2,3,x") == nil)
  }
}

extension Desk {
  /// Candles of a few minutes that all have the same range.
  mutating func candles(range: String, granularity: Granularity = .m1, instrument: String = "EUR_USD") {
    for _ in 0..<4 {
      candle(
        high: (amount("1.387") + amount(range)).description, low: "1.387", close: "1.387",
        granularity: granularity, instrument: instrument)
    }
  }

  @discardableResult
  mutating func candle(
    high: String? = nil, low: String? = nil, close: String, granularity: Granularity = .m1,
    instrument: String = "EUR_USD"
  ) -> ChangeSet {
    let candle = Candle(
      instrument: instrument, granularity: granularity, start: now, open: amount(close),
      high: amount(high ?? close), low: amount(low ?? close), close: amount(close), volume: 1,
      isComplete: true)
    made.append(candle)
    let changes = core.candle(candle)
    journal.take(changes)
    return changes
  }
}
