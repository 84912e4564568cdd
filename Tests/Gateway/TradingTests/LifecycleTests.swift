import Model
import Testing
import Trading

@Suite struct DeskLifecycleTests {
  @Test func `the feed's end leaves every order final and every position closed`() throws {
    var desk = Desk()
    try desk.placed(.buy())
    let pending = try desk.placed(.limitBuy("1.38"))
    let changes = desk.core.feedEnded(now: desk.now)
    desk.journal.take(changes)
    #expect(desk.journal.orders.values.allSatisfy { $0.state.isFinal })
    #expect(desk.journal.orders[pending.number]?.state == .expired)
    #expect(desk.journal.orders[pending.number]?.reason == "feed_ended")
    let close = try #require(desk.journal.orders.values.first { $0.role == .close })
    #expect(close.reason == "feed_ended" && close.generation == 1 && close.state == .filled)
    #expect(desk.core.positions().isEmpty)
    #expect(desk.core.feedEnded(now: desk.now).isEmpty)
  }

  @Test func `a worker's end does what its policy says`() throws {
    for policy in ExitPolicy.allCases {
      var desk = Desk()
      try desk.placed(.buy())
      try desk.placed(.limitBuy("1.38"))
      desk.journal.take(desk.core.workerGone(strategy: "bot", policy: policy, now: desk.now))
      #expect(desk.core.openOrders().count == [.keep: 3, .cancel: 2, .flatten: 0][policy])
      #expect(desk.units == (policy == .flatten ? "0" : "1000"))
    }
  }

  @Test func `flattening waits for the first quote after a restart`() throws {
    var desk = Desk()
    try desk.placed(.buy())
    desk = Desk(restoring: desk.journal.snapshot(marketTime: nil), quoted: false)
    desk.journal.take(desk.core.workerGone(strategy: "bot", policy: .flatten, now: desk.now))
    #expect(desk.units == "1000")
    #expect(desk.quote("1.387", "1.3871").orders.contains { $0.role == .close && $0.reason == "worker_gone" })
    #expect(desk.units == "0")
    #expect(desk.core.openOrders().isEmpty)
  }

  @Test func `a restored desk protects its trades from the first quote on`() throws {
    var desk = Desk()
    try desk.placed(.buy())
    try desk.placed(.limitBuy("1.38200", sl: "1.3700"))
    desk = Desk(restoring: desk.journal.snapshot(marketTime: desk.core.marketTime), quoted: false)
    let changes = desk.quote("1.3790", "1.3791")
    #expect(changes.fills.map(\.role) == [.stopLoss, .entry])
    #expect(changes.fills.map(\.price) == [amount("1.379"), amount("1.382")])
    #expect(changes.orders.map(\.number).max() == 6, "numbers go on")
  }

  @Test func `a replay that starts over is the market again`() throws {
    var desk = Desk()
    try desk.placed(.buy())
    try desk.placed(.limitBuy("1.38"))
    desk.second -= 500_000
    #expect(desk.quote("1.38694", "1.38705").accounts.map(\.strategy) == ["bot"], "another day begins")
    #expect(desk.core.marketTime == desk.now)
    #expect(desk.quote("1.37900", "1.37910").fills.count == 2)
    try desk.placed(.buy(sl: "1.37"))
  }

  @Test func `quotes that cannot be are not the market`() throws {
    var desk = Desk()
    for (bid, ask) in [("0", "1"), ("-1", "1"), ("1.4", "1.3"), ("1", "1000000001")] {
      #expect(desk.quote(bid, ask).isEmpty)
    }
    #expect(desk.quote("1", "2", "EUR_CHF").isEmpty)
    #expect(desk.core.latestQuote("EUR_USD")?.bid == amount("1.38694"))
    try desk.placed(.buy())
    desk.quote("999999999", "1000000000")
    #expect(desk.units == "0")
  }

  @Test func `profit in another currency is converted at the mid`() throws {
    var desk = Desk()
    desk.quote("102.10", "102.12", "USD_JPY")
    let yen = OrderIntent(
      instrument: "USD_JPY", side: .buy, units: 1_000, stopLoss: 100, takeProfit: 110)
    try desk.placed(yen)
    #expect(desk.journal.rates["JPY"] == Amount(1).divided(by: amount("102.11")))
    desk.quote("103.12", "103.14", "USD_JPY")
    let fill = try #require(try desk.close("USD_JPY").flatMap { _ in desk.journal.fills.last })
    // 1000 yen at a mid of 103.13.
    #expect(fill.realised == amount("9.6964995637"))
  }

  @Test func `a cross is converted through a third currency`() throws {
    var desk = Desk()
    desk.quote("0.82000", "0.82010", "EUR_GBP")
    let cross = OrderIntent(
      instrument: "EUR_GBP", side: .sell, units: 1_000, stopLoss: amount("0.83"), takeProfit: amount("0.81"))
    try desk.placed(cross)
    desk.quote("1.68", "1.68", "GBP_USD")
    desk.quote("0.80900", "0.80910", "EUR_GBP")
    #expect(desk.journal.fills.last?.realised == amount("16.8"), "10 pounds at 1.68")
  }

  @Test func `a saved rate serves after a restart, before there are quotes`() throws {
    var desk = Desk()
    desk.quote("1.68", "1.68", "GBP_USD")
    desk.quote("0.82000", "0.82010", "EUR_GBP")
    let cross = OrderIntent(
      instrument: "EUR_GBP", side: .sell, units: 1_000, stopLoss: amount("0.83"), takeProfit: amount("0.81"))
    try desk.placed(cross)
    desk = Desk(restoring: desk.journal.snapshot(marketTime: nil), quoted: false)
    desk.quote("0.80900", "0.80910", "EUR_GBP")
    #expect(desk.journal.fills.last?.realised == amount("16.8"))
  }

  @Test func `fees are taken from the balance`() throws {
    var desk = Desk(feeRate: amount("0.0001"))
    try desk.placed(.buy())
    #expect(desk.account?.fees == amount("0.138705"))
    #expect(desk.account?.balance == amount("9999.861295"))
  }

  @Test func `account and positions tell what is held at the latest quotes`() throws {
    var desk = Desk()
    try desk.placed(.buy(1_000))
    desk.quote("1.38800", "1.38810")
    try desk.placed(.buy(3_000))
    let position = try #require(desk.core.positions(strategy: "bot").first)
    #expect(position.units == 4_000 && position.averagePrice == amount("1.3878375"))
    #expect(position.unrealised == amount("0.65"))
    let account = try #require(desk.account)
    #expect(account.equity == amount("10000.65") && account.openOrders == 4 && account.openPositions == 1)
    #expect(account.marginUsed == amount("111.044"))
    #expect(desk.core.account(strategy: nil)?.equity == account.equity)
    #expect(desk.core.account(strategy: "nobody") == nil)
    #expect(desk.core.summaries().map(\.orders) == [6])
  }
}
