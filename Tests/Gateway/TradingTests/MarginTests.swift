import Model
import Testing
import Trading

/// Margin while prices move, and the guardrails that are asked again when a pending entry fills.
@Suite struct MarginTests {
  /// 1,000 USD at 50:1: a position of 30,000 EUR binds 832 of it.
  static func desk(_ settings: TradingSettings = TradingSettings(startingBalance: 1_000)) -> Desk {
    Desk(settings: settings)
  }

  static let wide = OrderIntent.buy(30_000, sl: "1.30", tp: "1.50")

  @Test func `trades are closed when the equity falls below half of the margin`() throws {
    var desk = Self.desk()
    try desk.placed(Self.wide)
    // Equity 1,000 - 30,000 × (1.38705 - bid); half of the margin is 30,000 × mid × 0.01.
    #expect(desk.quote("1.36755", "1.36755").isEmpty, "415.00 of equity, 410.27 are needed")
    let changes = desk.quote("1.36735", "1.36735")
    #expect(changes.fills.map(\.price) == [amount("1.36735")])
    #expect(changes.orders.first { $0.role == .close }?.reason == "margin_closeout")
    #expect(changes.events.first?.type == .marginCloseout)
    #expect(desk.core.positions().isEmpty && desk.core.openOrders().isEmpty)
  }

  @Test func `the trade with the largest loss goes first, and no more than needed`() throws {
    var desk = Self.desk()
    try desk.placed(.buy(10_000, sl: "1.30", tp: "1.50"))
    desk.quote("1.38994", "1.39005")
    try desk.placed(.buy(18_000, sl: "1.30", tp: "1.50"))
    let changes = desk.quote("1.36600", "1.36600")
    #expect(changes.fills.map(\.tradeID) == [2])
    #expect(desk.units == "10000")
  }

  @Test func `nothing is closed for its margin where the share is none`() throws {
    var desk = Self.desk(TradingSettings(startingBalance: 1_000, marginCloseout: nil))
    try desk.placed(Self.wide)
    #expect(desk.quote("1.35000", "1.35000").isEmpty)
  }

  @Test func `a closeout waits until everything that is held has a quote`() throws {
    var desk = Self.desk()
    desk.quote("1.68000", "1.68010", "GBP_USD")
    try desk.placed(.buy(12_000, sl: "1.30", tp: "1.50"))
    try desk.placed(
      OrderIntent(
        instrument: "GBP_USD", side: .buy, units: 12_000, stopLoss: amount("1.5"), takeProfit: amount("1.9")))
    desk = Desk(
      settings: TradingSettings(startingBalance: 1_000), restoring: desk.core.snapshot, quoted: false)
    #expect(desk.quote("1.33000", "1.33000").fills.isEmpty, "what GBP_USD is worth is not known")
    #expect(!desk.quote("1.68000", "1.68010", "GBP_USD").fills.isEmpty)
  }

  @Test func `a pending entry that the margin no longer allows is cancelled before it fills`() throws {
    var desk = Self.desk()
    let pending = try desk.placed(.limitBuy("1.38600", 20_000, sl: "1.30", tp: "1.50"))
    try desk.placed(.buy(25_000, sl: "1.30", tp: "1.50"))
    let changes = desk.quote("1.38500", "1.38510")
    #expect(changes.fills.isEmpty)
    #expect(desk.journal.orders[pending.number]?.state == .cancelled)
    #expect(desk.journal.orders[pending.number]?.reason == "insufficient_margin")
  }

  @Test func `a pending entry does not fill beyond the loss of the day, but one that reduces does`() throws {
    var desk = Desk(capabilities: StrategyCapabilities(maxDailyLoss: 20))
    let more = try desk.placed(.limitBuy("1.38400", 1_000))
    let less = try desk.placed(
      OrderIntent(
        instrument: "EUR_USD", side: .sell, type: .stop, units: 2_000, price: amount("1.38390"),
        stopLoss: amount("1.40"), takeProfit: amount("1.37")))
    try desk.placed(.buy(9_000, sl: "1.30", tp: "1.50"))
    desk.quote("1.38380", "1.38390")
    #expect(desk.journal.orders[more.number]?.reason == "daily_loss_limit")
    #expect(desk.journal.orders[less.number]?.state == .filled)
    #expect(desk.units == "7000")
  }

  @Test(arguments: UInt64(1)...6)
  func `looking only where it may matter closes out exactly what looking always would`(seed: UInt64) throws {
    var dice = Dice(seed: seed)
    var desk = Desk(settings: TradingSettings(startingBalance: 1_000), quoted: false)
    var mids: [String: Int128] = ["EUR_USD": 138_700, "GBP_USD": 168_000, "USD_JPY": 102_100]
    var closeouts = 0
    for _ in 0..<3_000 {
      let name = mids.keys.sorted()[dice.next(3)]
      let mid = (mids[name] ?? 0) + Int128(dice.next(1_001) - 500)
      mids[name] = mid
      let tick = Amount.step(decimals: name == "USD_JPY" ? 3 : 5).raw
      desk.second += 1
      let quote = Quote(
        sequence: 1, instrument: name, bid: Amount(raw: mid * tick),
        ask: Amount(raw: (mid + Int128(dice.next(30))) * tick), time: desk.now)
      let changes = desk.core.quote(quote)
      desk.journal.take(changes)
      closeouts += changes.events.filter { $0.type == .marginCloseout }.count
      if let account = desk.account, account.marginUsed.isPositive, desk.core.positions().count > 0 {
        #expect(account.equity.raw * 2 >= account.marginUsed.raw, "seed \(seed)")
      }
      if dice.next(20) == 0, desk.core.latestQuote(name) != nil {
        let side: Side = dice.next(5) == 0 ? .sell : .buy
        let far = Amount(raw: tick * 60_000)
        let price = quote.price(for: side)
        _ = desk.place(
          OrderIntent(
            instrument: name, side: side, units: Amount(1 + dice.next(12_000)),
            stopLoss: side == .buy ? price - far : price + far,
            takeProfit: side == .buy ? price + far : price - far))
      }
    }
    #expect(closeouts > 0, "seed \(seed)")
  }
}
