import Model
import Testing
import Trading

@Suite struct OrderDeskTests {
  @Test func `an entry comes back filled, with a trade and both exits working`() throws {
    var desk = Desk()
    let outcome = desk.place(.buy(id: "first").with { $0.quality = 75 })
    let order = try outcome.result.get().order
    #expect(order.id == "paper-1" && order.state == .filled && order.filledUnits == 1_000)
    #expect(order.averagePrice == amount("1.38705") && order.tradeID == 1 && order.mode == .paper)
    let changes = outcome.changes
    #expect(changes.orders.map(\.id) == ["paper-1", "paper-2", "paper-3"])
    #expect(changes.orders.map(\.role) == [.entry, .stopLoss, .takeProfit])
    #expect(changes.orders.map(\.state) == [.filled, .accepted, .accepted])
    #expect(
      changes.orders.dropFirst().allSatisfy { $0.side == .sell && $0.tradeID == 1 && $0.units == 1_000 })
    #expect(changes.fills.map(\.quoteSequence) == [1])
    #expect(changes.trades.map(\.id) == [1])
    #expect(changes.events.map(\.type) == [.ocoPlaced, .orderAccepted, .orderFilled, .positionOpened])
    #expect(desk.core.account(strategy: "bot")?.openOrders == 2)
  }

  @Test func `oco_placed carries exactly the dashboard's fields`() throws {
    var desk = Desk()
    let outcome = desk.place(
      .limitBuy("1.3800", 100).with {
        $0.quality = 75
        $0.timeToLiveSeconds = 7_200
      })
    let event = try #require(outcome.changes.events.first)
    #expect(event.type == .ocoPlaced && event.source == "paper" && event.strategy == "bot")
    #expect(
      event.payload == [
        EventField("order_id", .string("paper-1")), EventField("instrument", .string("EUR_USD")),
        EventField("side", .string("BUY")), EventField("units", .number(100)),
        EventField("entry", .number(amount("1.38"))), EventField("sl", .number(amount("1.37"))),
        EventField("tp", .number(amount("1.40"))), EventField("quality", .int(75)),
        EventField("mode", .string("paper")), EventField("ttl_min", .int(120)),
      ])
  }

  @Test func `when the stop loss fills the take profit is cancelled in the same change set`() throws {
    var desk = Desk()
    try desk.placed(.buy())
    #expect(desk.quote("1.38001", "1.38011").isEmpty)
    let changes = desk.quote("1.37900", "1.37910")
    #expect(changes.orders.map(\.id).sorted() == ["paper-2", "paper-3"])
    #expect(changes.orders.first { $0.id == "paper-2" }?.state == .filled)
    #expect(changes.orders.first { $0.id == "paper-3" }?.state == .cancelled)
    #expect(changes.orders.first { $0.id == "paper-3" }?.reason == "oco")
    #expect(changes.closedTrades == [1])
    #expect(changes.fills.map(\.realised) == [amount("-8.05")], "the gap is paid: (1.379 - 1.38705) × 1000")
    #expect(changes.events.map(\.type).contains(.positionClosed))
    #expect(desk.core.openOrders().isEmpty && desk.core.positions().isEmpty)
    #expect(desk.account?.balance == amount("9991.95"))
  }

  @Test func `a take profit fills at its price`() throws {
    var desk = Desk()
    try desk.placed(.sell())
    let changes = desk.quote("1.37990", "1.38000")
    #expect(changes.fills.map(\.price) == [amount("1.38")])
    #expect(changes.fills.map(\.realised) == [amount("6.94")])
  }

  @Test func `an opposite entry reduces the oldest trades first and opens the rest`() throws {
    var desk = Desk()
    try desk.placed(.buy(1_000))
    try desk.placed(.buy(2_000))
    try desk.placed(.buy(500))
    let outcome = desk.place(.sell(1_600))
    #expect(outcome.changes.closedTrades == [1])
    #expect(outcome.changes.trades.map(\.id) == [2])
    #expect(outcome.changes.trades.map(\.units) == [1_400])
    #expect(outcome.changes.fills.map(\.tradeID) == [2])
    let exits = desk.core.openOrders().filter { $0.tradeID == 2 }
    #expect(exits.count == 2 && exits.allSatisfy { $0.remainingUnits == 1_400 })
    let turned = try desk.placed(.sell(2_400))
    #expect(desk.units == "-500")
    #expect(turned.tradeID == 4)
    #expect(desk.core.openOrders().map(\.side) == [.buy, .buy])
    #expect(desk.core.openOrders().allSatisfy { $0.units == 500 })
  }

  @Test func `an exit closes only its own trade`() throws {
    var desk = Desk()
    try desk.placed(.buy(1_000, sl: "1.37"))
    try desk.placed(.buy(2_000, sl: "1.386"))
    #expect(desk.quote("1.3859", "1.3860").closedTrades == [2])
    #expect(desk.units == "1000")
  }

  @Test func `closing a position ends its exits`() throws {
    var desk = Desk()
    #expect(try desk.close() == nil)
    try desk.placed(.buy(1_000))
    try desk.placed(.buy(2_000))
    let order = try #require(try desk.close())
    #expect(order.role == .close && order.state == .filled && order.units == 3_000)
    #expect(desk.core.openOrders().isEmpty)
    #expect(desk.journal.orders.values.allSatisfy { $0.state.isFinal })
  }

  @Test func `a stop loss between bid and entry is paid at once`() throws {
    var desk = Desk()
    let outcome = desk.place(.buy(sl: "1.38700"))
    #expect(outcome.changes.fills.map(\.role) == [.entry, .stopLoss])
    #expect(outcome.changes.closedTrades == [1])
    #expect(desk.units == "0")
  }

  @Test func `the same client order id and intent give the first order`() throws {
    var desk = Desk()
    let first = try desk.placed(.buy(id: "a"))
    let again = desk.place(.buy(id: "a").with { $0.tag = "other" })
    #expect(try again.result.get() == Placement(order: first, isDuplicate: true))
    #expect(again.changes.isEmpty)
    #expect(desk.refusal(.buy(2_000, id: "a")) == "client_order_id_reused")
    desk.journal.take(
      desk.core.register("other", generation: 1, capabilities: StrategyCapabilities(), now: desk.now))
    try desk.placed(.buy(id: "a"), by: Trader(strategy: "other", generation: 1))
  }

  @Test func `a duplicate is recognised after a modification, a restart and a long time`() throws {
    struct Rows: DeskLookup {
      let orders: [Order]
      func order(strategy: String, clientOrderID: String) -> Order? {
        orders.first { $0.strategy == strategy && $0.clientOrderID == clientOrderID }
      }
      func order(id: String) -> Order? { orders.first { $0.id == id } }
    }
    let intent = OrderIntent.limitBuy("1.38").with { $0.clientOrderID = "a" }
    var desk = Desk()
    let order = try desk.placed(intent)
    try desk.modify(order.id, price: "1.381", sl: "1.372", tp: "1.41")
    #expect(try desk.place(intent).result.get().isDuplicate)
    try desk.cancel(order.id)
    let rows = desk.journal.orders.values.sorted { $0.number < $1.number }
    desk = Desk(restoring: desk.journal.snapshot(marketTime: desk.core.marketTime))
    #expect(try desk.place(intent).result.get().isDuplicate)
    desk = Desk(
      settings: TradingSettings(rememberedOrders: 0),
      restoring: TradingSnapshot(hasOlderOrders: true, nextOrderNumber: 10), lookup: Rows(orders: rows))
    #expect(try desk.place(intent).result.get().isDuplicate)
    #expect(desk.refusal(intent.with { $0.units = 7 }) == "client_order_id_reused")
    #expect(throws: Refusal.self) { try desk.cancel("paper-1") }
  }

  @Test func `nothing is placed while the journal cannot tell whether it was before`() throws {
    struct Unreadable: DeskLookup {
      func order(strategy: String, clientOrderID: String) throws(LookupFailure) -> Order? {
        throw LookupFailure("disk I/O error")
      }
      func order(id: String) throws(LookupFailure) -> Order? { throw LookupFailure("disk I/O error") }
    }
    var desk = Desk(
      restoring: TradingSnapshot(hasOlderOrders: true, nextOrderNumber: 10), lookup: Unreadable())
    #expect(desk.refusal(.buy(id: "a")) == "journal_unreadable")
    #expect(throws: Refusal.self) { try desk.cancel("paper-1") }
    try desk.placed(.buy())
  }

  @Test func `a refusal that repeats is journaled once a second, with how often it came`() {
    var desk = Desk()
    func refused(_ desk: inout Desk, _ intent: OrderIntent) -> [DeskEvent] {
      desk.place(intent).changes.events
    }
    let bad = OrderIntent.buy(sl: nil)
    let first = refused(&desk, bad)
    #expect(first.map(\.type) == [.orderRejected] && first.first?["repeated"] == nil)
    for _ in 0..<1_000 {
      #expect(desk.refusal(bad) == "oco_required")
      #expect(desk.place(bad).changes.isEmpty)
    }
    // Another reason, and another strategy, have a second of their own.
    #expect(refused(&desk, .buy(sl: "1.39")).count == 1)
    desk.journal.take(
      desk.core.register("other", generation: 1, capabilities: StrategyCapabilities(), now: desk.now))
    #expect(desk.place(bad, by: Trader(strategy: "other", generation: 1)).changes.events.count == 1)
    desk.second += 1
    #expect(refused(&desk, bad).first?["repeated"] == .int(2_000))
    desk.second += 1
    let last = refused(&desk, bad)
    #expect(last.count == 1 && last.first?["repeated"] == nil)
  }

  @Test func `memory keeps open orders and a bounded number of final ones`() throws {
    var desk = Desk(settings: TradingSettings(rememberedOrders: 5))
    let open = try desk.placed(.limitBuy("1.37", sl: "1.36"))
    for _ in 0..<20 {
      try desk.placed(.buy(10))
      try desk.close()
    }
    #expect(desk.core.recentOrders().count == 6)
    #expect(desk.core.recentOrders().contains { $0.id == open.id })
    #expect(desk.core.snapshot.hasOlderOrders)
  }

  @Test func `a pending entry expires at market time`() throws {
    var desk = Desk(settings: TradingSettings(timeToLiveSeconds: 60))
    let first = try desk.placed(.limitBuy("1.38"))
    let second = try desk.placed(.limitBuy("1.38").with { $0.timeToLiveSeconds = 90 })
    #expect(first.expires == desk.now.advanced(seconds: 60))
    #expect(desk.quote("1.38694", "1.38705", after: 59).isEmpty)
    #expect(desk.quote("1.37900", "1.37910", after: 1).orders.first?.state == .expired)
    #expect(desk.journal.orders[second.number]?.state == .filled)
    let third = try desk.placed(.limitBuy("1.375"))
    let changes = desk.core.advance(to: desk.now.advanced(seconds: 60))
    #expect(changes.orders.map(\.id) == [third.id] && changes.orders.first?.reason == "ttl")
    #expect(changes.events.map(\.type) == [.orderExpired])
  }

  @Test func `modify reaches entries, and through a filled entry the exits of its trade`() throws {
    var desk = Desk()
    let entry = try desk.placed(.buy())
    let modified = try desk.modify(entry.id, sl: "1.385", tp: "1.39")
    #expect(modified.stopLoss == amount("1.385") && modified.takeProfit == amount("1.39"))
    let trade = try #require(desk.core.positions().first?.trades.first)
    #expect(trade.stopLoss == amount("1.385") && trade.takeProfit == amount("1.39"))
    #expect(throws: Refusal.self) { try desk.modify(entry.id, sl: "1.387") }
    #expect(throws: Refusal.self) { try desk.modify(entry.id, tp: "1.386") }
    #expect(throws: Refusal.self) { try desk.modify(entry.id) }
    #expect(throws: Refusal.self) { try desk.modify("paper-99", sl: "1.38") }
    #expect(throws: Refusal.self) { try desk.modify(entry.id, sl: "1.3800001") }
    let exit = try #require(trade.trade.stopLossOrderID)
    #expect(throws: Refusal.self) { try desk.cancel(exit) }
    #expect(desk.quote("1.38500", "1.38510").closedTrades == [1])
    #expect(throws: Refusal.self) { try desk.modify(entry.id, sl: "1.38") }
  }

  @Test func `modifying a working entry to a marketable price fills it`() throws {
    var desk = Desk()
    let order = try desk.placed(.limitBuy("1.38"))
    #expect(try desk.modify(order.id, price: "1.39").state == .filled)
    #expect(desk.units == "1000")
  }

  @Test func `nobody reaches another strategy's orders`() throws {
    var desk = Desk()
    let order = try desk.placed(.limitBuy("1.38"))
    let other = Trader(strategy: "other", generation: 1)
    let outcome = desk.core.cancel(orderID: order.id, by: other, now: desk.now)
    #expect(throws: Refusal.self) { try outcome.result.get() }
    for id in ["paper-", "paper-x", "paper-+1", "paper-01", "other-1", "", "paper-99999999999999999999"] {
      #expect(throws: Refusal.self) { try desk.cancel(id) }
    }
  }

  @Test func `working reductions shrink and end with the position`() throws {
    var desk = Desk()
    try desk.placed(.buy(3_000))
    let reducing = try desk.placed(.reduce(.sell, 2_000, limit: "1.39"))
    try desk.placed(.reduce(.sell, 2_500))
    #expect(desk.journal.orders[reducing.number]?.units == 500)
    desk.quote("1.39000", "1.39010")
    #expect(desk.units == "0")
    #expect(desk.journal.orders[reducing.number]?.state == .filled)
    try desk.placed(.buy(1_000, sl: "1.385"))
    let second = try desk.placed(.reduce(.sell, 1_000, limit: "1.395"))
    desk.quote("1.38400", "1.38410")
    #expect(desk.journal.orders[second.number]?.reason == "nothing_to_reduce")
  }
}
