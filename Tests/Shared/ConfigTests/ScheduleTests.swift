import Model
import Schedule
import Testing

@testable import Config

@Suite struct ScheduleReadingTests {
  private let start = "name = \"bot\"\ncommand = [\"true\"]\n[schedule]\n"

  private func read(_ text: String, _ sources: ScheduleSources = ScheduleSources()) throws -> Timetable? {
    try StrategyManifest(path: "s/strategy.toml", text: start + text, schedules: sources).schedule
  }

  private func issues(_ text: String, _ sources: ScheduleSources = ScheduleSources()) -> [String] {
    do {
      _ = try read(text, sources)
      return []
    } catch { return (error as? ConfigErrors)?.issues.map(\.description) ?? ["\(error)"] }
  }

  @Test func `a schedule that says everything is read as written`() throws {
    let timetable = try #require(
      try read(
        """
        cron = "30 9 * * MON-FRI"
        timezone = "Europe/Berlin"
        calendar = "nyse"
        missed = "once"
        grace = "90s"
        overlap = "queue"
        jitter = "1500ms"
        max_runtime = "30m"
        """))
    #expect(timetable.definition == "cron 30 9 * * MON-FRI Europe/Berlin nyse")
    #expect(timetable.missed == .once && timetable.grace == 90 && timetable.overlap == .queue)
    #expect(timetable.jitter == 1_500 && timetable.maxRuntime == 1_800)
  }

  @Test func `what is left out has its default, and the calendar's time zone is the schedule's`() throws {
    let plain = try #require(try read("cron = \"@hourly\""))
    #expect(plain.zoneName == "UTC" && plain.calendar == nil && plain.missed == .skip && plain.grace == 300)
    #expect(plain.overlap == .forbid && plain.jitter == 0 && plain.maxRuntime == nil)
    #expect(try read("cron = \"@hourly\"\ncalendar = \"lse\"")?.zoneName == "Europe/London")
    let window = try read("calendar = \"cme_fx\"\nwindow = { square_off = true }")
    #expect(window?.definition == "window session America/Chicago cme_fx")
    #expect(try read("cron = \"@reboot\"")?.trigger == .reboot)
    #expect(try read("cron = \"@START\"")?.trigger == .start)
  }

  @Test(arguments: [
    ("", "3: schedule: says neither when it runs nor when it is open"),
    (
      "cron = \"9:30 * * MON-FRI\"", "4: schedule.cron: \"9:30 * * MON-FRI\" has a time with a colon; did you"
    ),
    ("cron = \"0 0 * * *\"\ntimezone = \"Europe/Berln\"", "5: schedule.timezone: there is no time zone"),
    ("cron = \"0 0 * * *\"\ntimezone = \"Europe/Berln\"", "did you mean \"Europe/Berlin\"?"),
    (
      "cron = \"0 0 * * *\"\ncalendar = \"nsye\"",
      "5: schedule.calendar: there is no calendar \"nsye\", did you"
    ),
    ("cron = \"0 0 * * *\"\ncalendar = \"../x\"", "is no name of a calendar"),
    (
      "cron = \"0 0 * * *\"\nwindow = { open = \"9:30\", close = \"16:00\" }",
      "5: schedule.window: stands beside"
    ),
    ("cron = \"0 0 30 2 *\"", "would never come"),
    (
      "cron = \"0 12 * * SUN\"\ncalendar = \"nyse\"",
      "4: schedule.cron: never comes on a day of the calendar nyse"
    ),
    ("window = { open = \"9:30\" }", "schedule.window.close: is missing: write close = \"16:00\""),
    ("window = { open = \"930\", close = \"16:00\" }", "must be a time like \"09:30\", not \"930\""),
    ("window = { open = \"09:30\", close = \"25:00\" }", "schedule.window.close: must be a time"),
    ("window = { open = \"09:30\", close = \"16:00\", days = \"MO-FR\" }", "schedule.window.days: "),
    ("window = { open = \"09:30\", clse = \"16:00\" }", "did you mean \"close\"?"),
    (
      "overlap = \"queue\"\nwindow = { open = \"09:30\", close = \"16:00\" }",
      "4: schedule.overlap: does not go"
    ),
    (
      "max_runtime = \"1h\"\nwindow = { open = \"09:30\", close = \"16:00\" }",
      "4: schedule.max_runtime: does"
    ),
    ("window = {}\ncalendar = \"crypto\"", "4: schedule.window: has no end"),
    (
      "missed = \"once\"\nwindow = { open = \"09:30\", close = \"16:00\" }",
      "4: schedule.missed: does not go with a window"
    ),
    ("window = { open = \"17:00\" }\ncalendar = \"nyse\"", "4: schedule.window: never comes on a day"),
    ("cron = \"@reboot\"\ncalendar = \"nyse\"", "5: schedule.calendar: does not go with @reboot"),
    ("cron = \"*/5 * * * *\"\njitter = \"5m\"", "5: schedule.jitter: must be shorter than 5m"),
    (
      "window = { open = \"09:30\", close = \"10:00\" }\njitter = \"45m\"", "jitter: must be shorter than 30m"
    ),
    ("cron = \"0 0 * * *\"\nmissed = \"never\"", "must be one of \"skip\", \"once\", \"all\""),
    (
      "cron = \"0 0 * * *\"\n[restart]\npolicy = \"always\"", "6: restart.policy: \"always\" does not go with"
    ),
  ])
  func `a mistake is told with its line and what to write`(text: String, part: String) {
    let found = issues(text)
    #expect(found.contains { $0.contains(part) }, "\(found)")
  }

  @Test func `one that seldom comes is none that never does`() throws {
    // The fourth of July is a holiday each year; the fifth is one in years in which that is a Sunday.
    #expect(issues("cron = \"0 9 4 7 *\"\ncalendar = \"nyse\"").count == 1)
    #expect(issues("cron = \"0 9 5 7 *\"\ncalendar = \"nyse\"").isEmpty)
    #expect(issues("cron = \"* * * * *\"\ncalendar = \"nyse\"\njitter = \"59s\"").isEmpty)
  }

  @Test func `all that is wrong is told at once`() {
    let found = issues(
      """
      cron = "60 9 * * *"
      timezone = "Mars/Olympus"
      calendar = "moon"
      overlap = "wait"
      grace = 5
      window = { open = "x", days = "FUNDAY" }
      """)
    for line in 4...9 {
      #expect(found.contains { $0.hasPrefix("s/strategy.toml:\(line): ") }, "\(line) \(found)")
    }
    #expect(found.count >= 8)
  }

  @Test func `a calendar of one's own goes before the one that is built in`() throws {
    let folder = Folder()
    let text = """
      title     Mine
      source    me
      timezone  Asia/Tokyo
      from      2026-01-01
      to        2039-12-31
      hours     MON-FRI 09:00-15:30
      2026-11-23 closed Labour Thanksgiving Day

      """
    try folder.put("nyse.calendar", text)
    try folder.put("tokyo.calendar", text)
    try folder.put("broken.calendar", text + "2026-13-01 closed Never\n")
    let sources = ScheduleSources(calendars: folder.path)
    #expect(try sources.calendar("nyse").title == "Mine")
    #expect(try sources.calendar("lse").title == "London Stock Exchange")
    #expect(sources.calendarNames.contains("tokyo") && sources.calendarNames.contains("cme_fx"))
    #expect(try read("cron = \"0 9 * * *\"\ncalendar = \"tokyo\"", sources)?.zoneName == "Asia/Tokyo")
    #expect(
      issues("cron = \"0 9 * * *\"\ncalendar = \"broken\"", sources) == [
        "s/strategy.toml:5: schedule.calendar: \(folder.path)/broken.calendar:8: \"2026-13-01\" is neither a date "
          + "like 2026-11-26 nor title, source, timezone, from, to or hours"
      ])
  }

  @Test func `a calendar that ends soon is a warning, and one that has ended is not taken to be open`() throws
  {
    let folder = Folder()
    func put(_ last: String) throws {
      try folder.put(
        "mine.calendar",
        "title X\nsource me\ntimezone UTC\nfrom 2020-01-01\nto \(last)\nhours MON-FRI 09:00-17:00\n")
    }
    func warnings() throws -> [String] {
      try StrategyManifest(
        path: "s/strategy.toml", text: start + "cron = \"0 9 * * *\"\ncalendar = \"mine\"\n",
        schedules: ScheduleSources(calendars: folder.path)
      ).warnings.map(\.description)
    }
    try put("2020-12-31")
    #expect(
      try warnings() == [
        "s/strategy.toml:5: schedule.calendar: the calendar mine ends on 2020-12-31: put a newer mine.calendar into "
          + "the calendars folder; until then it is never due"
      ])
    try put("2999-12-31")
    #expect(try warnings().isEmpty)
  }

  @Test func `every calendar that is built in can be read and reaches five years each way`() throws {
    let sources = ScheduleSources()
    #expect(
      TradingCalendar.builtIn == ["cme_futures", "cme_fx", "crypto", "forex", "lse", "nasdaq", "nyse"])
    for name in TradingCalendar.builtIn {
      let calendar = try sources.calendar(name)
      #expect(calendar.first.year <= 2021 && calendar.last.year >= 2031)
    }
  }
}
