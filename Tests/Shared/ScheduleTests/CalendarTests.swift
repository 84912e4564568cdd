import Model
import Testing

@testable import Schedule

/// A calendar that is built in.
func calendar(_ name: String) throws -> TradingCalendar {
  try TradingCalendar(name: name, text: #require(TradingCalendar.builtIn(name))) { try? zone($0) }
}

/// `2026-11-27 09:30-13:00`, or why not.
private func text(_ slot: Slot?) -> String {
  guard let slot else { return "none" }
  func local(_ second: Int64) -> String {
    let wall = Timestamp(nanoseconds: (second + slot.offset) * 1_000_000_000).description
    return wall.prefix(10) + " " + wall.dropFirst(11).prefix(5)
  }
  switch slot.verdict {
  case .due: return local(slot.second) + (slot.closes.map { "-" + local($0).suffix(5) } ?? "")
  case .skipped(let reason): return local(slot.second) + " " + reason.sentence
  }
}

/// The next slots of a timetable in words.
private func slots(_ timetable: Timetable, from: String, count: Int) throws -> [String] {
  var after = try second(from)
  var found: [String] = []
  for _ in 0..<count {
    guard let slot = try timetable.slot(after: after) else { break }
    found.append(text(slot))
    after = slot.second
  }
  return found
}

@Suite struct CalendarTests {
  private func nyse(_ cron: String) throws -> Timetable {
    let calendar = try calendar("nyse")
    return Timetable(
      .cron(try CronExpression(cron)), zone: calendar.zone, zoneName: calendar.zoneName, calendar: calendar)
  }

  @Test func `slots on holidays are skipped by name, and so are weekends`() throws {
    #expect(
      try slots(nyse("30 9 * * *"), from: "2026-11-25T20:00:00Z", count: 4) == [
        "2026-11-26 09:30 holiday: Thanksgiving Day", "2026-11-27 09:30",
        "2026-11-28 09:30 no session on a Saturday", "2026-11-29 09:30 no session on a Sunday",
      ])
  }

  @Test func `what would be inside of the usual hours is skipped after an early close, what is later is not`()
    throws
  {
    #expect(
      try slots(nyse("59 12 27 11 *"), from: "2026-11-01T00:00:00Z", count: 1) == ["2026-11-27 12:59"])
    #expect(
      try slots(nyse("0 13,15,16 27 11 *"), from: "2026-11-01T00:00:00Z", count: 3) == [
        "2026-11-27 13:00 after the early close at 13:00", "2026-11-27 15:00 after the early close at 13:00",
        "2026-11-27 16:00",
      ])
  }

  @Test func `a late open skips what is before it`() throws {
    let late = try TradingCalendar(
      name: "x",
      text: """
        title  X
        source none
        timezone UTC
        from 2026-01-01
        to 2026-12-31
        hours MON-FRI 09:30-16:00
        2026-11-27 11:00-16:00 Fog
        """
    ) { _ in .utc }
    let timetable = Timetable(.cron(try CronExpression("0 9-11 27 11 *")), calendar: late)
    #expect(
      try slots(timetable, from: "2026-11-01T00:00:00Z", count: 3) == [
        "2026-11-27 09:00", "2026-11-27 10:00 before the late open at 11:00", "2026-11-27 11:00",
      ])
    let window = Timetable(
      .window(try SessionWindow(open: "10:00", close: "15:00", days: "5")), calendar: late)
    #expect(try slots(window, from: "2026-11-26T00:00:00Z", count: 1) == ["2026-11-27 11:00-15:00"])
    let short = Timetable(.window(try SessionWindow(open: "09:30", close: "10:30")), calendar: late)
    #expect(
      try slots(short, from: "2026-11-26T23:00:00Z", count: 1) == [
        "2026-11-27 09:30 before the late open at 11:00"
      ])
    let session = try #require(
      try Timetable(.window(try SessionWindow()), calendar: late).slot(after: second("2026-11-26T20:00:00Z")))
    #expect(session.remark == "opens late at 11:00 (Fog)")
  }

  @Test func `futures are open from the evening before, and have a break each day`() throws {
    let calendar = try calendar("cme_futures")
    let timetable = Timetable(
      .cron(try CronExpression("30 16,17 * * *")), zone: calendar.zone, calendar: calendar)
    // Wednesday evening before Thanksgiving, Thursday's early close at noon, Friday's.
    #expect(
      try slots(timetable, from: "2026-11-25T22:00:00Z", count: 8) == [
        "2026-11-25 16:30", "2026-11-25 17:30", "2026-11-26 16:30", "2026-11-26 17:30", "2026-11-27 16:30",
        "2026-11-27 17:30", "2026-11-28 16:30 no session on a Saturday",
        "2026-11-28 17:30 no session on a Saturday",
      ])
    // Sunday afternoon there is none yet; Christmas is closed from the evening before.
    #expect(
      try slots(timetable, from: "2026-11-29T12:00:00Z", count: 2) == [
        "2026-11-29 16:30 no session on a Sunday", "2026-11-29 17:30",
      ])
    #expect(
      try slots(timetable, from: "2026-12-24T22:00:00Z", count: 3) == [
        "2026-12-24 16:30", "2026-12-24 17:30 holiday: Christmas Day",
        "2026-12-25 16:30 holiday: Christmas Day",
      ])
  }

  @Test func `a calendar says aloud that it has ended, and when that is`() throws {
    let timetable = try nyse("30 9 * * *")
    let error = #expect(throws: CalendarError.self) {
      _ = try timetable.slot(after: second("2032-01-01T00:00:00Z"))
    }
    #expect(try error?.second == second("2032-01-01T14:30:00Z"))
    #expect(error?.description.contains("the calendar nyse ends on 2031-12-31") == true)
    let early = #expect(throws: CalendarError.self) {
      _ = try timetable.slot(after: second("2020-12-30T00:00:00Z"))
    }
    #expect(early?.word == "calendar_not_begun")
    // What is told once is passed over when one looks on from there.
    #expect(
      try slots(timetable, from: "2020-12-31T14:30:00Z", count: 1) == [
        "2021-01-01 09:30 holiday: New Year's Day"
      ])
  }

  @Test(arguments: [
    ("hours MON-FRI 09:30", "line 6: hours are written like"), ("hours FOO 09:30-16:00", "line 6: hours are"),
    ("2026-11-31 closed Never", "line 6: \"2026-11-31\" is neither a date"),
    ("2026-11-27 clsed X", "line 6: 2026-11-27 is \"closed\" or has hours like"),
    ("2026-11-27 closed", "line 6: 2026-11-27 has no name"),
    ("title again", "line 6: title stands there twice"),
    (
      "hours * 00:00-24:00\n2027-01-01 closed Later", "2027-01-01 is outside of from 2026-01-01 to 2026-12-31"
    ),
    ("holiday 5", "line 6: \"holiday\" is neither a date"), ("# only a remark", "hours are missing"),
  ])
  func `a mistake in a calendar's file is told with its line`(line: String, part: String) {
    let text = "title X\nsource me\ntimezone UTC\nfrom 2026-01-01\nto 2026-12-31\n" + line
    let error = #expect(throws: CalendarFileError.self) {
      _ = try TradingCalendar(name: "x", text: text) { _ in .utc }
    }
    #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
  }
}

@Suite struct WindowTests {
  private func window(
    _ open: String?, _ close: String?, days: String = "*", _ name: String = "UTC",
    calendar: TradingCalendar? = nil
  ) throws -> Timetable {
    Timetable(
      .window(try SessionWindow(open: open, close: close, days: days)),
      zone: name == "UTC" ? .utc : try zone(name), zoneName: name, calendar: calendar)
  }

  @Test func `a window opens and closes by the clocks of its zone`() throws {
    #expect(
      try slots(
        window("09:30", "16:00", days: "MON-FRI", "America/New_York"), from: "2026-11-20T12:00:00Z", count: 2)
        == ["2026-11-20 09:30-16:00", "2026-11-23 09:30-16:00"])
  }

  @Test func `one that closes not after it opens closes the next day`() throws {
    #expect(
      try slots(window("22:00", "04:00", days: "FRI"), from: "2026-11-20T23:00:00Z", count: 1)
        == ["2026-11-27 22:00-04:00"])
    let whole = try #require(try window("17:00", "17:00").slot(after: 0))
    #expect(whole.closes == whole.second + 86_400)
    #expect(
      try slots(window("18:00", "24:00"), from: "2026-11-20T12:00:00Z", count: 1) == [
        "2026-11-20 18:00-00:00"
      ])
  }

  @Test func `gaps and folds move its ends, and swallow what is inside of a gap`() throws {
    let zone = "America/New_York"
    func hours(_ open: String, _ close: String, _ day: String) throws -> Int64? {
      let slot = try window(open, close, zone).slot(after: second("\(day)T04:30:00Z"))
      return slot.flatMap { slot in slot.closes.map { $0 - slot.second } }
    }
    #expect(try hours("01:00", "05:00", "2026-03-08") == 3 * 3_600)
    #expect(try hours("02:30", "05:00", "2026-03-08") == 2 * 3_600)
    #expect(try hours("00:30", "02:30", "2026-03-08") == 90 * 60)
    #expect(try hours("01:00", "05:00", "2026-11-01") == 5 * 3_600)
    // The first time that it is half past one.
    #expect(try hours("00:30", "01:30", "2026-11-01") == 3_600)
    let swallowed = try window("02:10", "02:50", zone).slot(after: second("2026-03-08T05:00:00Z"))
    #expect(swallowed?.verdict == .skipped(.swallowed))
    #expect(swallowed?.shift == .moved)
  }

  @Test func `a calendar closes it early and skips its holidays`() throws {
    let nyse = try calendar("nyse")
    let ny = "America/New_York"
    #expect(
      try slots(
        window("09:30", "16:00", days: "MON-FRI", ny, calendar: nyse), from: "2026-11-25T20:00:00Z", count: 3)
        == ["2026-11-26 09:30 holiday: Thanksgiving Day", "2026-11-27 09:30-13:00", "2026-11-30 09:30-16:00"])
    #expect(
      try slots(
        window("14:00", "15:00", days: "FRI", ny, calendar: nyse), from: "2026-11-25T20:00:00Z", count: 1)
        == ["2026-11-27 14:00 after the early close at 13:00"])
    let early = try window(nil, nil, ny, calendar: nyse).slot(after: second("2026-11-27T00:00:00Z"))
    #expect(early?.remark == "closes early at 13:00 (Day after Thanksgiving)")
  }

  @Test func `without times of its own it follows the sessions`() throws {
    let nyse = try calendar("nyse")
    let ny = "America/New_York"
    // Weekends are no slots: nothing is usual there.
    #expect(
      try slots(window(nil, nil, ny, calendar: nyse), from: "2026-11-25T20:00:00Z", count: 3)
        == ["2026-11-26 09:30 holiday: Thanksgiving Day", "2026-11-27 09:30-13:00", "2026-11-30 09:30-16:00"])
    #expect(
      try slots(window("10:00", nil, ny, calendar: nyse), from: "2026-11-26T20:00:00Z", count: 1)
        == ["2026-11-27 10:00-13:00"])
    #expect(
      try slots(window(nil, "12:00", days: "FRI", ny, calendar: nyse), from: "2026-11-26T20:00:00Z", count: 2)
        == ["2026-11-27 09:30-12:00", "2026-12-04 09:30-12:00"])
    let fx = try calendar("cme_fx")
    #expect(
      try slots(window("18:00", nil, "America/Chicago", calendar: fx), from: "2026-11-21T20:00:00Z", count: 2)
        == ["2026-11-22 18:00-16:00", "2026-11-23 18:00-16:00"])
    #expect(
      try slots(window(nil, nil, "UTC", calendar: calendar("crypto")), from: "2026-11-21T20:00:00Z", count: 2)
        == ["2026-11-22 00:00-00:00", "2026-11-23 00:00-00:00"])
  }

  @Test func `sessions without a break between them are one window, which a holiday divides`() throws {
    let ny = "America/New_York"
    func length(_ timetable: Timetable, _ from: String) throws -> [Int64] {
      var after = try second(from)
      return try (0..<3).compactMap { _ in
        guard let slot = try timetable.slot(after: after) else { return nil }
        after = slot.second
        return slot.closes.map { ($0 - slot.second) / 3_600 }
      }
    }
    #expect(
      try length(window(nil, nil, ny, calendar: calendar("forex")), "2026-11-21T00:00:00Z") == [
        120, 120, 120,
      ])
    // From within the week the next one is found, the one before whose Sunday the clocks are set back.
    #expect(
      try length(window(nil, nil, ny, calendar: calendar("forex")), "2026-10-27T00:00:00Z") == [
        120, 120, 120,
      ])
    #expect(
      try length(window(nil, nil, days: "MON-WED", ny, calendar: calendar("forex")), "2026-11-21T00:00:00Z")
        == [72, 72, 72])
    let text = try #require(TradingCalendar.builtIn("forex")) + "2026-12-25 closed Christmas Day\n"
    let broker = try TradingCalendar(name: "broker", text: text) { try? zone($0) }
    #expect(
      try slots(window(nil, nil, ny, calendar: broker), from: "2026-12-19T00:00:00Z", count: 3) == [
        "2026-12-20 17:00-17:00", "2026-12-24 17:00 holiday: Christmas Day", "2026-12-27 17:00-17:00",
      ])
    // A time of its own divides them.
    #expect(
      try length(window(nil, "16:00", ny, calendar: calendar("forex")), "2026-11-21T00:00:00Z") == [
        23, 23, 23,
      ])
  }

  @Test func `sessions beyond the calendar's end are told, not guessed`() throws {
    let timetable = try window(nil, nil, "America/New_York", calendar: calendar("nyse"))
    let error = #expect(throws: CalendarError.self) {
      _ = try timetable.slot(after: second("2031-12-31T21:00:00Z"))
    }
    #expect(try error?.second == second("2032-01-01T14:30:00Z"))
  }

  @Test(arguments: [
    ("9", "16:00", "*", "open"), ("24:00", "16:00", "*", "open"), ("09:30", "16:60", "*", "close"),
    ("09:30", "16:00", "MON FRI", "days"), ("09:30", "16:00", "", "days"), ("-1:30", "16:00", "*", "open"),
  ])
  func `a mistake names its key`(open: String, close: String, days: String, key: String) {
    let error = #expect(throws: SessionWindow.Mistake.self) {
      _ = try SessionWindow(open: open, close: close, days: days)
    }
    #expect(error?.key == key)
  }
}
