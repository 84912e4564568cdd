import Model
import Testing
import Trading

/// What only some orders have, and how the gateway looks after trades.
@Suite struct OrderTermsTests {
  static func with(_ type: OrderType, _ change: (inout OrderIntent) -> Void = { _ in }) -> OrderIntent {
    OrderIntent.buy().with {
      $0.type = type
      change(&$0)
    }
  }

  @Test(arguments: [
    ("limit_price_required", with(.stopLimit) { $0.price = amount("1.388") }),
    ("limit_price_not_allowed", with(.market) { $0.terms.limitPrice = amount("1.388") }),
    ("price_required", with(.stopLimit) { $0.terms.limitPrice = amount("1.388") }),
    ("distance_required", with(.trailingStop)),
    ("distance_not_allowed", with(.market) { $0.terms.distance = amount("0.001") }),
    ("distance_out_of_range", with(.trailingStop) { $0.terms.distance = 0 }),
    ("distance_out_of_range", with(.market) { $0.terms.trail = -1 }),
    ("price_precision", with(.market) { $0.terms.breakEven = amount("0.000001") }),
    (
      "price_not_allowed",
      with(.trailingStop) {
        $0.terms.distance = amount("0.001")
        $0.price = amount("1.388")
      }
    ),
    ("max_hold_out_of_range", with(.market) { $0.terms.maxHoldSeconds = 0 }),
    ("time_in_force_not_allowed", with(.market) { $0.timeInForce = .day }),
    (
      "time_in_force_not_allowed",
      with(.trailingStop) {
        $0.terms.distance = amount("0.001")
        $0.timeInForce = .ioc
      }
    ),
    (
      "expires_required",
      with(.limit) {
        $0.price = amount("1.386")
        $0.timeInForce = .gtd
      }
    ),
    (
      "expires_out_of_range",
      with(.limit) {
        $0.price = amount("1.386")
        $0.timeInForce = .gtd
        $0.expires = Timestamp(nanoseconds: 0)
      }
    ),
    (
      "expires_not_allowed",
      with(.limit) {
        $0.price = amount("1.386")
        $0.expires = Timestamp(nanoseconds: .max)
      }
    ),
    (
      "ttl_not_allowed",
      with(.limit) {
        $0.price = amount("1.386")
        $0.timeInForce = .day
        $0.timeToLiveSeconds = 60
      }
    ),
    (
      "stop_loss_wrong_side",
      with(.stopLimit) {
        $0.price = amount("1.388")
        $0.terms.limitPrice = amount("1.379")
      }
    ),
    (
      "exits_not_allowed",
      OrderIntent.reduce(.sell, 10).with { $0.terms.trail = amount("0.001") }
    ),
  ])
  func `an order that makes no sense is refused with its reason`(reason: String, intent: OrderIntent) {
    var desk = Desk()
    #expect(desk.refusal(intent) == reason)
  }

  @Test func `a day order ends at midnight UTC, and one for a time at that time`() throws {
    var desk = Desk()
    let day = try desk.placed(.limitBuy("1.38").with { $0.timeInForce = .day })
    let midnight = try #require(Timestamp("2014-05-03T00:00:00Z"))
    #expect(day.expires == midnight)
    let until = Timestamp(nanoseconds: desk.now.nanoseconds + 500)
    let timed = try desk.placed(
      .limitBuy("1.38").with {
        $0.timeInForce = .gtd
        $0.expires = until
      })
    desk.quote("1.38694", "1.38705")
    #expect(desk.journal.orders[timed.number]?.state == .expired)
    #expect(desk.journal.orders[timed.number]?.reason == "gtd")
    desk.journal.take(desk.core.advance(to: midnight))
    #expect(desk.journal.orders[day.number]?.reason == "day")
  }

  @Test func `a stop loss follows the market, and goes on from there after a restart`() throws {
    var desk = Desk()
    try desk.placed(.buy().with { $0.terms.trail = amount("0.002") })
    #expect(desk.stop?.price == amount("1.38494"), "the trail is nearer than the stop loss that was given")
    desk.quote("1.38794", "1.38805")
    #expect(desk.stop?.price == amount("1.38594"))
    desk = Desk(restoring: desk.core.snapshot, quoted: false)
    desk.quote("1.38700", "1.38711")
    #expect(desk.stop?.price == amount("1.38594"))
    let changes = desk.quote("1.38590", "1.38601")
    #expect(changes.fills.map(\.price) == [amount("1.3859")])
    #expect(changes.orders.contains { $0.role == .takeProfit && $0.reason == "oco" })
  }

  @Test func `a stop loss goes to the entry price once the trade has gained enough`() throws {
    var desk = Desk()
    try desk.placed(.sell().with { $0.terms.breakEven = amount("0.001") })
    desk.quote("1.38590", "1.38595")
    #expect(desk.stop?.price == amount("1.40"))
    let changes = desk.quote("1.38590", "1.38594")
    #expect(desk.stop?.price == amount("1.38694"))
    #expect(changes.events.map(\.type) == [.orderModified])
    #expect(try desk.modify("paper-1", sl: "1.39").state == .filled, "a person may still move it")
    #expect(desk.stop?.price == amount("1.39"))
  }

  @Test func `a trade is closed when it has been held long enough, and its neighbour stays`() throws {
    var desk = Desk()
    try desk.placed(.buy(300).with { $0.terms.maxHoldSeconds = 60 })
    try desk.placed(.buy(500))
    desk.quote("1.38800", "1.38811", after: 30)
    let changes = desk.quote("1.38900", "1.38911", after: 30)
    let fill = try #require(changes.fills.first)
    #expect(fill.tradeID == 1 && fill.units == 300 && fill.price == amount("1.388"), "at the quote before it")
    #expect(changes.orders.first { $0.id == fill.orderID }?.reason == "max_hold")
    #expect(desk.units == "500")
    #expect(desk.core.openOrders().count == 2, "the exits of the other trade")
  }

  @Test func `the exits of a trailing entry keep their distance from it`() throws {
    var desk = Desk()
    let order = try desk.placed(
      .buy(sl: "1.38", tp: "1.40").with {
        $0.type = .trailingStop
        $0.terms.distance = amount("0.001")
      })
    #expect(order.state == .accepted && order.price == amount("1.38805"))
    desk.quote("1.38594", "1.38605")
    let moved = try #require(desk.journal.orders[order.number])
    #expect(moved.price == amount("1.38705"))
    #expect(moved.stopLoss == amount("1.379") && moved.takeProfit == amount("1.399"))
    let changes = desk.quote("1.38700", "1.38711")
    #expect(changes.trades.map(\.price) == [amount("1.38711")])
  }

  @Test func `both prices of a stop-limit can be changed until it is triggered`() throws {
    var desk = Desk()
    let order = try desk.placed(
      .buy().with {
        $0.type = .stopLimit
        $0.price = amount("1.388")
        $0.terms.limitPrice = amount("1.3885")
      })
    let outcome = desk.core.modify(
      orderID: order.id, price: amount("1.387"), limitPrice: amount("1.38701"), by: desk.bot, now: desk.now)
    desk.journal.take(outcome.changes)
    #expect(try outcome.result.get().state == .triggered, "the ask is beyond both")
    #expect(throws: Refusal.self) { try desk.modify(order.id, price: "1.389") }
    let filled = desk.quote("1.38690", "1.38701")
    #expect(filled.fills.map(\.price) == [amount("1.38701")])
  }

  @Test func `each part of an entry is protected, and changed through the entry's id`() throws {
    var desk = Desk()
    let order = try desk.placed(.limitBuy("1.38600", 1_000))
    desk.quote("1.38580", "1.38600", sizes: ("0", "400"))
    #expect(desk.journal.orders[order.number]?.state == .partiallyFilled)
    desk.quote("1.38580", "1.38600", sizes: ("0", "250"))
    #expect(desk.units == "650" && desk.core.snapshot.trades.count == 2)
    try desk.modify(order.id, sl: "1.38", tp: "1.399")
    let exits = desk.core.openOrders().filter(\.isExit)
    #expect(exits.map(\.remainingUnits).sorted() == [250, 250, 400, 400])
    #expect(Set(exits.compactMap(\.price)) == [amount("1.38"), amount("1.399")])
    try desk.cancel(order.id)
    #expect(desk.units == "650")
  }
}

extension Desk {
  /// The only working stop loss.
  var stop: Order? { core.openOrders().first { $0.role == .stopLoss } }

  @discardableResult
  mutating func quote(_ bid: String, _ ask: String, sizes: (String, String)) -> ChangeSet {
    second += 1
    sequence += 1
    let changes = core.quote(
      Quote(
        sequence: sequence, instrument: "EUR_USD", bid: amount(bid), ask: amount(ask), time: now,
        bidSize: amount(sizes.0), askSize: amount(sizes.1)))
    journal.take(changes)
    return changes
  }
}
