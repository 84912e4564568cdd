import BrokerInterface
import Model
import RemoteBroker
import Testing
import Trading

/// One desk at a broker behind a network, step by step.
@Suite("A broker behind a network") struct RemoteDeskTests {
  @Test func `nothing is asked before the line is open and entries are refused until all is compared`() {
    var desk = RemoteDesk(isOpen: false)
    #expect(desk.place() == "broker_disconnected")
    desk.hear(.connected)
    #expect(desk.place() == "reconciling")
    #expect(desk.asked.count == 1)
    desk.answer(.report(AccountReport()))
    #expect(desk.place() == nil)
  }

  @Test func `a lost answer is asked about, and the order is never sent again`() throws {
    var desk = RemoteDesk()
    desk.place()
    desk.answer(.lost("timeout"))
    #expect(desk.order?.state == .unknown)
    desk.wait(3)
    #expect(desk.lastAsked == .find(key: "sim-1"))
    desk.answer(.absent)
    #expect(desk.order?.state == .unknown, "it may still be on its way")
    for _ in 0..<40 where desk.order?.state == .unknown {
      desk.wait(3)
      if desk.lastAsked == .find(key: "sim-1") { desk.answer(.absent) }
    }
    #expect(desk.order?.state == .rejected && desk.order?.reason == "never_arrived")
    #expect(desk.placements == 1)
  }

  @Test func `an order that was lost and found goes on as its broker says`() {
    var desk = RemoteDesk()
    desk.place()
    desk.answer(.lost("timeout"))
    desk.wait(3)
    desk.answer(.order(desk.status("sim-1", .filled, 1_000), [desk.execution("sim-1", 1_000, "a")]))
    #expect(desk.order?.state == .filled)
    #expect(desk.core.positions().first?.units == 1_000)
    #expect(desk.placements == 3, "both exits are placed, each once")
  }

  @Test func `an execution that is told three times is booked once`() {
    var desk = RemoteDesk()
    desk.place()
    let execution = desk.execution("sim-1", 400, "a")
    desk.hear(.execution(execution))
    desk.hear(.execution(execution))
    desk.answer(.order(desk.status("sim-1", .working, 400), [execution]))
    #expect(desk.order?.filledUnits == 400)
    #expect(desk.journal.fills.map(\.executionID) == ["a"])
  }

  @Test func `an order ends after its fills, in whatever order they are told`() {
    var desk = RemoteDesk()
    desk.place()
    desk.hear(.order(desk.status("sim-1", .cancelled(reason: "margin"), 400)))
    #expect(desk.order?.state == .accepted)
    desk.hear(.execution(desk.execution("sim-1", 400, "a")))
    #expect(desk.order?.state == .cancelled && desk.order?.filledUnits == 400)
    #expect(desk.order?.reason == "margin")
  }

  @Test func `a cancellation ends the order when the broker says so, with the desk's reason`() {
    var desk = RemoteDesk()
    desk.place()
    desk.answer(.order(desk.status("sim-1", .working, 0), []))
    desk.take(desk.core.cancel(orderID: "sim-1", by: desk.bot, now: desk.now).changes)
    #expect(desk.order?.state == .pendingCancel)
    desk.answer(.lost("timeout"))
    #expect(desk.order?.state == .pendingCancel)
    desk.wait(3)
    desk.answer(.order(desk.status("sim-1", .cancelled(reason: "by client"), 0), []))
    #expect(desk.order?.state == .cancelled && desk.order?.reason == "requested")
  }

  @Test func `a change that is refused leaves the terms that the broker has`() {
    var desk = RemoteDesk()
    desk.place(limit: "1.09")
    desk.answer(.order(desk.status("sim-1", .working, 0, price: "1.09"), []))
    desk.take(desk.core.modify(orderID: "sim-1", price: Amount("1.08"), by: desk.bot, now: desk.now).changes)
    #expect(desk.order?.state == .pendingUpdate)
    desk.answer(.refused(Refusal("no", "no")))
    #expect(desk.order?.state == .accepted && desk.order?.price == Amount("1.09"))
  }

  @Test func `a trade whose stop is refused again and again is closed`() {
    var desk = RemoteDesk()
    desk.place()
    desk.answer(.order(desk.status("sim-1", .filled, 1_000), [desk.execution("sim-1", 1_000, "a")]))
    for _ in 0..<40 {
      desk.wait(2)
      for request in desk.open {
        if case .place(let order, _) = request.action {
          guard order.role == .stopLoss else {
            desk.answer(.order(desk.status(order.id, .working, 0, price: "1.2"), []), to: request)
            continue
          }
          desk.answer(.refused(Refusal("no", "no stops today")), to: request)
        }
      }
      if desk.journal.orders.values.contains(where: { $0.role == .close }) { break }
    }
    let stops = desk.journal.orders.values.filter { $0.role == .stopLoss }
    #expect(stops.count == 4 && stops.allSatisfy { $0.state == .rejected })
    #expect(desk.journal.orders.values.first { $0.role == .close }?.reason == "unprotected")
  }

  @Test func `a restart asks about every order and books what traded meanwhile once`() {
    var desk = RemoteDesk()
    desk.place()
    desk.hear(.execution(desk.execution("sim-1", 400, "a")))
    desk.restart()
    #expect(desk.place() == "broker_disconnected")
    desk.hear(.connected)
    let both = [desk.execution("sim-1", 400, "a"), desk.execution("sim-1", 600, "b")]
    desk.answer(
      .report(
        AccountReport(
          orders: [desk.status("sim-1", .filled, 1_000)], executions: both,
          positions: [BrokerPosition(instrument: "EUR_USD", units: 1_000, averagePrice: 1)])))
    #expect(desk.order?.state == .filled)
    #expect(desk.journal.fills.map(\.executionID) == ["a", "b"])
    #expect(desk.placements == 1 + 4, "two trades were opened, and each has its exits")
  }

  @Test func `what was done by hand is shown on an account of its own`() {
    var desk = RemoteDesk(isOpen: false)
    desk.hear(.connected)
    var foreign = desk.status("ext.77", .working, 0, price: "1.05")
    foreign.terms.units = 300
    desk.answer(
      .report(
        AccountReport(
          orders: [foreign],
          positions: [BrokerPosition(instrument: "EUR_USD", units: -700, averagePrice: Amount("1.1") ?? 1)])))
    #expect(desk.core.positions(strategy: "external").first?.units == -700)
    #expect(desk.core.openOrders(strategy: "external").first?.clientOrderID == "ext.77")
    #expect(desk.journal.differences == 1)
    #expect(desk.core.account(strategy: "external")?.balance == 0)
  }

  @Test func `both exits may fill, and what that is too much is closed at once`() {
    var desk = RemoteDesk()
    desk.place()
    desk.answer(.order(desk.status("sim-1", .filled, 1_000), [desk.execution("sim-1", 1_000, "a")]))
    desk.hear(.execution(desk.execution("sim-2", 1_000, "b", .sell)))
    desk.hear(.execution(desk.execution("sim-3", 1_000, "c", .sell)))
    #expect(desk.core.positions(strategy: "bot").first?.units == -1_000)
    desk.wait(2)
    let closing = desk.journal.orders.values.first { $0.role == .close }
    #expect(closing?.side == .buy && closing?.units == 1_000 && closing?.reason == "surplus")
  }
}
