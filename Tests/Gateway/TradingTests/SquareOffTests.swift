import Model
import Testing
import Trading

@Suite("Squaring off")
struct SquareOffTests {
  private func squareOff(_ desk: inout Desk, _ reason: String? = "the window closed") -> SquareOff {
    let (done, changes) = desk.core.squareOff("bot", reason: reason, now: desk.now)
    desk.journal.take(changes)
    return done
  }

  private func register(_ desk: inout Desk, generation: Int) {
    desk.journal.take(
      desk.core.register("bot", generation: generation, capabilities: StrategyCapabilities(), now: desk.now))
  }

  @Test("cancels entries and closes positions with reduce-only market orders")
  func closes() throws {
    var desk = Desk()
    desk.quote("0.82000", "0.82010", "EUR_GBP")
    desk.quote("1.68000", "1.68010", "GBP_USD")
    try desk.placed(.buy())
    try desk.placed(.limitBuy("1.38"))
    try desk.placed(
      OrderIntent(
        instrument: "EUR_GBP", side: .sell, units: 500, stopLoss: amount("0.83"), takeProfit: amount("0.81")))
    let done = squareOff(&desk)
    #expect(done == desk.core.squareOff("bot", reason: "again", now: desk.now).done)
    #expect(done.closed == 2 && done.left == 0 && done.waitsFor == nil)
    #expect(desk.core.positions().isEmpty && desk.core.openOrders().isEmpty)
    let closing = desk.journal.orders.values.filter { $0.role == .close }
    #expect(closing.count == 2)
    #expect(closing.allSatisfy { $0.reduceOnly && $0.type == .market && $0.state == .filled })
    #expect(closing.allSatisfy { $0.reason == "square_off" && $0.generation == 1 })
    let told = desk.journal.events.map(\.type).filter { [.squareOffRequested, .squaredOff].contains($0) }
    #expect(told == [.squareOffRequested, .squaredOff])
  }

  @Test("refuses entries from the moment it is asked for until a later generation starts")
  func refuses() throws {
    var desk = Desk()
    try desk.placed(.buy())
    _ = squareOff(&desk)
    #expect(desk.refusal(.buy()) == "squared_off")
    register(&desk, generation: 1)
    desk.second += 5
    #expect(desk.refusal(.buy()) == "squared_off", "the same worker, as after a restart of the gateway")
    register(&desk, generation: 2)
    try desk.placed(.buy(), by: Trader(strategy: "bot", generation: 2))
    #expect(desk.journal.flattenings.isEmpty)
    #expect(squareOff(&desk).closed == 1, "another one begins anew")
  }

  @Test("works for a strategy whose worker is gone, also where that kept its positions")
  func workerGone() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk.journal.take(desk.core.workerGone(strategy: "bot", policy: .keep, now: desk.now))
    #expect(desk.units == "1000")
    #expect(squareOff(&desk).closed == 1)
    #expect(desk.units == "0")
  }

  @Test("has nothing to do for a strategy that holds nothing or that nobody knows")
  func nothing() {
    var desk = Desk()
    #expect(squareOff(&desk) == desk.core.squareOff("bot", reason: nil, now: desk.now).done)
    #expect(squareOff(&desk).closed == 0)
    let (done, changes) = desk.core.squareOff("nobody", reason: nil, now: desk.now)
    #expect(done.closed == 0 && done.left == 0 && changes.isEmpty)
  }

  @Test("waits for the first quote, through restarts of the gateway and of the worker")
  func waits() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk = Desk(restoring: desk.journal.snapshot(marketTime: nil), quoted: false, keeping: desk.journal)
    let first = squareOff(&desk)
    #expect(first.closed == 0 && first.left == 1)
    #expect(first.waitsFor?.contains("no quote of EUR_USD") == true)
    // Killed here: what the journal holds is all that is left.
    desk = Desk(restoring: desk.journal.snapshot(marketTime: nil), quoted: false, keeping: desk.journal)
    register(&desk, generation: 2)
    #expect(desk.refusal(.buy()) == "squared_off", "a later generation waits until it is flat")
    let changes = desk.quote("1.387", "1.3871")
    #expect(changes.orders.contains { $0.role == .close && $0.reason == "square_off" })
    #expect(changes.events.contains { $0.type == .squaredOff && $0["closed"] == .int(1) })
    #expect(desk.units == "0" && desk.core.openOrders().isEmpty)
    #expect(desk.journal.flattenings.isEmpty)
    try desk.placed(.buy(), by: Trader(strategy: "bot", generation: 2))
  }

  @Test("a flatten that waits for a quote survives a restart, and is given up when a worker comes back")
  func flattenSurvives() throws {
    var held = Desk()
    try held.placed(.buy())
    held = Desk(restoring: held.journal.snapshot(marketTime: nil), quoted: false, keeping: held.journal)
    held.journal.take(held.core.workerGone(strategy: "bot", policy: .flatten, now: held.now))
    #expect(held.journal.flattenings["bot"]?.cause == .workerGone)

    var back = held
    register(&back, generation: 2)
    back.quote("1.387", "1.3871")
    #expect(back.units == "1000" && back.journal.flattenings.isEmpty)

    held = Desk(
      restoring: held.journal.snapshot(marketTime: nil), quoted: false, keeping: held.journal,
      registered: false)
    held.quote("1.387", "1.3871")
    #expect(held.units == "0" && held.journal.flattenings.isEmpty)
  }

  @Test("of a market that has ended says so, and closes when it is back")
  func marketEnded() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk = Desk(restoring: desk.journal.snapshot(marketTime: nil), quoted: false, keeping: desk.journal)
    desk.journal.take(desk.core.feedEnded(now: desk.now))
    let done = squareOff(&desk)
    #expect(done.left == 1 && done.waitsFor?.contains("the feed has ended") == true)
    desk.quote("1.387", "1.3871")
    #expect(desk.units == "0" && squareOff(&desk).closed == 1)
  }
}
