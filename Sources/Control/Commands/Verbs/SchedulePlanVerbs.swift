import ArgumentParser
import Config
import Model
import Schedule
import Wire

/// What a strategy's schedule will do; asks no daemon for it.
struct SchedulePreviewVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "preview",
    abstract: "Show a strategy's next slots, and which of them are skipped and why; needs no daemon.",
    discussion: """
      What is shown is worked out from the manifest: local time and UTC, what daylight saving does, holidays and \
      early closes of its calendar, and by how much its jitter puts off each start.

        rbotctl schedule preview opening-range --count 20
        rbotctl schedule preview ./my-bot --from 2026-11-25T00:00:00Z
      """)
  static let needsDaemon = false

  @ParentCommand var group: ScheduleVerb
  @Argument(
    help: "A strategy, or the path of its folder or manifest.", completion: StrategyNames.completion)
  var strategy: String
  @Option(help: "How many slots to show, at most 10000.") var count = 10
  @Option(help: ArgumentHelp("From when on (RFC 3339); now without it.", valueName: "time")) var from: String?
  @OptionGroup var connection: ConnectionOptions

  var parent: Rbotctl { group.root }

  func validate() throws {
    try FiringQuestion.check(count: count)
    if let from, Timestamp(from) == nil {
      throw ValidationError("--from takes a time like 2026-03-08T00:00:00Z, not \(from)")
    }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let schedule = try await NamedTimetable.find(strategy, session)
    let start = from.flatMap { Timestamp($0) } ?? session.page.now
    let view = SlotView(
      schedule: schedule, slots: schedule.slots(after: start.nanoseconds / 1_000_000_000, count: count),
      page: session.page)
    try session.show(view.json) { _ in view.lines }
    return .done
  }
}

/// A market's days; asks no daemon for them.
struct ScheduleCalendarVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "calendar",
    abstract: "Show the sessions and holidays of a trading calendar, or which there are; needs no daemon.",
    discussion: """
        rbotctl schedule calendar                     which there are
        rbotctl schedule calendar nyse                the next two weeks
        rbotctl schedule calendar lse --unusual --from 2026-01-01 --to 2026-12-31
      """)
  static let needsDaemon = false
  private static let daysByDefault: Int64 = 14

  @ParentCommand var group: ScheduleVerb
  @Argument(help: "The calendar's name.", completion: .list(TradingCalendar.builtIn)) var name: String?
  @Option(help: ArgumentHelp("The first day; today without it.", valueName: "date")) var from: String?
  @Option(help: ArgumentHelp("The last day; two weeks from the first without it.", valueName: "date")) var to:
    String?
  @Flag(help: "Only holidays, early closes and late opens.") var unusual = false
  @OptionGroup var connection: ConnectionOptions

  var parent: Rbotctl { group.root }

  func validate() throws {
    for (option, text) in [("--from", from), ("--to", to)] {
      if let text, CivilDate(text: text) == nil {
        throw ValidationError("\(option) takes a day like 2026-11-26, not \(text)")
      }
    }
    if name == nil, from != nil || to != nil || unusual { throw ValidationError("name a calendar first") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let sources = ScheduleSources(calendars: await session.calendarFolder())
    do {
      if let name {
        let view = CalendarView(
          calendar: try sources.calendar(name),
          days: try days(sources.calendar(name), now: session.page.now), page: session.page)
        try session.show(view.json) { _ in view.lines }
      } else {
        let all = sources.calendarNames
        var found: [TradingCalendar] = []
        for name in all {
          // One that is broken keeps none of the others from being shown.
          do { found.append(try sources.calendar(name)) } catch { session.complain(error.description) }
        }
        let view = CalendarsView(calendars: found, page: session.page)
        try session.show(view.json) { _ in view.lines }
        return found.count == all.count ? .done : .refused
      }
    } catch let error as ScheduleSources.Missing {
      throw Failure(.refused, "unknown_calendar", error.description)
    } catch let error as CalendarError {
      throw Failure(.refused, error.word, error.description)
    }
    return .done
  }

  private func days(_ calendar: TradingCalendar, now: Timestamp) throws -> [(
    date: CivilDate, day: TradingDay
  )] {
    let second = now.nanoseconds / 1_000_000_000
    let today = CivilDate(
      daysSinceEpoch: (second + calendar.zone.segment(at: second).offset) / 86_400)
    let first = (from.flatMap { CivilDate(text: $0) } ?? today).daysSinceEpoch
    let end = calendar.last.daysSinceEpoch
    let usual = first > end ? first : min(first + Self.daysByDefault - 1, end)
    let last = to.flatMap { CivilDate(text: $0) }?.daysSinceEpoch ?? usual
    guard first <= last else { return [] }
    guard last - first < 50_000 else {
      throw Failure(.usage, "too_many", "--from and --to are more than 50000 days apart")
    }
    var found: [(date: CivilDate, day: TradingDay)] = []
    for number in first...last {
      let date = CivilDate(daysSinceEpoch: number)
      let day = try calendar.day(date)
      if unusual, !Self.isUnusual(day) { continue }
      found.append((date, day))
    }
    return found
  }

  private static func isUnusual(_ day: TradingDay) -> Bool {
    switch day {
    case .session(let session): session.name != nil
    case .holiday: true
    case .noSession: false
    }
  }
}
