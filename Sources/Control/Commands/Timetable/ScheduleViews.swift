import Model
import Wire

/// `rbotctl schedule list`: what is scheduled, by its next time.
struct ScheduleListView {
  let result: JSON
  let page: Page

  var lines: [Line] {
    let schedules = result.items("schedules")
    if schedules.isEmpty { return [Line("no strategy has a schedule", .dim)] }
    let table = Table(
      columns: [
        .init(title: "NAME"), .init(title: "SCHEDULE", isFlexible: true, widthMin: 12),
        .init(title: "STATE"), .init(title: "NEXT"), .init(title: "IN", isRight: true, dropRank: 1),
        .init(title: "LAST", dropRank: 2, isOptional: true),
        .init(title: "MISSED", isRight: true, isOptional: true),
      ],
      rows: schedules.map(row))
    return table.lines(width: page.width)
      + schedules.filter { !$0.text("warning").isEmpty }.map { schedule in
        Line([schedule.cell("name"), Span(": \(schedule.text("warning"))", .yellow)])
      }
  }

  private func row(_ schedule: JSON) -> [Span] {
    let (next, missed) = (NextSlot(schedule["next"]), schedule["missed_24h"]?.intValue ?? 0)
    let zone = schedule.text("timezone")
    let calendar = schedule.text("calendar")
    let definition = [schedule.text("definition"), zone == "UTC" ? "" : zone, calendar]
    return [
      Span(schedule.text("name"), .bold),
      Span(definition.filter { !$0.isEmpty }.joined(separator: " ")), state(schedule), shown(next),
      Span(next?.length(from: page.now) ?? ""), last(schedule["last"]),
      Span(missed == 0 ? "" : "\(missed)", .red),
    ]
  }

  private func state(_ schedule: JSON) -> Span {
    if schedule["enabled"]?.boolValue == false { return Span("disabled", .dim) }
    if schedule["paused"]?.boolValue == true { return Span("paused", .yellow) }
    return StateWord.span(schedule.text("state"))
  }

  /// Local to the schedule; what will be skipped is said to be.
  private func shown(_ next: NextSlot?) -> Span {
    guard let next else { return Span("-", .dim) }
    return next.skip.isEmpty ? Span(next.short) : Span("\(next.short) skipped", .yellow)
  }

  private func last(_ last: JSON?) -> Span {
    guard let last, !last.isNull else { return "" }
    return SlotOutcome.span(last.text("outcome"))
  }
}

/// `rbotctl schedule history`: one row for each decision, newest first.
struct ScheduleHistoryView {
  let rows: [JSON]
  /// Whether they are of one strategy alone.
  let isOne: Bool
  let page: Page

  var lines: [Line] {
    if rows.isEmpty { return [Line("nothing has been decided", .dim)] }
    var columns: [Table.Column] = [
      .init(title: "SLOT"), .init(title: "TRIGGER", dropRank: 3), .init(title: "OUTCOME"),
      .init(title: "LATE", isRight: true, dropRank: 2, isOptional: true),
      .init(title: "LASTED", isRight: true, dropRank: 1, isOptional: true),
      .init(title: "EXIT", isOptional: true),
      .init(title: "REASON", isFlexible: true, widthMin: 24, isOptional: true),
    ]
    if !isOne { columns.insert(.init(title: "NAME"), at: 0) }
    return Table(
      columns: columns,
      rows: rows.map { row in
        let cells = [
          Span(page.clock(row.text("slot"))), row.cell("trigger"), SlotOutcome.span(row.text("outcome")),
          Span(late(row)), Span(lasted(row)), row.cell("exit"), Span(reason(row)),
        ]
        return isOne ? cells : [Span(row.text("name"), .bold)] + cells
      }
    ).lines(width: page.width)
  }

  private func late(_ row: JSON) -> String {
    guard let late = row["lateness_ms"]?.intValue else { return "" }
    return late < 10_000 ? "\(late)ms" : Page.duration(seconds: Double(late) / 1_000)
  }

  private func lasted(_ row: JSON) -> String {
    guard let started = Timestamp(row.text("started")) else { return "" }
    guard let ended = Timestamp(row.text("ended")) else {
      return row.text("outcome") == "running" ? Page.duration(seconds: page.now.seconds(since: started)) : ""
    }
    let seconds = ended.seconds(since: started)
    return seconds < 1 ? "\(Int(max(0, seconds) * 1_000))ms" : Page.duration(seconds: seconds)
  }

  /// One row may stand for many of a kind.
  private func reason(_ row: JSON) -> String {
    guard let count = row["count"]?.intValue, count > 1 else { return row.text("reason") }
    let until = row.text("until")
    return "\(count) times\(until.isEmpty ? "" : " until \(page.clock(until))"): \(row.text("reason"))"
  }
}

/// The words of outcomes, in their colours.
enum SlotOutcome {
  static let words = [
    "running", "done", "failed", "stopped", "replaced", "skipped", "missed", "caught_up", "interrupted",
  ]

  static func span(_ word: String) -> Span {
    switch word {
    case "running": Span(word, .green)
    case "failed", "missed", "interrupted": Span(word, .red)
    case "replaced", "stopped": Span(word, .yellow)
    case "skipped": Span(word, .dim)
    default: Span(word)
    }
  }
}
