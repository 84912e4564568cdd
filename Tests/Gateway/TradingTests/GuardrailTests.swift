import Model
import PaperBroker
import Testing
import Trading

@Suite struct GuardrailTests {
  @Test func `an unknown strategy is refused`() {
    var desk = Desk()
    #expect(desk.refusal(.buy(), by: Trader(strategy: "nobody", generation: 1)) == "unknown_strategy")
  }

  @Test func `a restored strategy trades only after its worker is registered again`() {
    let desk = Desk()
    var core = TradingCore(
      settings: desk.core.settings, instruments: Desk.instruments,
      venue: PaperBroker(instruments: Desk.instruments),
      restoring: desk.core.snapshot)
    guard case .failure(let refusal) = core.place(.buy(), by: desk.bot, now: desk.now).result else {
      Issue.record("admitted")
      return
    }
    #expect(refusal.reason == "unknown_strategy")
  }

  @Test func `mode off refuses, the gateway's or the strategy's`() {
    var desk = Desk(settings: TradingSettings(mode: .off))
    #expect(desk.refusal(.buy()) == "mode_off")
    desk = Desk(capabilities: StrategyCapabilities(mode: .off))
    #expect(desk.refusal(.buy()) == "mode_off")
  }

  @Test func `a pause refuses entries and lets reductions, closes and cancels pass`() throws {
    var desk = Desk()
    try desk.placed(.buy(3_000))
    try desk.placed(.reduce(.sell, 500, limit: "1.39"))
    let entry = try desk.placed(.limitBuy("1.3800"))
    desk.journal.take(desk.core.setPaused(true, strategy: "bot", reason: "lunch", now: desk.now))
    #expect(desk.journal.orders[entry.number]?.state == .cancelled)
    #expect(desk.journal.orders[entry.number]?.reason == "trading_paused")
    #expect(desk.refusal(.buy()) == "trading_paused")
    #expect(desk.refusal(.limitBuy("1.38")) == "trading_paused")
    try desk.placed(.reduce(.sell, 1_000))
    let reducing = try #require(desk.core.openOrders(strategy: "bot").first { $0.role == .entry })
    try desk.cancel(reducing.id)
    try desk.close()
    #expect(desk.units == "0")
    desk.journal.take(desk.core.setPaused(false, strategy: "bot", reason: nil, now: desk.now))
    try desk.placed(.buy())
  }

  @Test func `the instrument must be one of the feed's`() {
    var desk = Desk()
    #expect(desk.refusal(.buy().with { $0.instrument = "EUR_CHF" }) == "unknown_instrument")
  }

  @Test func `prices and units keep to the instrument's steps and minimum`() {
    var desk = Desk()
    #expect(desk.refusal(.buy(sl: "1.380001")) == "price_precision")
    #expect(desk.refusal(.buy(tp: "1.400001")) == "price_precision")
    #expect(desk.refusal(.limitBuy("1.380001")) == "price_precision")
    #expect(desk.refusal(.buy(amount("1.5"))) == "units_precision")
    #expect(desk.refusal(.buy(0)) == "below_minimum")
    #expect(desk.refusal(.buy(-5)) == "below_minimum")
    let coin = OrderIntent(
      instrument: "BTC-USD", side: .buy, units: amount("0.000001"), stopLoss: 1, takeProfit: 2)
    #expect(desk.refusal(coin) == "below_minimum")
    #expect(desk.refusal(.limitBuy("1.38").with { $0.price = nil }) == "price_required")
  }

  @Test func `amounts beyond reason are refused before anything is multiplied`() {
    var desk = Desk()
    let huge = Amount(raw: .max)
    for bad in [huge, Amount(raw: -.max), Amount(raw: .min), amount("1e10")] {
      #expect(desk.refusal(.limitBuy("1.38").with { $0.price = bad }) == "amount_out_of_range")
      #expect(desk.refusal(.buy().with { $0.stopLoss = bad }) == "amount_out_of_range")
      #expect(desk.refusal(.buy().with { $0.takeProfit = bad }) == "amount_out_of_range")
    }
    #expect(desk.refusal(.buy(huge)) == "amount_out_of_range")
    #expect(desk.refusal(.buy(Amount(raw: .min))) == "amount_out_of_range")
    #expect(desk.refusal(.buy(amount("10000000001"))) == "amount_out_of_range")
    #expect(desk.refusal(.limitBuy("1000000000", amount("10000000000"))) == "amount_out_of_range")
  }

  @Test func `an entry carries both exits on the right sides of its entry`() {
    var desk = Desk()
    #expect(desk.refusal(.buy(sl: nil)) == "oco_required")
    #expect(desk.refusal(.buy(tp: nil)) == "oco_required")
    #expect(desk.refusal(.buy(sl: "1.38705")) == "stop_loss_wrong_side")
    #expect(desk.refusal(.buy(tp: "1.38705")) == "take_profit_wrong_side")
    #expect(desk.refusal(.sell(sl: "1.38694")) == "stop_loss_wrong_side")
    #expect(desk.refusal(.sell(tp: "1.38694")) == "take_profit_wrong_side")
    #expect(desk.refusal(.limitBuy("1.38", sl: "1.3801")) == "stop_loss_wrong_side")
    #expect(desk.refusal(.limitBuy("1.38", tp: "1.3799")) == "take_profit_wrong_side")
    #expect(desk.refusal(.reduce(.sell, 1).with { $0.stopLoss = 1 }) == "exits_not_allowed")
  }

  @Test func `a refusal says the numbers`() {
    var desk = Desk()
    guard case .failure(let refusal) = desk.place(.buy(sl: "1.3900")).result else { return }
    #expect(refusal.message == "stop_loss 1.39 must be below the entry 1.38705 of a buy order")
  }

  @Test func `a quality score below the threshold is refused where one is given`() throws {
    var desk = Desk()
    #expect(desk.refusal(.buy().with { $0.quality = 69 }) == "quality_too_low")
    try desk.placed(.buy().with { $0.quality = 70 })
    try desk.placed(.buy())
  }

  @Test func `capabilities limit the broker, the instruments and the size`() throws {
    var desk = Desk(capabilities: StrategyCapabilities(brokers: ["oanda"]))
    #expect(desk.refusal(.buy()) == "broker_not_allowed")
    desk = Desk(capabilities: StrategyCapabilities(instruments: ["GBP_USD"]))
    #expect(desk.refusal(.buy()) == "instrument_not_allowed")
    desk = Desk(capabilities: StrategyCapabilities(maxOrderUnits: 1_000))
    #expect(desk.refusal(.buy(1_001)) == "units_over_limit")
    try desk.placed(.buy(1_000))
    try desk.placed(.buy(1_000))
    try desk.placed(.reduce(.sell, 2_000))
    #expect(desk.units == "0")
  }

  @Test func `open orders and positions are counted`() throws {
    var desk = Desk(settings: TradingSettings(maxOpenOrders: 2, maxOpenPositions: 1))
    try desk.placed(.limitBuy("1.38"))
    try desk.placed(.limitBuy("1.37", sl: "1.36"))
    #expect(desk.refusal(.limitBuy("1.36", sl: "1.35")) == "too_many_open_orders")
    desk.quote("1.6", "1.6001", "GBP_USD")
    let pound = OrderIntent(instrument: "GBP_USD", side: .buy, units: 1, stopLoss: 1, takeProfit: 2)
    #expect(desk.refusal(pound) == "too_many_open_positions")
    try desk.placed(.buy())
  }

  @Test func `a day's loss stops entries until the next day`() throws {
    var desk = Desk(capabilities: StrategyCapabilities(maxDailyLoss: 10))
    try desk.placed(.buy(10_000))
    desk.quote("1.3865", "1.3866")
    try desk.placed(.buy(1))
    desk.quote("1.3860", "1.3861")
    #expect(desk.refusal(.buy()) == "daily_loss_limit")
    try desk.placed(.reduce(.sell, 1))
    try desk.close()
    #expect(desk.refusal(.buy()) == "daily_loss_limit", "realised counts too")
    desk.quote("1.3860", "1.3861", after: 86_400)
    try desk.placed(.buy())
  }

  @Test func `without a quote nothing can be admitted`() {
    var desk = Desk(quoted: false)
    #expect(desk.refusal(.buy()) == "no_quote")
    #expect(desk.refusal(.limitBuy("1.38")) == "no_quote")
    #expect(desk.refusal(.reduce(.sell, 1)) == "no_quote")
  }

  @Test func `a stale quote is refused where that is configured`() throws {
    var desk = Desk(settings: TradingSettings(limits: RiskLimits(staleQuoteSeconds: 10)))
    try desk.placed(.buy())
    desk.second += 10
    try desk.placed(.buy())
    desk.second += 1
    #expect(desk.refusal(.buy()) == "stale_quote")
    try desk.placed(.reduce(.sell, 1))
    desk = Desk()
    desk.second += 1_000_000
    try desk.placed(.buy())
  }

  @Test func `the margin must be there`() throws {
    var desk = Desk()
    // 10,000 at 50:1 carry 500,000 USD, which are 360,477 EUR at 1.38705.
    #expect(desk.refusal(.buy(360_478)) == "insufficient_margin")
    try desk.placed(.buy(360_000))
    #expect(desk.refusal(.buy(1_000)) == "insufficient_margin")
    try desk.placed(.sell(360_000))
    #expect(desk.units == "0")
  }

  @Test func `what cannot be converted is refused`() throws {
    var desk = Desk()
    desk.quote("900", "901", "XAU_EUR")
    let gold = OrderIntent(instrument: "XAU_EUR", side: .buy, units: 1, stopLoss: 800, takeProfit: 1_000)
    try desk.placed(gold)
    desk = Desk(
      instruments: Desk.instruments.filter { $0.name != "EUR_USD" && $0.name != "EUR_GBP" }, quoted: false)
    desk.quote("900", "901", "XAU_EUR")
    #expect(desk.refusal(gold) == "no_conversion")
  }

  @Test func `nothing to reduce is refused`() throws {
    var desk = Desk()
    #expect(desk.refusal(.reduce(.sell, 1)) == "nothing_to_reduce")
    try desk.placed(.buy())
    #expect(desk.refusal(.reduce(.buy, 1)) == "nothing_to_reduce")
    #expect(try desk.placed(.reduce(.sell, 5_000)).filledUnits == 1_000)
    #expect(desk.units == "0")
  }

  @Test func `after the feed's end the market is closed`() {
    var desk = Desk()
    desk.journal.take(desk.core.feedEnded(now: desk.now))
    #expect(desk.refusal(.buy()) == "market_closed")
    #expect(desk.refusal(.reduce(.sell, 1)) == "market_closed")
  }

  @Test func `client order ids, tags and times to live keep their form`() {
    var desk = Desk()
    for bad in ["", "a b", "é", String(repeating: "a", count: 65), "gw.1"] {
      #expect(desk.refusal(.buy(id: bad)) == "invalid_client_order_id")
    }
    #expect(desk.refusal(.buy().with { $0.tag = String(repeating: "x", count: 200) }) == "tag_too_long")
    for bad in [0, -1, Int.min, Int.max] {
      #expect(desk.refusal(.limitBuy("1.38").with { $0.timeToLiveSeconds = bad }) == "ttl_out_of_range")
    }
  }
}
