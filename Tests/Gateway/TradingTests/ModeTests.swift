import Model
import Testing
import Trading

@Suite("The gateway's mode")
struct ModeTests {
  private func set(_ mode: TradingMode, _ desk: inout Desk) -> Result<ModeSwitch, Refusal> {
    let outcome = desk.core.setMode(mode, by: "user:admin@local", now: desk.now)
    desk.journal.take(outcome.changes)
    return outcome.result
  }

  /// A desk whose broker can trade for real.
  private func real(
    _ mode: TradingMode, strategy: TradingMode = .live, enabled: Bool = true,
    limits: RiskLimits = RiskLimits(), canary: CanaryLimits = CanaryLimits(),
    restoring snapshot: TradingSnapshot? = nil
  ) -> Desk {
    let execution = ExecutionRules(isEnabled: enabled, liveVenues: [RealVenue.name])
    return Desk(
      settings: TradingSettings(mode: mode, limits: limits, canary: canary, execution: execution),
      capabilities: StrategyCapabilities(mode: strategy, brokers: [RealVenue.name]),
      restoring: snapshot, venue: RealVenue())
  }

  @Test("is kept by the journal, told of once, and survives a restart")
  func durable() throws {
    var desk = Desk()
    let done = try set(.off, &desk).get()
    #expect(done == ModeSwitch(from: .paper, to: .off, cancelled: 0))
    #expect(desk.refusal(.buy()) == "mode_off")
    let told = desk.journal.events.filter { $0.type == .modeSwitched }
    #expect(told.count == 1 && told[0]["from"] == .string("paper") && told[0]["to"] == .string("off"))
    #expect(told[0].source == "arena" && told[0].strategy.isEmpty)
    #expect(try set(.off, &desk).get() == ModeSwitch(from: .off, to: .off, cancelled: 0))
    #expect(desk.journal.events.filter { $0.type == .modeSwitched }.count == 1)

    desk = Desk(restoring: desk.journal.snapshot(marketTime: nil), keeping: desk.journal)
    #expect(desk.core.charter.mode == .off && desk.core.charter.modeBy == "user:admin@local")
    #expect(desk.refusal(.buy()) == "mode_off")
    _ = try set(.paper, &desk).get()
    try desk.placed(.buy())
  }

  @Test("off lets reductions and closes pass, and cancels what would open something")
  func off() throws {
    var desk = Desk()
    try desk.placed(.buy(3_000))
    let entry = try desk.placed(.limitBuy("1.38"))
    #expect(try set(.off, &desk).get().cancelled == 1)
    #expect(desk.journal.orders[entry.number]?.reason == "mode_off")
    #expect(desk.refusal(.buy()) == "mode_off")
    let reducing = try desk.placed(.reduce(.sell, 1_000))
    #expect(reducing.state == .filled && reducing.mode == .paper)
    #expect(desk.units == "2000")
    try desk.close()
    #expect(desk.units == "0")
  }

  @Test("is never more than paper without a broker that can trade for real")
  func needsBroker() throws {
    var desk = Desk(settings: TradingSettings(mode: .live, execution: ExecutionRules(isEnabled: true)))
    for mode in [TradingMode.canary, .live] {
      guard case .failure(let refusal) = set(mode, &desk) else {
        Issue.record("\(mode) was taken")
        continue
      }
      #expect(refusal.reason == "no_live_broker")
    }
    #expect(try desk.placed(.buy()).mode == .paper)
  }

  @Test("is never more than paper unless execution was enabled at the start")
  func needsExecution() throws {
    var desk = real(.paper, enabled: false)
    guard case .failure(let refusal) = set(.canary, &desk) else {
      Issue.record("canary was taken")
      return
    }
    #expect(refusal.reason == "execution_disabled")
    #expect(desk.core.charter.mode == .paper)

    desk = real(.paper)
    _ = try set(.live, &desk).get()
    let held = desk.journal.snapshot(marketTime: nil)
    desk = real(.paper, enabled: false, restoring: held)
    #expect(try desk.placed(.buy()).mode == .paper, "whatever the journal says")
    desk.journal.take(desk.core.reviewMode(now: desk.now))
    #expect(desk.core.charter.mode == .paper && desk.core.charter.modeBy == "gateway")
    #expect(desk.journal.charter?.mode == .paper, "so that enabling it again does not make orders real")
  }

  @Test("of an order is the lowest of the gateway's, the strategy's and its broker's")
  func lowest() throws {
    let cases: [(TradingMode, TradingMode, TradingMode)] = [
      (.live, .live, .live), (.live, .canary, .canary), (.canary, .live, .canary), (.live, .paper, .paper),
      (.paper, .live, .paper),
    ]
    for (system, strategy, expected) in cases {
      var desk = real(system, strategy: strategy, canary: CanaryLimits(maxNotional: 1_000_000))
      #expect(try desk.placed(.buy(100)).mode == expected, "\(system) and \(strategy)")
    }
    var desk = real(.live, strategy: .off)
    #expect(desk.refusal(.buy()) == "mode_off")
  }

  @Test("going down cancels entries of the higher mode and leaves the others")
  func goingDown() throws {
    var desk = real(.live, limits: RiskLimits(orderRate: 100, priceCollar: 1))
    let live = try desk.placed(.limitBuy("1.38"))
    #expect(try set(.paper, &desk).get().cancelled == 1)
    #expect(desk.journal.orders[live.number]?.reason == "mode_lowered")
    let paper = try desk.placed(.limitBuy("1.38"))
    #expect(try set(.live, &desk).get().cancelled == 0)
    #expect(desk.journal.orders[paper.number]?.state == .accepted && paper.mode == .paper)
  }

  @Test("canary caps the units of an instrument, what it is worth, and the loss of a day")
  func canary() throws {
    var desk = real(.canary, canary: CanaryLimits(maxUnits: 500, maxNotional: 2_000, maxDailyLoss: 50))
    #expect(desk.refusal(.buy(501)) == "canary_units")
    try desk.placed(.buy(400))
    #expect(desk.refusal(.buy(101)) == "canary_units", "what is held counts")
    try desk.placed(.limitBuy("1.38", 100))
    #expect(desk.refusal(.buy(1)) == "canary_units", "what works counts")
    try desk.placed(.reduce(.sell, 400))

    desk = real(.canary, canary: CanaryLimits(maxNotional: 1_000, maxDailyLoss: 50))
    #expect(desk.refusal(.buy(800)) == "canary_notional")
    try desk.placed(.buy(700, sl: "1.20"))
    desk.quote("1.30", "1.3001")
    #expect(desk.refusal(.buy(1, sl: "1.20")) == "canary_daily_loss", "60.9 are lost")
    try desk.close()
    #expect(desk.units == "0")

    desk = real(.live, canary: CanaryLimits(maxUnits: 1, maxNotional: 1, maxDailyLoss: 1))
    try desk.placed(.buy(800))
  }

  @Test("where orders are real, the rate, the collar and the age of quotes are limited even if nobody set it")
  func realDefaults() throws {
    var desk = real(.live)
    #expect(desk.refusal(.limitBuy("1.30", sl: "1.2")) == "price_collar")
    desk.second += 11
    #expect(desk.refusal(.buy()) == "stale_quote")
    desk.quote("1.38694", "1.38705")
    for _ in 0..<10 { try desk.placed(.buy(1)) }
    #expect(desk.refusal(.buy(1)) == "order_rate")

    desk = Desk()
    desk.second += 1_000
    for _ in 0..<50 { try desk.placed(.limitBuy("1.0", 1, sl: "0.9")) }
  }
}
