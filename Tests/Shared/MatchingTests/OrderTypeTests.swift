import Matching
import Model
import Testing

/// Stop-limits, stops that follow the market, times in force, sizes and orders that travel.
@Suite struct OrderTypeTests {
  @Test func `a stop-limit becomes a limit when the market reaches its price`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.put("a", .buy, .stopLimit, "1.38750", limit: "1.38760")
    #expect(pit.quote("1.38730", "1.38749") == [])
    #expect(brief(pit.quote("1.38760", "1.38771")) == ["a:triggered"], "beyond its limit it waits")
    #expect(brief(pit.quote("1.38740", "1.38755")) == ["a@1.3876"])
  }

  @Test func `a stop-limit whose limit is there when it is triggered takes the better far side`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.put("a", .buy, .stopLimit, "1.38750", limit: "1.38760")
    #expect(brief(pit.quote("1.38741", "1.38752")) == ["a:triggered", "a@1.38752"])
    #expect(
      brief(pit.put("b", .sell, .stopLimit, "1.38800", limit: "1.38741", force: .fok)).last == "b@1.38741")
    #expect(
      brief(pit.put("c", .sell, .stopLimit, "1.38800", limit: "1.38742", force: .ioc))
        == ["c:triggered", "c:not_marketable"])
  }

  @Test func `a trailing stop follows the market and never goes back`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    #expect(brief(pit.put("a", .sell, .trailingStop, "1.38594", trail: "0.001")) == [])
    #expect(brief(pit.quote("1.38750", "1.38761")) == ["a>1.3865"])
    #expect(brief(pit.quote("1.38660", "1.38671")) == [])
    #expect(brief(pit.quote("1.38651", "1.38662")) == [])
    #expect(brief(pit.quote("1.38650", "1.38661")) == ["a@1.3865"])
  }

  @Test func `a trailing buy stop comes down with the ask`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.put("a", .buy, .trailingStop, "1.38805", trail: "0.001")
    #expect(brief(pit.quote("1.38590", "1.38601")) == ["a>1.38701"])
    #expect(brief(pit.quote("1.38690", "1.38701")) == ["a@1.38701"])
  }

  @Test func `a stop moves to where the trade was opened, once the market has gone so far`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    let even = MatchOrder.BreakEven(price: amount("1.38705"), distance: amount("0.001"))
    pit.put("a", .sell, .stop, "1.38500", breakEven: even)
    #expect(pit.quote("1.38804", "1.38815") == [])
    #expect(brief(pit.quote("1.38805", "1.38816")) == ["a>1.38705"])
    #expect(pit.quote("1.39000", "1.39011") == [])
    #expect(brief(pit.quote("1.38700", "1.38711")) == ["a@1.387"])
  }

  @Test func `a stop that follows closer than it is placed moves at once, to the nearer of its two prices`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    let even = MatchOrder.BreakEven(price: amount("1.38690"), distance: amount("0.00001"))
    #expect(
      brief(pit.put("a", .sell, .stop, "1.38500", trail: "0.00001", breakEven: even)) == ["a>1.38693"])
    #expect(brief(pit.quote("1.38692", "1.38703")) == ["a@1.38692"])
  }

  @Test func `orders say why they expire`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    for (id, force) in [("a", TimeInForce.gtc), ("b", .gtd), ("c", .day)] {
      pit.place(id, .buy, .limit, "1.38000", force, until: 60)
    }
    #expect(brief(pit.quote("1.38694", "1.38705", at: 60)) == ["a:ttl", "b:gtd", "c:day"])
  }

  @Test func `a quote's sizes are used up, and what is left waits for the next`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705", sizes: ("500", "700"))
    #expect(pit.units(pit.place("a", .buy, .limit, "1.38710", units: 1_000)) == ["a 700"])
    #expect(pit.units(pit.place("b", .buy, .limit, "1.38710", units: 10)) == [])
    #expect(pit.units(pit.quote("1.38694", "1.38705", sizes: ("500", "0"))) == [])
    #expect(pit.units(pit.quote("1.38694", "1.38705", sizes: ("500", "305"))) == ["a 300", "b 5"])
    #expect(pit.units(pit.quote("1.38694", "1.38705")) == ["b 5"], "no size is no limit")
  }

  @Test func `a stop that found too few units takes any price afterwards`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("a", .sell, .stop, "1.38600")
    #expect(brief(pit.quote("1.38590", "1.38600", sizes: ("400", "0"))) == ["a:triggered", "a@1.3859"])
    #expect(brief(pit.quote("1.38650", "1.38660", sizes: ("400", "0"))) == ["a@1.3865"])
    #expect(brief(pit.quote("1.38640", "1.38660")) == ["a@1.3864"])
    #expect(pit.engine.count == 0)
  }

  @Test func `ioc keeps what it gets, and fok wants all`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705", sizes: ("500", "700"))
    #expect(brief(pit.place("a", .buy, .market, nil, .fok)) == ["a:insufficient_liquidity"])
    let events = pit.place("b", .buy, .market, nil, .ioc)
    #expect(pit.units(events) == ["b 700"])
    #expect(brief(events).last == "b:insufficient_liquidity")
    #expect(pit.engine.count == 0)
  }

  @Test func `of a group one that fills in part shrinks its sister, and one that fills ends it`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("sl", .sell, .stop, "1.38600", group: 7)
    pit.place("tp", .sell, .limit, "1.38800", group: 7)
    #expect(pit.units(pit.quote("1.38800", "1.38810", sizes: ("400", "0"))) == ["tp 400"])
    let events = pit.quote("1.38500", "1.38510")
    #expect(pit.units(events) == ["sl 600"])
    #expect(brief(events).last == "tp:oco")
  }

  @Test func `a limit that waited pays the maker's fee, and one that takes the taker's`() {
    var pit = Pit()
    pit.engine = MatchingEngine(
      instruments: ["EUR_USD"].compactMap { Instrument.conventional($0) },
      rules: MatchingRules(takerFeeRate: amount("0.01"), makerFeeRate: amount("0.001")))
    pit.quote("1.38694", "1.387")
    func fees(_ events: [MatchEvent]) -> [Amount] {
      events.compactMap { if case .filled(_, _, _, let fee, _, _) = $0 { fee } else { nil } }
    }
    #expect(fees(pit.place("a", .buy, .limit, "1.38700")) == [amount("13.87")])
    pit.place("b", .buy, .limit, "1.38600")
    #expect(fees(pit.quote("1.38500", "1.38510")) == [amount("1.386")])
  }

  @Test func `an order that travels meets the market that is when it arrives`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705", at: 10)
    #expect(pit.put("a", .buy, .market, nil, arrives: 12) == [])
    pit.quote("1.38794", "1.38805", at: 11)
    let isDue = pit.engine.advance(to: Timestamp(nanoseconds: 13_000_000_000))
    #expect(isDue)
    #expect(brief(pit.events()) == ["a@1.38805"], "the quote of second 11")
    pit.put("b", .buy, .market, nil, arrives: 20)
    pit.engine.cancel(id: "b")
    #expect(brief(pit.events()) == ["b:requested"])
    #expect(brief(pit.quote("1.38794", "1.38805", at: 30)) == [])
  }

  @Test func `an order that asks first may be cancelled before it fills`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.put("a", .buy, .limit, "1.38600", handling: .asksFirst)
    pit.put("b", .buy, .limit, "1.38600", handling: .asksFirst)
    let quote = Quote(
      sequence: 9, instrument: "EUR_USD", bid: amount("1.385"), ask: amount("1.386"),
      time: Timestamp(nanoseconds: 0))
    let hasEvents = pit.engine.quote(quote)
    #expect(hasEvents)
    #expect(pit.engine.nextEvent() == .reached(id: "a"))
    pit.engine.cancel(id: "a")
    #expect(brief(pit.events()) == ["a:requested", "b@1.386"])
  }
}

extension Pit {
  @discardableResult
  mutating func put(
    _ id: String, _ side: Side, _ type: OrderType, _ price: String?, limit: String? = nil,
    trail: String? = nil, breakEven: MatchOrder.BreakEven? = nil, force: TimeInForce = .gtc,
    arrives second: Int64? = nil, handling: MatchOrder.Handling = []
  ) -> [MatchEvent] {
    number += 1
    engine.place(
      MatchOrder(
        id: id, number: number, instrument: "EUR_USD", side: side, type: type, timeInForce: force,
        price: price.map { amount($0) }, limitPrice: limit.map { amount($0) }, units: 1_000,
        trail: trail.map { amount($0) }, breakEven: breakEven,
        arrives: second.map { Timestamp(nanoseconds: $0 * 1_000_000_000) }, handling: handling))
    return events()
  }

  /// A quote of so many units at the bid and at the ask.
  @discardableResult
  mutating func quote(_ bid: String, _ ask: String, sizes: (String, String)) -> [MatchEvent] {
    sequence += 1
    _ = engine.quote(
      Quote(
        sequence: sequence, instrument: "EUR_USD", bid: amount(bid), ask: amount(ask),
        time: Timestamp(nanoseconds: 0), bidSize: amount(sizes.0), askSize: amount(sizes.1)))
    return events()
  }

  /// `id units` of each fill.
  func units(_ events: [MatchEvent]) -> [String] {
    events.compactMap {
      if case .filled(let id, let units, _, _, _, _) = $0 { "\(id) \(units)" } else { nil }
    }
  }
}
