import Matching
import Model
import Testing

/// An engine for EUR_USD with words that make a case one line each.
struct Pit {
  var engine: MatchingEngine
  var sequence: Int64 = 0
  var number: Int64 = 0

  init(feeRate: Amount = .zero, slippageTicks: Int = 0) {
    let instruments = ["EUR_USD", "USD_JPY"].compactMap { Instrument.conventional($0) }
    engine = MatchingEngine(
      instruments: instruments, rules: MatchingRules(takerFeeRate: feeRate, slippageTicks: slippageTicks))
  }

  mutating func events() -> [MatchEvent] {
    var all: [MatchEvent] = []
    while let event = engine.nextEvent() { all.append(event) }
    return all
  }

  @discardableResult
  mutating func quote(_ bid: String, _ ask: String, at second: Int64 = 0, _ name: String = "EUR_USD")
    -> [MatchEvent]
  {
    sequence += 1
    _ = engine.quote(
      Quote(
        sequence: sequence, instrument: name, bid: amount(bid), ask: amount(ask),
        time: Timestamp(nanoseconds: second * 1_000_000_000)))
    return events()
  }

  @discardableResult
  mutating func place(
    _ id: String, _ side: Side, _ type: OrderType, _ price: String? = nil, units: Amount = 1_000,
    _ force: TimeInForce = .gtc, until second: Int64? = nil, group: Int64? = nil, _ name: String = "EUR_USD"
  ) -> [MatchEvent] {
    number += 1
    engine.place(
      MatchOrder(
        id: id, number: number, instrument: name, side: side, type: type, timeInForce: force,
        price: price.map { amount($0) }, units: units,
        expires: second.map { Timestamp(nanoseconds: $0 * 1_000_000_000) }, group: group))
    return events()
  }
}

func amount(_ text: String) -> Amount { Amount(text) ?? .zero }

/// `id@price` of each fill and `id:reason` of each end.
func brief(_ events: [MatchEvent]) -> [String] {
  events.compactMap { event in
    switch event {
    case .filled(let id, _, let price, _, _, _): "\(id)@\(price)"
    case .cancelled(let id, let reason, _), .rejected(let id, let reason, _), .expired(let id, let reason, _):
      "\(id):\(reason)"
    case .triggered(let id): "\(id):triggered"
    case .repriced(let id, let price): "\(id)>\(price)"
    case .accepted, .replaced, .reached: nil
    }
  }
}

@Suite struct MatchingEngineTests {
  @Test func `a market order fills at the far side`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    #expect(brief(pit.place("a", .buy, .market)) == ["a@1.38705"])
    #expect(brief(pit.place("b", .sell, .market)) == ["b@1.38694"])
  }

  @Test func `slippage moves market and stop orders against them, and no limit`() {
    var pit = Pit(slippageTicks: 3)
    pit.quote("1.38694", "1.38705")
    #expect(brief(pit.place("a", .buy, .market)) == ["a@1.38708"])
    #expect(brief(pit.place("b", .sell, .market)) == ["b@1.38691"])
    #expect(brief(pit.place("c", .buy, .stop, "1.387")) == ["c@1.38708"])
    #expect(brief(pit.place("d", .buy, .limit, "1.388")) == ["d@1.38705"])
  }

  @Test func `a fee is the rate of the notional`() {
    var pit = Pit(feeRate: amount("0.001"))
    pit.quote("1.38694", "1.38705")
    guard case .filled(_, _, _, let fee, let sequence, _) = pit.place("a", .buy, .market).last else {
      Issue.record("no fill")
      return
    }
    #expect(fee == amount("1.38705"))
    #expect(sequence == 1)
  }

  @Test func `a market order without a quote is rejected`() {
    var pit = Pit()
    #expect(brief(pit.place("a", .buy, .market)) == ["a:no_quote"])
    #expect(brief(pit.place("b", .buy, .market, "X")) == ["b:no_quote"])
    #expect(brief(pit.place("c", .buy, .market, nil, .gtc, "XAU_USD")) == ["c:unknown_instrument"])
    #expect(brief(pit.place("d", .buy, .limit)) == ["d:price_required"])
  }

  @Test func `a limit waits for the far side and then fills at its own price`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    #expect(pit.place("a", .buy, .limit, "1.38690") == [.accepted(id: "a")])
    #expect(pit.quote("1.38680", "1.38691") == [])
    #expect(brief(pit.quote("1.38600", "1.38610")) == ["a@1.3869"])
    #expect(pit.engine.count == 0)
  }

  @Test func `a limit that is marketable when it comes in gets the better far side`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    #expect(brief(pit.place("a", .buy, .limit, "1.38800")) == ["a@1.38705"])
    #expect(brief(pit.place("b", .sell, .limit, "1.38000")) == ["b@1.38694"])
  }

  @Test func `a stop pays the gap`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("a", .buy, .stop, "1.38750")
    pit.place("b", .sell, .stop, "1.38600")
    #expect(pit.quote("1.38690", "1.38749") == [])
    #expect(brief(pit.quote("1.38790", "1.38801")) == ["a@1.38801"])
    #expect(brief(pit.quote("1.37000", "1.37010")) == ["b@1.37"])
  }

  @Test func `stops look at the side that they trade on`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("sell stop", .sell, .stop, "1.38700")
    #expect(pit.engine.count == 0, "the bid is below it: it triggers at once")
    pit.place("buy stop", .buy, .stop, "1.38706")
    #expect(pit.quote("1.38694", "1.38705") == [])
    #expect(brief(pit.quote("1.38694", "1.38706")) == ["buy stop@1.38706"])
  }

  @Test func `ioc and fok fill at once or not at all`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    #expect(brief(pit.place("a", .buy, .limit, "1.387", .ioc)) == ["a:not_marketable"])
    #expect(brief(pit.place("b", .buy, .limit, "1.387", .fok)) == ["b:not_marketable"])
    #expect(brief(pit.place("c", .buy, .limit, "1.38705", .fok)) == ["c@1.38705"])
    #expect(pit.engine.count == 0)
  }

  @Test func `the first of a group that fills cancels its sisters in the same step`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("sl", .sell, .stop, "1.38600", group: 7)
    pit.place("tp", .sell, .limit, "1.38800", group: 7)
    #expect(brief(pit.quote("1.38800", "1.38810")) == ["tp@1.388", "sl:oco"])
    #expect(pit.quote("1.38500", "1.38510") == [])
  }

  @Test func `where one quote reaches both exits the stop loss wins`() {
    var pit = Pit()
    pit.place("tp", .sell, .limit, "1.38700", group: 7)
    pit.place("sl", .sell, .stop, "1.38800", group: 7)
    #expect(brief(pit.quote("1.38750", "1.38760")) == ["sl@1.3875", "tp:oco"])
  }

  @Test func `orders that one quote reaches fill stops first and oldest first`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("young limit", .sell, .limit, "1.38710")
    pit.place("old limit", .sell, .limit, "1.38720")
    pit.place("first stop", .buy, .stop, "1.38730")
    pit.place("second stop", .buy, .stop, "1.38710")
    #expect(
      brief(pit.quote("1.39000", "1.39010")) == [
        "first stop@1.3901", "second stop@1.3901", "young limit@1.3871", "old limit@1.3872",
      ])
  }

  @Test func `what is cancelled between two events of one quote does not fill`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("a", .sell, .stop, "1.38600")
    pit.place("b", .sell, .stop, "1.38610")
    pit.sequence += 1
    let quote = Quote(
      sequence: 3, instrument: "EUR_USD", bid: amount("1.38"), ask: amount("1.3801"),
      time: Timestamp(nanoseconds: 1))
    let hasEvents = pit.engine.quote(quote)
    #expect(hasEvents)
    #expect(brief([pit.engine.nextEvent()].compactMap { $0 }) == ["a@1.38"])
    pit.engine.cancel(id: "b")
    #expect(brief(pit.events()) == ["b:requested"])
  }

  @Test func `an order does not meet the quote at which it expires`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("a", .buy, .limit, "1.38600", until: 60)
    pit.place("b", .buy, .limit, "1.38600", until: 61)
    #expect(brief(pit.quote("1.38500", "1.38510", at: 60)) == ["a:ttl", "b@1.386"])
    pit.place("c", .buy, .limit, "1.38000", until: 70)
    let isDue = pit.engine.advance(to: Timestamp(nanoseconds: 70_000_000_000))
    #expect(isDue)
    #expect(brief(pit.events()) == ["c:ttl"])
  }

  @Test func `a changed price is matched at once and keeps its age`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("a", .buy, .limit, "1.38600")
    pit.engine.modify(id: "a", price: amount("1.38710"), units: 500)
    #expect(
      pit.events().last
        == .filled(
          id: "a", units: 500, price: amount("1.38705"), fee: .zero, sequence: 1,
          time: Timestamp(nanoseconds: 0)))
  }

  @Test func `a restored order meets the market at the next quote, at its own price`() {
    var pit = Pit()
    pit.engine.restore(
      MatchOrder(
        id: "a", number: 1, instrument: "EUR_USD", side: .buy, type: .limit, price: amount("1.387"), units: 1)
    )
    #expect(pit.events() == [])
    #expect(brief(pit.quote("1.3800", "1.3801")) == ["a@1.387"])
  }

  @Test func `instruments do not meet each other's quotes`() {
    var pit = Pit()
    pit.quote("1.38694", "1.38705")
    pit.place("a", .buy, .limit, "1.38600")
    #expect(pit.quote("0.5", "0.6", "USD_JPY") == [])
    #expect(pit.engine.contains("a"))
  }
}
