import Model
import Schedule
import Wire

/// `rbotctl schedule preview`: what a strategy's schedule will do.
struct SlotView {
  let schedule: NamedTimetable
  let slots: [Slot]
  let page: Page

  var json: JSON {
    let timetable = schedule.timetable
    return [
      "name": .string(schedule.name), "definition": .string(timetable.trigger.text),
      "timezone": .string(timetable.zoneName), "calendar": JSON(timetable.calendar?.name),
      "warning": JSON(timetable.warning(at: page.now.nanoseconds / 1_000_000_000)),
      "slots": .array(slots.map(json)),
    ]
  }

  private func json(_ slot: Slot) -> JSON {
    let delay = schedule.timetable.delay(of: slot, name: schedule.name)
    var skip = JSON.null
    if case .skipped(let reason) = slot.verdict {
      skip = ["reason": .string(reason.word), "message": .string(reason.sentence)]
    }
    return [
      "utc": .string(Self.utc(slot.second)), "local": .string(slot.local),
      "closes": JSON(slot.closes.map(Self.utc)), "skip": skip,
      "daylight_saving": .string(slot.shift.word), "delay_ms": .int(Int(delay)),
      "remark": JSON(slot.remark),
    ]
  }

  private static func utc(_ second: Int64) -> String {
    Timestamp(nanoseconds: second &* 1_000_000_000).description.prefix(19) + "Z"
  }

  var lines: [Line] {
    let timetable = schedule.timetable
    let calendar = timetable.calendar.map { ", calendar \($0.name)" } ?? ""
    var lines = [
      Line([
        Span(schedule.name, .bold), Span("  \(timetable.trigger.text), \(timetable.zoneName)\(calendar)"),
      ])
    ]
    if let warning = timetable.warning(at: page.now.nanoseconds / 1_000_000_000) {
      lines.append(Line(warning, .yellow))
    }
    guard !slots.isEmpty else {
      let never = timetable.explanation.first ?? ""
      return lines + [Line(isTimed ? "it does not come within 50 years" : never, isTimed ? .yellow : .plain)]
    }
    let table = Table(
      columns: [
        .init(title: "LOCAL"), .init(title: "ZONE"), .init(title: "UTC", dropRank: 2),
        .init(title: "CLOSES", isOptional: true), .init(title: "NOTE", isFlexible: true, isOptional: true),
      ],
      rows: slots.map(row))
    return lines + table.lines(width: page.width)
  }

  private var isTimed: Bool {
    switch schedule.timetable.trigger {
    case .cron, .window: true
    case .reboot, .start: false
    }
  }

  private func row(_ slot: Slot) -> [Span] {
    let local = slot.local
    return [
      Span("\(slot.weekday) \(local.prefix(10)) \(time(local))"), Span(slot.abbreviation),
      Span("\(Self.utc(slot.second).prefix(10)) \(time(Self.utc(slot.second)))"), Span(closing(slot)),
      note(slot),
    ]
  }

  /// `09:30`, with seconds where there are any.
  private func time(_ text: String) -> String {
    let clock = text.dropFirst(11).prefix(8)
    return String(slots.allSatisfy { $0.second % 60 == 0 } ? clock.prefix(5) : clock)
  }

  private func closing(_ slot: Slot) -> String {
    guard let closes = slot.closes else { return "" }
    let offset = schedule.timetable.zone.segment(at: closes).offset
    let local = LocalTime.text(closes, offset: offset)
    let day = local.prefix(10) == slot.local.prefix(10) ? "" : LocalTime.weekday(closes, offset: offset) + " "
    return day + local.dropFirst(11).prefix(5)
  }

  private static func length(_ milliseconds: Int64) -> String {
    milliseconds < 1_000 ? "\(milliseconds)ms" : "\(milliseconds / 1_000).\(milliseconds / 100 % 10)s"
  }

  private func note(_ slot: Slot) -> Span {
    if case .skipped(let reason) = slot.verdict { return Span("skipped: \(reason.sentence)", .yellow) }
    let delay = schedule.timetable.delay(of: slot, name: schedule.name)
    let parts = [
      slot.remark, slot.shift.note.isEmpty ? nil : slot.shift.note,
      delay > 0 ? "starts \(Self.length(delay)) later" : nil,
    ].compactMap { $0 }
    return Span(parts.joined(separator: "; "), parts.count == (delay > 0 ? 1 : 0) ? .plain : .yellow)
  }
}

extension Slot {
  /// As the zone's clocks show it, RFC 3339.
  var local: String { LocalTime.text(second, offset: offset) }
  var weekday: String { LocalTime.weekday(second, offset: offset) }
}
