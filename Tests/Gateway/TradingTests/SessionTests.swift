import Model
import Schedule
import Testing
import Trading

/// Squaring off by the market's hours, on Friday the 2nd of May 2014 and the days after it, in UTC.
@Suite struct SessionTests {
  static func settings(_ time: String = "16:55", resume: String? = nil) throws -> TradingSettings {
    let hours = try SquareOffHours(time: time, resume: resume, zoneName: "UTC", zone: .utc, calendar: nil)
    return TradingSettings(squareOff: ["EUR_USD": hours])
  }

  static func at(_ text: String) throws -> Int64 {
    try #require(Timestamp("2014-05-\(text)Z")).nanoseconds / 1_000_000_000
  }

  static func desk(at text: String, resume: String? = nil, snapshot: TradingSnapshot? = nil) throws -> Desk {
    var desk = Desk(settings: try settings(resume: resume), restoring: snapshot, quoted: false)
    desk.second = try at(text)
    desk.quote("1.38694", "1.38705", after: 0)
    return desk
  }

  @Test func `positions are closed at the time, entries cancelled and refused until it is over`() throws {
    var desk = try Self.desk(at: "02T16:54:50", resume: "17:05")
    try desk.placed(.buy())
    let pending = try desk.placed(.limitBuy("1.38"))
    let changes = desk.quote("1.38800", "1.38811", after: 15)
    #expect(changes.fills.map(\.price) == [amount("1.38694")], "at the quote before the time")
    #expect(changes.orders.first { $0.role == .close }?.reason == "square_off")
    #expect(desk.journal.orders[pending.number]?.reason == "square_off")
    #expect(changes.events.contains { $0.type == .sessionSquareOff && $0["units"] == .number(1_000) })
    #expect(desk.refusal(.buy()) == "square_off")
    #expect(desk.core.openOrders().isEmpty)
    desk.second = try Self.at("02T17:04:59")
    #expect(desk.refusal(.limitBuy("1.38")) == "square_off")
    desk.second = try Self.at("02T17:05:00")
    desk.quote("1.38800", "1.38811", after: 0)
    try desk.placed(.buy())
    desk.second = try Self.at("03T16:56:00")
    #expect(desk.quote("1.38800", "1.38811", after: 0).fills.count == 1, "and again the next day")
  }

  @Test func `without a time to go on, trading begins again at midnight`() throws {
    var desk = try Self.desk(at: "02T17:00:00")
    #expect(desk.refusal(.buy()) == "square_off")
    desk.second = try Self.at("03T00:00:00")
    desk.quote("1.38694", "1.38705", after: 0)
    #expect(desk.refusal(.buy()) == nil)
  }

  @Test func `it is done at the time without any quote, and other instruments stay`() throws {
    var desk = try Self.desk(at: "02T16:50:00")
    desk.quote("1.69000", "1.69010", "GBP_USD")
    try desk.placed(.buy())
    try desk.placed(
      OrderIntent(
        instrument: "GBP_USD", side: .sell, units: 10, stopLoss: amount("1.8"), takeProfit: amount("1.6")))
    desk.second = try Self.at("02T16:55:00")
    let changes = desk.core.advance(to: desk.now)
    desk.journal.take(changes)
    #expect(changes.fills.map(\.instrument) == ["EUR_USD"])
    #expect(desk.core.positions().map(\.instrument) == ["GBP_USD"])
  }

  @Test func `a gateway that starts inside of the time closes at the first quote`() throws {
    var desk = try Self.desk(at: "02T16:50:00")
    try desk.placed(.buy())
    desk = Desk(settings: try Self.settings(), restoring: desk.core.snapshot, quoted: false)
    desk.second = try Self.at("02T17:30:00")
    #expect(desk.core.advance(to: desk.now).fills.isEmpty)
    #expect(desk.quote("1.38100", "1.38111", after: 5).fills.map(\.price) == [amount("1.381")])
  }

  @Test func `what only reduces passes, and more units of what works do not`() throws {
    var desk = try Self.desk(at: "02T16:50:00")
    let order = try desk.placed(.limitBuy("1.38"))
    desk.second = try Self.at("02T16:56:00")
    #expect(throws: Refusal.self) { try desk.modify(order.id, units: 2_000) }
    #expect(desk.refusal(.reduce(.sell, 10)) == "nothing_to_reduce")
  }
}
