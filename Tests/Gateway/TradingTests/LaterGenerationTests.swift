import Model
import Testing
import Trading

/// What a strategy's next start may not bring back, and what it must.
@Suite("A later generation")
struct LaterGenerationTests {
  private func register(
    _ name: String, _ generation: Generation, _ capabilities: StrategyCapabilities, _ desk: inout Desk
  ) {
    desk.journal.take(
      desk.core.register(name, generation: generation, capabilities: capabilities, now: desk.now))
  }

  private func squareOff(_ name: String, _ desk: inout Desk) -> SquareOff {
    let (done, changes) = desk.core.squareOff(name, reason: nil, now: desk.now)
    desk.journal.take(changes)
    return done
  }

  @Test("does not keep entries that its own rules forbid")
  func narrowed() throws {
    var desk = Desk()
    let entry = try desk.placed(.limitBuy("1.38"))
    register("bot", 2, StrategyCapabilities(mode: .off), &desk)
    #expect(desk.journal.orders[entry.number]?.reason == "mode_off")

    register("bot", 3, StrategyCapabilities(), &desk)
    let other = try desk.placed(.limitBuy("1.38"), by: Trader(strategy: "bot", generation: 3))
    register("bot", 4, StrategyCapabilities(instruments: ["GBP_USD"]), &desk)
    #expect(desk.journal.orders[other.number]?.reason == "instrument_not_allowed")
  }

  @Test("is held back by a close that was asked for again while it ran")
  func closedAgain() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk = Desk(
      restoring: desk.journal.snapshot(marketTime: nil), quoted: false, keeping: desk.journal)
    #expect(squareOff("bot", &desk).left == 1, "there is no quote yet")
    register("bot", 2, StrategyCapabilities(), &desk)
    _ = squareOff("bot", &desk)
    desk.quote("1.38694", "1.38705")
    #expect(desk.units == "0")
    #expect(desk.refusal(.buy(), by: Trader(strategy: "bot", generation: 2)) == "squared_off")
    register("bot", 3, StrategyCapabilities(), &desk)
    try desk.placed(.buy(), by: Trader(strategy: "bot", generation: 3))
  }

  @Test("never comes of an account without a worker, which takes entries again as soon as it is flat")
  func people() throws {
    var desk = Desk()
    register("manual", 0, StrategyCapabilities(), &desk)
    let person = Trader(strategy: "manual", generation: 0)
    try desk.placed(.buy(), by: person)
    #expect(squareOff("manual", &desk).closed == 1)
    try desk.placed(.buy(), by: person)
  }
}
