import Model
import Testing
import Trading

/// Orders in groups, targets, other units and other orders in an order's place.
@Suite struct DeskGroupTests {
  static func resting(_ units: Amount = 1_000, id: String? = nil) -> OrderIntent {
    OrderIntent.limitBuy("1.38", units).with { $0.clientOrderID = id }
  }

  @Test func `one refusal takes back the whole basket, and what it had filled`() throws {
    var desk = Desk()
    let before = desk.core.snapshot
    let intents: [OrderIntent] = [.buy(id: "a"), Self.resting(id: "b"), .buy(sl: "1.39", id: "c")]
    let outcome = desk.core.basket(intents, allOrNone: true, by: desk.bot, now: desk.now)
    guard case .failure(let refusal) = outcome.result else { return #expect(Bool(false)) }
    #expect(refusal.reason == "stop_loss_wrong_side" && refusal.message.hasPrefix("order 3 of 3: "))
    #expect(outcome.changes.orders.isEmpty && outcome.changes.fills.isEmpty)
    #expect(outcome.changes.events.map(\.type) == [.orderRejected])
    #expect(desk.core.snapshot == before, "as if it had never been")
  }

  @Test func `one by one, each order of a basket has a result of its own`() throws {
    var desk = Desk()
    let intents: [OrderIntent] = [.buy(id: "a"), .buy(sl: "1.39", id: "b"), Self.resting(id: "c")]
    let results = try desk.take(desk.core.basket(intents, allOrNone: false, by: desk.bot, now: desk.now))
    #expect(results.map { (try? $0.get())?.order.state } == [.filled, nil, .accepted])
    let again = try desk.take(desk.core.basket(intents, allOrNone: false, by: desk.bot, now: desk.now))
    #expect(again.compactMap { try? $0.get() }.map(\.isDuplicate) == [true, true])
    #expect(desk.units == "1000")
  }

  @Test(arguments: [0, 101]) func `a basket has one to a hundred orders`(count: Int) {
    var desk = Desk()
    let intents = Array(repeating: OrderIntent.buy(1), count: count)
    let outcome = desk.core.basket(intents, allOrNone: true, by: desk.bot, now: desk.now)
    #expect(throws: Refusal.self) { try outcome.result.get() }
    #expect(desk.core.openOrders().isEmpty)
  }

  @Test func `a split has parts of one size and a rest, and is idempotent`() throws {
    var desk = Desk()
    let wish = OrderIntent.buy(1_050, id: "s")
    let parts = try desk.take(desk.core.split(wish, size: 400, by: desk.bot, now: desk.now))
    #expect(parts.map(\.order.units) == [400, 400, 250])
    #expect(parts.map(\.order.clientOrderID) == ["s.1", "s.2", "s.3"])
    let again = try desk.take(desk.core.split(wish, size: 400, by: desk.bot, now: desk.now))
    #expect(again.allSatisfy { $0.isDuplicate } && desk.units == "1050")
    // More than there is to reduce, and asked twice.
    let out = OrderIntent.reduce(.sell, 5_000).with { $0.clientOrderID = "o" }
    for isRepeated in [false, true] {
      let sold = try desk.take(desk.core.split(out, size: 500, by: desk.bot, now: desk.now))
      #expect(sold.map(\.order.units) == [500, 500, 50])
      #expect(sold.allSatisfy { $0.isDuplicate == isRepeated })
      #expect(desk.units == "0")
    }
  }

  @Test(arguments: [amount("0"), amount("-1"), amount("0.000000000000000001")])
  func `a size that gives too many parts is refused`(size: Amount) {
    var desk = Desk()
    let outcome = desk.core.split(.buy(), size: size, by: desk.bot, now: desk.now)
    #expect(throws: Refusal.self) { try outcome.result.get() }
    #expect(desk.units == "0")
  }

  @Test(arguments: [
    ("0", "1000", ["entry"]), ("500", "1000", ["entry"]), ("1000", "1000", []), ("1000", "400", ["close"]),
    ("1000", "0", ["close"]), ("1000", "-300", ["close", "entry"]), ("-700", "300", ["close", "entry"]),
    ("-700", "-900", ["entry"]), ("-700", "-100", ["close"]),
  ])
  func `a target is reached from wherever the position is`(from: String, to: String, roles: [String]) throws {
    var desk = Desk()
    if from != "0" { try desk.reached(from) }
    let outcome = try desk.reached(to, id: "t")
    #expect(desk.units == to && outcome.before == amount(from) && outcome.after == amount(to))
    #expect(outcome.orders.map(\.order.role.rawValue) == roles)
    let exits = desk.core.openOrders()
    #expect(exits.allSatisfy { $0.isExit })
    // What is held is protected, whole, on both sides.
    #expect(
      exits.filter { $0.role == .stopLoss }.reduce(.zero) { $0 + $1.remainingUnits } == amount(to).magnitude)
    let again = try desk.reached(to, id: "t")
    #expect(again.orders.allSatisfy { $0.isDuplicate } && desk.units == to)
  }

  @Test func `a target whose opening is refused closes nothing`() throws {
    var desk = Desk(capabilities: StrategyCapabilities(maxOrderUnits: 1_000))
    try desk.reached("1000")
    let before = desk.core.snapshot
    #expect(throws: Refusal.self) { try desk.reached("-5000") }
    #expect(desk.core.snapshot == before)
  }

  @Test func `a working order gets other units, as many as it could have had`() throws {
    var desk = Desk(capabilities: StrategyCapabilities(maxOrderUnits: 2_000))
    let order = try desk.placed(Self.resting())
    #expect(try desk.modify(order.id, units: 500).units == 500)
    #expect(try desk.modify(order.id, units: 2_000).remainingUnits == 2_000)
    #expect(throws: Refusal.self) { try desk.modify(order.id, units: 2_001) }
    desk.quote("1.37990", "1.38000", sizes: ("0", "600"))
    #expect(throws: Refusal.self) { try desk.modify(order.id, units: 600) }
    #expect(try desk.modify(order.id, units: 700).remainingUnits == 100)
    desk.quote("1.37990", "1.38000", sizes: ("0", "600"))
    #expect(desk.units == "700" && desk.journal.orders[order.number]?.state == .filled)
  }

  @Test func `units of an exit or of a filled entry are not changed`() throws {
    var desk = Desk()
    let order = try desk.placed(.buy())
    #expect(throws: Refusal.self) { try desk.modify(order.id, units: 10) }
    let stop = try #require(desk.stop)
    #expect(throws: Refusal.self) { try desk.modify(stop.id, units: 10) }
    #expect(desk.stop?.units == 1_000)
  }

  @Test func `more units are refused while trading is paused, fewer are not`() throws {
    var desk = Desk(settings: TradingSettings(pauseCancelsEntries: false))
    let order = try desk.placed(Self.resting())
    desk.journal.take(desk.core.setPaused(true, strategy: "bot", reason: nil, now: desk.now))
    #expect(throws: Refusal.self) { try desk.modify(order.id, units: 1_001) }
    #expect(try desk.modify(order.id, units: 999).units == 999)
  }

  @Test func `an order takes another's place, or the other one stays`() throws {
    var desk = Desk()
    let old = try desk.placed(Self.resting())
    let bad = desk.core.replace(
      orderID: old.id, with: .limitBuy("1.36"), by: desk.bot, now: desk.now)
    #expect(throws: Refusal.self) { try bad.result.get() }
    #expect(desk.core.openOrders().map(\.id) == [old.id])
    let new = Self.resting(300, id: "n")
    for isRepeated in [false, true] {
      let placed = try desk.take(
        desk.core.replace(orderID: old.id, with: new, by: desk.bot, now: desk.now))
      #expect(placed.isDuplicate == isRepeated && placed.order.units == 300)
    }
    #expect(desk.core.openOrders().count == 1)
    #expect(desk.journal.orders[old.number]?.reason == "replaced")
  }

  @Test func `cancelling all leaves exits and other instruments alone`() throws {
    var desk = Desk()
    desk.quote("1.69000", "1.69010", "GBP_USD")
    try desk.placed(.buy())
    try desk.placed(Self.resting())
    try desk.placed(
      OrderIntent(
        instrument: "GBP_USD", side: .sell, type: .limit, units: 10, price: amount("1.7"),
        stopLoss: amount("1.8"), takeProfit: amount("1.6")))
    let some = try desk.take(desk.core.cancelAll(strategy: "bot", instrument: "EUR_USD", now: desk.now))
    #expect(some.map(\.instrument) == ["EUR_USD"] && some.map(\.state) == [.cancelled])
    let others = try desk.take(desk.core.cancelAll(strategy: "other", now: desk.now))
    #expect(others.isEmpty)
    #expect(try desk.take(desk.core.cancelAll(strategy: nil, now: desk.now)).count == 1)
    #expect(desk.core.openOrders().allSatisfy { $0.isExit } && desk.core.openOrders().count == 2)
  }

  @Test func `a part of a position is closed once, and the exits shrink with it`() throws {
    var desk = Desk()
    try desk.placed(.buy(300))
    try desk.placed(.buy(500))
    for _ in 0..<2 {
      let outcome = desk.core.close(
        instrument: "EUR_USD", units: 400, clientOrderID: "p", by: desk.bot, now: desk.now)
      #expect(try desk.take(outcome)?.filledUnits == 400)
      #expect(desk.units == "400")
    }
    #expect(desk.core.openOrders().map(\.units) == [400, 400], "the older trade is gone")
    for units in [amount("0"), amount("-5"), amount("0.5")] {
      let outcome = desk.core.close(instrument: "EUR_USD", units: units, by: desk.bot, now: desk.now)
      #expect(throws: Refusal.self) { try outcome.result.get() }
    }
    let rest = desk.core.close(instrument: "EUR_USD", units: 9_999, by: desk.bot, now: desk.now)
    #expect(try desk.take(rest)?.filledUnits == 400)
  }
}

extension Desk {
  /// The value of a call that is expected to be admitted, journaled.
  mutating func take<Value>(_ outcome: Outcome<Value>) throws -> Value {
    journal.take(outcome.changes)
    return try outcome.result.get()
  }

  /// A target with exits on the sides that it needs.
  @discardableResult
  mutating func reached(_ units: String, id: String? = nil) throws -> TargetOutcome {
    let isShort = amount(units).isNegative
    let target = PositionTarget(
      clientOrderID: id, instrument: "EUR_USD", units: amount(units),
      stopLoss: amount(isShort ? "1.40" : "1.38"), takeProfit: amount(isShort ? "1.38" : "1.40"))
    return try take(core.reach(target, by: bot, now: now))
  }

  mutating func modify(_ id: String, units: Amount) throws -> Order {
    try take(core.modify(orderID: id, units: units, by: bot, now: now))
  }
}
