import Model
import Wire

/// The next slot of a schedule, as the daemon tells it: `{"utc","local","skip"}`, or the time in UTC alone.
struct NextSlot {
  let time: Timestamp
  /// As the schedule's own clocks show it, RFC 3339.
  let local: String
  /// Why it will be skipped; empty where it will not.
  let skip: String

  /// Nil where there is none.
  init?(_ json: JSON?) {
    guard let json, let time = Timestamp(json.stringValue ?? json.text("utc")) else { return nil }
    self.time = time
    local = json.stringValue ?? json.text("local")
    skip = json.text("skip")
  }

  /// `Mon 11-23 09:30`, or `Mon 11-23 09:30:15` where it is not at the beginning of a minute.
  var short: String {
    let weekday = LocalTime.weekday(time.nanoseconds / 1_000_000_000, offset: offset)
    let clock = local.dropFirst(11).prefix(8)
    return "\(weekday) \(local.dropFirst(5).prefix(5)) \(clock.hasSuffix(":00") ? clock.dropLast(3) : clock)"
  }

  /// `2d 2h`.
  func length(from now: Timestamp) -> String { Page.duration(seconds: time.seconds(since: now)) }

  /// Of `2026-11-23T09:30:00-05:00`, in seconds.
  private var offset: Int64 {
    let digits = local.dropFirst(19).filter(\.isNumber)
    guard digits.utf8.count == 4, let hours = Int64(digits.prefix(2)), let minutes = Int64(digits.suffix(2))
    else { return 0 }
    return (hours * 3_600 + minutes * 60) * (local.dropFirst(19).first == "-" ? -1 : 1)
  }
}

/// A strategy's `schedule` in the daemon's status.
struct ScheduleFacts {
  let schedule: JSON
  let page: Page

  /// Nil where it has no schedule.
  init?(_ strategy: JSON, _ page: Page) {
    guard let schedule = strategy["schedule"], schedule.objectValue != nil else { return nil }
    self.schedule = schedule
    self.page = page
  }

  private var next: NextSlot? { NextSlot(schedule["next"]) }

  /// `next Mon 11-23 09:30, in 2d 2h`.
  var nextWords: Span {
    guard let next else { return "" }
    let words = "next \(next.short), in \(next.length(from: page.now))"
    return next.skip.isEmpty ? Span(words) : Span("\(words), skipped: \(next.skip)", .yellow)
  }

  var lines: [Span] {
    let zone = schedule.text("timezone")
    let closes = Timestamp(schedule.text("closes")).map { time in
      "open, closes in \(Page.duration(seconds: time.seconds(since: page.now))) (\(page.clock(schedule.text("closes"))))"
    }
    let last = schedule.text("last_outcome")
    return [
      Span(schedule.text("text") + (zone.isEmpty ? "" : ", the time of \(zone)")), Span(closes ?? "", .green),
      nextWords, last.isEmpty ? "" : Span("last slot: \(last)", SlotOutcome.span(last).style),
      Span(schedule.text("warning"), .yellow),
    ]
  }
}
