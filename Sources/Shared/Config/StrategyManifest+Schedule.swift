import Glibc
import Schedule

/// Reads `[schedule]`, and says everything that is wrong with it at once.
struct ScheduleReader {
  private let reader: TableReader
  private let sources: ScheduleSources
  /// For what depends on today: what never comes, and how far apart slots are.
  private let now = Int64(time(nil))

  init(_ reader: TableReader, _ sources: ScheduleSources) {
    self.reader = reader
    self.sources = sources
  }

  /// - Parameter policy: of `[restart]`, in whose table ``report`` says what does not go with a schedule.
  /// - Returns: nil where something is wrong.
  func read(restart: TableReader, policy: StrategyManifest.Restart.Policy) -> Timetable? {
    let calendar = calendar()
    let (zone, zoneName) = zone(calendar)
    let trigger = trigger(hasCalendar: reader.has("calendar"))
    let missed = reader.word("missed", Timetable.Missed.skip)
    let grace = reader.pause("grace", .seconds(300))
    let overlap = reader.word("overlap", Timetable.Overlap.forbid)
    let jitter = reader.pause("jitter", .zero)
    let maxRuntime = reader.optionalDuration("max_runtime")
    reader.finish()
    guard let trigger else { return nil }
    checkTogether(trigger)
    if case .window(let window) = trigger, let calendar, calendar.neverCloses,
      window.open == nil || window.close == nil
    {
      reader.report(
        "window",
        "has no end: the market of the calendar \(calendar.name) never closes; write open and close, or leave "
          + "[schedule] out to run all the time")
    }
    if case .cron = trigger, policy == .always {
      restart.report(
        "policy",
        "\"always\" does not go with a cron schedule, for a run that ends well is done: write \"on-failure\"")
    }
    guard let zone else { return nil }
    var timetable = Timetable(trigger, zone: zone, zoneName: zoneName, calendar: calendar)
    timetable.missed = missed
    timetable.grace = grace.components.seconds
    timetable.overlap = overlap
    timetable.jitter =
      jitter.components.seconds * 1_000 + jitter.components.attoseconds / 1_000_000_000_000_000
    timetable.maxRuntime = maxRuntime.map { max(1, $0.components.seconds) }
    checkComing(timetable)
    return timetable
  }

  private func calendar() -> TradingCalendar? {
    guard let name = reader.optionalString("calendar") else { return nil }
    do throws(ScheduleSources.Missing) {
      return try sources.calendar(name)
    } catch {
      reader.report("calendar", error.description)
      return nil
    }
  }

  /// The calendar's where there is no other; nil where it is unknown.
  private func zone(_ calendar: TradingCalendar?) -> (ZoneRules?, String) {
    guard let name = reader.optionalString("timezone") else {
      return calendar.map { ($0.zone, $0.zoneName) } ?? (.utc, "UTC")
    }
    do throws(ScheduleSources.Missing) {
      return (try sources.zone(name), name)
    } catch {
      reader.report("timezone", error.description)
      return (nil, name)
    }
  }

  private func trigger(hasCalendar: Bool) -> Timetable.Trigger? {
    let hasSeconds = reader.bool("seconds", false)
    let text = reader.optionalString("cron")
    let table = reader.table("window")
    guard reader.has("window") else {
      if let text { return cron(text, hasSeconds) }
      if !reader.has("cron") {
        reader.report(
          "",
          "says neither when it runs nor when it is open: write cron = \"30 9 * * MON-FRI\" "
            + "or window = { open = \"09:30\", close = \"16:00\" }")
      }
      return nil
    }
    let window = window(table, hasCalendar: hasCalendar)
    guard reader.has("cron") else { return window.map { .window($0) } }
    reader.report(
      "window",
      "stands beside cron: keep cron for runs that end by themselves, or the window for one that stays")
    _ = text.map { cron($0, hasSeconds) }
    return nil
  }

  private func cron(_ text: String, _ hasSeconds: Bool) -> Timetable.Trigger? {
    switch text.lowercased() {
    case "@reboot": return .reboot
    case "@start": return .start
    default: break
    }
    do throws(CronError) {
      return .cron(try CronExpression(text, seconds: hasSeconds))
    } catch {
      reader.report("cron", error.message)
      return nil
    }
  }

  private func window(_ table: TableReader, hasCalendar: Bool) -> SessionWindow? {
    let (open, close) = (table.optionalString("open"), table.optionalString("close"))
    let days = table.string("days", "*")
    let squaresOff = table.bool("square_off", false)
    table.finish()
    if !hasCalendar {
      for key in ["open", "close"] where !table.has(key) {
        let example = key == "open" ? "09:30" : "16:00"
        table.report(
          key, "is missing: write \(key) = \"\(example)\", or name the calendar whose sessions it follows")
      }
    }
    var isRight = true
    // Each by itself, so that all that are wrong are told.
    for part in [(open, nil, "*"), (nil, close, "*"), (nil, nil, days)] as [(String?, String?, String)] {
      do throws(SessionWindow.Mistake) {
        _ = try SessionWindow(open: part.0, close: part.1, days: part.2)
      } catch {
        table.report(error.key, error.description)
        isRight = false
      }
    }
    return isRight
      ? try? SessionWindow(open: open, close: close, days: days, squaresOff: squaresOff) : nil
  }

  // MARK: What goes together

  private func checkTogether(_ trigger: Timetable.Trigger) {
    let (keys, reason): ([String], String)
    switch trigger {
    case .cron: return
    case .window:
      (keys, reason) = (
        ["overlap", "max_runtime", "seconds", "missed", "grace"],
        "does not go with a window, which is opened whenever its time is, and once at a time"
      )
    case .reboot, .start:
      (keys, reason) = (
        ["seconds", "timezone", "calendar", "missed", "grace", "jitter"],
        "does not go with \(trigger.text), which has no time of day"
      )
    }
    for key in keys where reader.has(key) { reader.report(key, "\(reason): leave it out") }
  }

  /// How many slots are looked at: more than the longest holidays of a schedule that comes each minute. And how far
  /// ahead, once it has come.
  private static let slotsMax = 20_000
  private static let secondsMax: Int64 = 366 * 86_400

  /// Whether it comes at all, and not sooner than its jitter.
  private func checkComing(_ timetable: Timetable) {
    guard timetable.calendar != nil || timetable.jitter > 0 else { return }
    var after = now
    var reasons: Set<Slot.SkipReason> = []
    var (shortest, hasCome): (Int64, Bool) = (.max, false)
    var previous: Int64?
    for count in 0..<Self.slotsMax {
      // A schedule of more slots than this has shown how close they are.
      if hasCome, timetable.jitter == 0 || count > 1_000 || after - now > Self.secondsMax { break }
      guard let slot = try? timetable.slot(after: after) else { break }
      after = slot.second
      if let previous { shortest = min(shortest, slot.second - previous) }
      previous = slot.second
      switch slot.verdict {
      case .due:
        hasCome = true
        if let closes = slot.closes { shortest = min(shortest, closes - slot.second) }
      case .skipped(let reason): reasons.insert(reason)
      }
    }
    if let calendar = timetable.calendar, !hasCome, !reasons.isEmpty {
      let why = reasons.map(\.sentence).sorted().prefix(3).joined(separator: ", ")
      reader.report(
        reader.has("window") ? "window" : "cron",
        "never comes on a day of the calendar \(calendar.name) (\(why))")
    }
    if shortest != .max, timetable.jitter >= shortest * 1_000 {
      reader.report(
        "jitter",
        "must be shorter than \(Self.length(shortest)): its times come as close as that, or its window is as short"
      )
    }
  }

  private static func length(_ seconds: Int64) -> String {
    if seconds % 3_600 == 0 { return "\(seconds / 3_600)h" }
    return seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
  }
}
