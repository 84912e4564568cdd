import Model
import Testing

@testable import Schedule

@Suite struct SquareOffHoursTests {
  private func window(_ hours: SquareOffHours, _ text: String) throws -> [String] {
    let second = try #require(Timestamp(text)).nanoseconds / 1_000_000_000
    let found = hours.window(endingAfter: second)
    return [found.start, found.end].map {
      String(Timestamp(nanoseconds: $0 * 1_000_000_000).description.prefix(16))
    }
  }

  private func hours(_ time: String, resume: String? = nil, zone name: String = "America/New_York") throws
    -> SquareOffHours
  {
    try SquareOffHours(time: time, resume: resume, zoneName: name, zone: zone(name), calendar: nil)
  }

  private func hours(_ time: String, _ calendar: String) throws -> SquareOffHours {
    let text = try #require(TradingCalendar.builtIn(calendar))
    let found = try TradingCalendar(name: calendar, text: text) { try? zone($0) }
    return try SquareOffHours(time: time, resume: nil, zoneName: "UTC", zone: .utc, calendar: found)
  }

  @Test func `each day has a window by the clocks of its zone`() throws {
    let hours = try hours("16:55", resume: "17:05")
    #expect(try window(hours, "2026-01-10T00:00:00Z") == ["2026-01-10T21:55", "2026-01-10T22:05"])
    #expect(try window(hours, "2026-07-10T21:00:00Z") == ["2026-07-10T20:55", "2026-07-10T21:05"])
    #expect(try window(hours, "2026-07-10T21:05:00Z") == ["2026-07-11T20:55", "2026-07-11T21:05"])
  }

  @Test func `a window may go over midnight, and ends at midnight by itself`() throws {
    let over = try hours("22:00", resume: "06:00", zone: "UTC")
    #expect(try window(over, "2026-01-10T03:00:00Z") == ["2026-01-09T22:00", "2026-01-10T06:00"])
    let alone = try hours("22:00", zone: "UTC")
    #expect(try window(alone, "2026-01-10T03:00:00Z") == ["2026-01-10T22:00", "2026-01-11T00:00"])
  }

  @Test func `a calendar has no window without a session, and an earlier one before an early close`() throws {
    let hours = try hours("15:55", "nyse")
    #expect(try window(hours, "2026-06-10T15:00:00Z") == ["2026-06-10T19:55", "2026-06-11T13:30"])
    // The day after Thanksgiving closes at 13:00, and the weekend follows.
    #expect(try window(hours, "2026-11-27T15:00:00Z") == ["2026-11-27T17:55", "2026-11-30T14:30"])
    #expect(try window(hours, "2026-11-29T12:00:00Z") == ["2026-11-27T17:55", "2026-11-30T14:30"])
  }

  @Test func `sessions that follow each other without a break are ready again at once`() throws {
    let hours = try hours("16:55", "forex")
    #expect(try window(hours, "2026-06-10T12:00:00Z") == ["2026-06-10T20:55", "2026-06-10T21:00"])
    // Friday's lasts until Sunday evening.
    #expect(try window(hours, "2026-06-12T12:00:00Z") == ["2026-06-12T20:55", "2026-06-14T21:00"])
  }

  @Test(arguments: ["", "24:00", "7", "16:60", "noon"])
  func `what is no time of day is refused`(text: String) {
    #expect(throws: SquareOffHours.Mistake.self) { try self.hours(text, zone: "UTC") }
  }
}
