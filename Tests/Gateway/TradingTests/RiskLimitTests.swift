import Foundation
import Model
import Testing
import Trading

/// Each limit of `[risk]`: what it refuses, with which word, and what it lets pass.
@Suite struct RiskLimitTests {
  private func desk(_ limits: RiskLimits, balance: Money = 10_000) -> Desk {
    var desk = Desk(settings: TradingSettings(startingBalance: balance, limits: limits))
    desk.journal.take(
      desk.core.register("other", generation: 1, capabilities: StrategyCapabilities(), now: desk.now))
    return desk
  }

  private let other = Trader(strategy: "other", generation: 1)

  @Test func `an account may place so many entries a second`() throws {
    var desk = desk(RiskLimits(orderRate: 3))
    for _ in 0..<3 { try desk.placed(.buy(10)) }
    #expect(desk.refusal(.buy(10)) == "order_rate")
    try desk.placed(.buy(10), by: other)
    try desk.placed(.reduce(.sell, 5))
    try desk.close()
    desk.second += 1
    for _ in 0..<3 { try desk.placed(.buy(10)) }
    #expect(desk.refusal(.buy(10)) == "order_rate")
    // A replay that starts over is no debt.
    desk.second -= 3_600
    try desk.placed(.buy(10))
  }

  @Test func `all accounts together may place so many entries a second`() throws {
    var desk = desk(RiskLimits(totalOrderRate: 3))
    try desk.placed(.buy(10))
    try desk.placed(.buy(10), by: other)
    try desk.placed(.buy(10))
    #expect(desk.refusal(.buy(10), by: other) == "order_rate")
    desk.second += 1
    try desk.placed(.buy(10), by: other)
  }

  @Test func `a price far from the market is refused, also when it is changed to one`() throws {
    var desk = desk(RiskLimits(priceCollar: amount("0.01")))
    #expect(desk.refusal(.limitBuy("1.37", sl: "1.3")) == "price_collar")
    let order = try desk.placed(.limitBuy("1.38", sl: "1.3"))
    #expect(throws: Refusal.self) { try desk.modify(order.id, price: "1.36") }
    try desk.modify(order.id, price: "1.381")
    var stop = OrderIntent.limitBuy("1.39", sl: "1.3")
    stop.type = .stopLimit
    stop.takeProfit = amount("1.6")
    stop.terms.limitPrice = amount("1.5")
    #expect(desk.refusal(stop) == "price_collar")
    try desk.placed(.buy())
  }

  @Test func `an account may be worth so much in the market, working entries included`() throws {
    var desk = desk(RiskLimits(exposure: 2_000))
    #expect(desk.refusal(.buy(1_500)) == "exposure_limit")
    try desk.placed(.buy(1_000))
    #expect(desk.refusal(.buy(500)) == "exposure_limit")
    try desk.placed(.limitBuy("1.38", 400))
    #expect(desk.refusal(.buy(100)) == "exposure_limit")
    try desk.placed(.buy(1_000), by: other)
    try desk.placed(.reduce(.sell, 400))
    try desk.placed(.sell(600), by: desk.bot)
    #expect(desk.units == "0")
  }

  @Test func `all accounts together may be worth so much`() throws {
    var desk = desk(RiskLimits(totalExposure: 2_000))
    try desk.placed(.buy(1_000))
    #expect(desk.refusal(.sell(1_000), by: other) == "total_exposure_limit")
    try desk.placed(.sell(400), by: other)
    try desk.close()
    try desk.placed(.sell(1_000), by: other)
  }

  @Test func `a restart over midnight does not take yesterday's open loss for today's`() throws {
    let limits = TradingSettings(limits: RiskLimits(dailyLoss: 100))
    var desk = Desk(settings: limits)
    try desk.placed(.buy(100_000, sl: "1.2"))
    desk.quote("1.38500", "1.38511")
    #expect(desk.refusal(.buy()) == "daily_loss_limit", "it has lost 200 today")
    var next = Desk(
      settings: limits, restoring: desk.journal.snapshot(marketTime: desk.now), quoted: false,
      keeping: desk.journal)
    (next.second, next.sequence) = (desk.second, desk.sequence)
    next.quote("1.60000", "1.60020", "GBP_USD", after: 86_400)
    next.quote("1.38500", "1.38511")
    try next.placed(.buy())
    next.quote("1.38350", "1.38361")
    #expect(next.refusal(.buy()) == "daily_loss_limit", "another 150 today")
  }

  @Test func `turning a position round is measured by what it opens`() throws {
    var desk = desk(RiskLimits(exposure: 2_000))
    try desk.placed(.buy(1_000))
    #expect(desk.refusal(.sell(3_000)) == "exposure_limit", "it would be 2,000 short")
    try desk.placed(.sell(2_000))
    #expect(desk.units == "-1000", "as much as before, the other way round")
  }

  @Test func `exposure is looked at again when an entry that waited is reached`() throws {
    var desk = desk(RiskLimits(exposure: 2_000))
    desk.quote("100.01", "100.02", "USD_JPY")
    let waiting = try desk.placed(.limitBuy("1.38", 700, sl: "1.2", tp: "1.5"))
    try desk.placed(
      OrderIntent(
        instrument: "USD_JPY", side: .buy, units: 1_000, stopLoss: amount("50"), takeProfit: amount("300")))
    desk.quote("1.3799", "1.38")
    #expect(desk.journal.orders[waiting.number]?.state == .filled, "966 and 1000 are not too much")

    desk = self.desk(RiskLimits(exposure: 2_000))
    desk.quote("0.82", "0.8201", "EUR_GBP")
    desk.quote("1.68", "1.6801", "GBP_USD")
    let late = try desk.placed(.limitBuy("1.38", 900, sl: "1.2", tp: "1.5"))
    try desk.placed(
      OrderIntent(
        instrument: "EUR_GBP", side: .buy, units: 500, stopLoss: amount("0.5"), takeProfit: amount("1")))
    // What is held is worth more by now than when both were admitted.
    desk.quote("2.00", "2.0001", "GBP_USD")
    desk.quote("1.3795", "1.38")
    #expect(desk.journal.orders[late.number]?.reason == "exposure_limit")
  }

  @Test func `an account may lose so much in a day, realised or not`() throws {
    var desk = desk(RiskLimits(dailyLoss: 100))
    try desk.placed(.buy(10_000, sl: "1.30", tp: "1.5"))
    desk.quote("1.3771", "1.3772")
    #expect(desk.refusal(.buy(1, sl: "1.30", tp: "1.5")) == nil, "99.5 are lost")
    desk.quote("1.3770", "1.3771")
    #expect(desk.refusal(.buy(1, sl: "1.30", tp: "1.5")) == "daily_loss_limit")
    try desk.placed(.reduce(.sell, 5_000))
    try desk.close()
    #expect(desk.refusal(.buy(1, sl: "1.30", tp: "1.5")) == "daily_loss_limit")
    try desk.placed(.buy(1, sl: "1.30", tp: "1.5"), by: other)
    desk.quote("1.3770", "1.3771", after: 86_400)
    try desk.placed(.buy(1, sl: "1.30", tp: "1.5"))
  }

  @Test func `the stricter of the owner's and the strategy's daily loss holds`() throws {
    var desk = Desk(
      settings: TradingSettings(limits: RiskLimits(dailyLoss: 100)),
      capabilities: StrategyCapabilities(maxDailyLoss: 50))
    try desk.placed(.buy(10_000, sl: "1.30", tp: "1.5"))
    desk.quote("1.3815", "1.3816")
    #expect(desk.refusal(.buy(1, sl: "1.30", tp: "1.5")) == "daily_loss_limit")
  }

  @Test func `all accounts together may lose so much in a day, and what waits is cancelled`() throws {
    var desk = desk(RiskLimits(totalDailyLoss: 100))
    try desk.placed(.buy(6_000, sl: "1.30", tp: "1.5"))
    try desk.placed(.buy(6_000, sl: "1.30", tp: "1.5"), by: other)
    let waiting = try desk.placed(.limitBuy("1.377", 10, sl: "1.3", tp: "1.5"))
    desk.quote("1.3775", "1.3776")
    #expect(desk.refusal(.buy(1, sl: "1.30", tp: "1.5")) == "total_daily_loss_limit")
    desk.quote("1.3769", "1.377")
    #expect(desk.journal.orders[waiting.number]?.reason == "total_daily_loss_limit")
    try desk.close()
  }

  @Test func `entries of strategies need a score where the owner says so, those of people do not`() throws {
    var desk = desk(RiskLimits(requiresQuality: true))
    #expect(desk.refusal(.buy()) == "quality_required")
    #expect(desk.refusal(.buy().with { $0.quality = 69 }) == "quality_too_low")
    try desk.placed(.buy().with { $0.quality = 70 })
    try desk.placed(.reduce(.sell, 10))
    desk.journal.take(
      desk.core.register("manual", generation: 0, capabilities: StrategyCapabilities(), now: desk.now))
    try desk.placed(.buy(), by: Trader(strategy: "manual", generation: 0))
  }

  @Test func `a large order is told of`() throws {
    var desk = desk(RiskLimits(largeOrder: 5_000))
    try desk.placed(.buy(3_000))
    #expect(desk.journal.events.allSatisfy { $0.type != .largeOrder })
    let order = try desk.placed(.buy(4_000))
    let told = try #require(desk.journal.events.first { $0.type == .largeOrder })
    #expect(told["order_id"] == .string(order.id) && told["notional"] == .number(amount("5548.2")))
  }

  @Test func `the report shows each limit with what is used`() throws {
    var desk = desk(RiskLimits(orderRate: 5, exposure: 5_000, totalExposure: 6_000, dailyLoss: 100))
    try desk.placed(.buy(1_000, sl: "1.3"))
    try desk.placed(.limitBuy("1.37", 1_000, sl: "1.3"))
    desk.quote("1.3800", "1.3801", after: 0)
    let report = desk.core.riskReport(now: desk.now)
    let own = try #require(report.accounts.first { $0.strategy == "bot" })
    func use(_ name: String) -> String? { own.uses.first { $0.name == name }.map { "\($0.used)" } }
    #expect(own.mode == .paper && use("max_open_orders") == "1" && use("max_open_positions") == "1")
    #expect(use("max_order_rate") == "2" && use("max_daily_loss") == "7.05")
    #expect(use("max_exposure") == "2750.05")
    #expect(report.total.first { $0.name == "max_total_exposure" }?.limit == 6_000)
  }

  @Test func `the table of guardrails in the documentation has every one`() throws {
    let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("../../../docs/arena.md").standardized
    let text = try String(contentsOf: path, encoding: .utf8)
    for word in Guardrail.allCases { #expect(text.contains("| `\(word.rawValue)` |")) }
  }
}
