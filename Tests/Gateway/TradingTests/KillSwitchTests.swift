import Model
import PaperBroker
import Testing
import Trading

@Suite("The kill switch")
struct KillSwitchTests {
  @discardableResult
  private func kill(_ desk: inout Desk) -> KillReport {
    let (report, changes) = desk.core.engageKillSwitch(by: "local:0", reason: "enough", now: desk.now)
    desk.journal.take(changes)
    return report
  }

  @discardableResult
  private func release(_ desk: inout Desk) -> KillReport {
    let (report, changes) = desk.core.releaseKillSwitch(by: "user:admin@local", reason: nil, now: desk.now)
    desk.journal.take(changes)
    return report
  }

  private func states(_ desk: Desk) -> [EventValue?] {
    desk.journal.events.filter { $0.type == .killSwitch }.map { $0["state"] }
  }

  /// The desk that starts from what the journal holds.
  private func restarted(_ desk: Desk, quoted: Bool = false) -> Desk {
    var next = Desk(restoring: desk.journal.snapshot(marketTime: nil), quoted: false, keeping: desk.journal)
    next.second = desk.second
    if quoted { next.quote("1.38694", "1.38705") }
    return next
  }

  @Test("cancels every working order and closes every position of every account")
  func everything() throws {
    var desk = Desk()
    desk.journal.take(
      desk.core.register("other", generation: 3, capabilities: StrategyCapabilities(), now: desk.now))
    let other = Trader(strategy: "other", generation: 3)
    desk.quote("100.01", "100.02", "USD_JPY")
    try desk.placed(.buy())
    try desk.placed(.limitBuy("1.38"))
    try desk.placed(.sell(500), by: other)
    try desk.placed(
      OrderIntent(
        instrument: "USD_JPY", side: .buy, units: 100, stopLoss: amount("99"), takeProfit: amount("101")),
      by: other)
    try desk.placed(.reduce(.buy, 100, limit: "1.38"), by: other)

    let report = kill(&desk)
    #expect(report.kill?.cancelled == 2 && report.kill?.closed == 3)
    #expect(report.kill?.timeToFlatMilliseconds == 0)
    #expect(report.left.isEmpty && report.waitsFor == nil)
    #expect(desk.core.positions().isEmpty && desk.core.openOrders().isEmpty)
    let closing = desk.journal.orders.values.filter { $0.role == .close }
    #expect(closing.count == 3 && closing.allSatisfy { $0.reduceOnly && $0.state == .filled })
    #expect(closing.allSatisfy { $0.reason == "kill_switch" })
    #expect(states(desk) == [.string("engaged"), .string("flat")])
    #expect(desk.journal.events.last { $0.type == .killSwitch }?["time_to_flat_ms"] == .int(0))

    #expect(kill(&desk) == report, "asked again it does nothing twice")
    #expect(states(desk).count == 2)
  }

  @Test("refuses entries until it is released, over restarts")
  func latches() throws {
    var desk = Desk()
    kill(&desk)
    #expect(desk.refusal(.buy()) == "kill_switch")
    desk = restarted(desk, quoted: true)
    #expect(desk.core.charter.kill?.by == "local:0" && desk.core.charter.kill?.reason == "enough")
    #expect(desk.refusal(.buy()) == "kill_switch")
    #expect(desk.refusal(.limitBuy("1.38")) == "kill_switch")
    #expect(release(&desk).kill == nil)
    try desk.placed(.buy())
    #expect(states(desk) == [.string("engaged"), .string("flat"), .string("released")])
    #expect(desk.journal.charter?.kill == nil)
    #expect(restarted(desk).core.charter.kill == nil)
    release(&desk)
    #expect(states(desk).count == 3, "released already")
  }

  @Test("waits for quotes where there are none, through a restart, and says what is left")
  func waits() throws {
    var desk = Desk()
    desk.quote("0.82000", "0.82010", "EUR_GBP")
    desk.quote("1.68000", "1.68010", "GBP_USD")
    try desk.placed(.buy())
    try desk.placed(
      OrderIntent(
        instrument: "EUR_GBP", side: .sell, units: 500, stopLoss: amount("0.83"), takeProfit: amount("0.81")))
    desk = restarted(desk)
    let report = kill(&desk)
    #expect(report.kill?.flat == nil)
    #expect(report.left.map(\.instrument) == ["EUR_GBP", "EUR_USD"])
    #expect(report.waitsFor?.contains("no quote of EUR_GBP, EUR_USD") == true)
    #expect(desk.core.openOrders().count == 4, "what cannot be closed keeps its exits")

    desk.quote("1.387", "1.3871", after: 60)
    #expect(desk.core.killReport.left.map(\.instrument) == ["EUR_GBP"])
    // Killed here: what the journal holds is all that is left.
    desk = restarted(desk)
    desk.quote("1.68000", "1.68010", "GBP_USD")
    desk.quote("0.82000", "0.82010", "EUR_GBP", after: 60)
    #expect(desk.core.positions().isEmpty && desk.core.openOrders().isEmpty)
    #expect(desk.core.killReport.kill?.closed == 2)
    #expect(desk.core.killReport.kill?.timeToFlatMilliseconds == 121_000)
    #expect(states(desk) == [.string("engaged"), .string("flat")])
  }

  @Test("in a market that has ended says so, and closes when it is back")
  func marketEnded() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk = restarted(desk)
    desk.journal.take(desk.core.feedEnded(now: desk.now))
    #expect(kill(&desk).waitsFor?.contains("the feed has ended") == true)
    desk.quote("1.387", "1.3871")
    #expect(desk.units == "0" && desk.core.charter.kill?.flat != nil)
  }

  @Test("is flat as soon as nothing is left, whoever closed the last of it")
  func flatByOthers() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk = restarted(desk)
    kill(&desk)
    #expect(desk.core.charter.kill?.flat == nil)
    // Reached by the quote that would close it: the stop loss fills first.
    desk.quote("1.30", "1.3001")
    #expect(desk.core.charter.kill?.flat != nil && desk.core.charter.kill?.closed == 0)
    #expect(states(desk) == [.string("engaged"), .string("flat")])
  }

  @Test("lets reductions, closes and cancels pass")
  func reducing() throws {
    var desk = Desk()
    try desk.placed(.buy(3_000))
    var held = restarted(desk)
    kill(&held)
    #expect(held.units == "3000")
    // Before there is a quote nothing trades; a cancel of what works does not need one.
    #expect(held.core.charter.kill?.flat == nil)
    desk.journal.take(desk.core.setPaused(true, strategy: "bot", reason: nil, now: desk.now))
    try desk.placed(.reduce(.sell, 1_000))
    kill(&desk)
    #expect(desk.units == "0")
    #expect(desk.refusal(.reduce(.sell, 1)) == "nothing_to_reduce")
  }

  @Test("goes on with what a square-off began, and both end")
  func withSquareOff() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk = restarted(desk)
    desk.journal.take(desk.core.squareOff("bot", reason: nil, now: desk.now).changes)
    kill(&desk)
    desk.quote("1.387", "1.3871")
    #expect(desk.units == "0" && desk.core.charter.kill?.flat != nil)
    #expect(desk.journal.events.filter { $0.type == .squaredOff }.count == 1)
    #expect(desk.journal.fills.filter { $0.role == .close }.count == 1)
  }
}
