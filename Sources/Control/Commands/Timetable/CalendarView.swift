import Model
import Schedule
import Wire

/// `rbotctl schedule calendar NAME`: a market's days.
struct CalendarView {
  let calendar: TradingCalendar
  let days: [(date: CivilDate, day: TradingDay)]
  let page: Page

  var json: JSON {
    [
      "name": .string(calendar.name), "title": .string(calendar.title), "source": .string(calendar.source),
      "timezone": .string(calendar.zoneName), "first": .string(calendar.first.text),
      "last": .string(calendar.last.text), "days": .array(days.map { Self.json($0.date, $0.day) }),
    ]
  }

  private static func json(_ date: CivilDate, _ day: TradingDay) -> JSON {
    var object: JSONObject = JSONObject()
    object["date"] = .string(date.text)
    switch day {
    case .session(let session):
      object["session"] = true
      object["open"] = .string(utc(session.open))
      object["close"] = .string(utc(session.close))
      object["early_close"] = JSON(session.earlyClose)
      object["late_open"] = JSON(session.lateOpen)
      object["name"] = JSON(session.name)
    case .holiday(let name):
      object["session"] = false
      object["name"] = .string(name)
    case .noSession: object["session"] = false
    }
    return .object(object)
  }

  private static func utc(_ second: Int64) -> String {
    Timestamp(nanoseconds: second &* 1_000_000_000).description.prefix(19) + "Z"
  }

  var lines: [Line] {
    let head = Line([
      Span(calendar.name, .bold), Span("  \(calendar.title), the time of \(calendar.zoneName)"),
    ])
    let table = Table(
      columns: [
        .init(title: "DAY"), .init(title: "OPENS"), .init(title: "CLOSES"),
        .init(title: "UTC", dropRank: 1, isOptional: true),
        .init(title: "NOTE", isFlexible: true, isOptional: true),
      ],
      rows: days.map(row))
    let foot = Line(
      "known from \(calendar.first.text) to \(calendar.last.text); source: \(calendar.source)", .dim)
    return [head] + (days.isEmpty ? [Line("no such days", .dim)] : table.lines(width: page.width)) + [foot]
  }

  private func row(_ date: CivilDate, _ day: TradingDay) -> [Span] {
    let shown = Span("\(LocalTime.weekday(day: date.daysSinceEpoch)) \(date.text)")
    switch day {
    case .session(let session):
      let utc = [session.open, session.close].map { Self.utc($0).dropFirst(11).prefix(5) }
      return [
        shown, Span(local(session.open, date)), Span(local(session.close, date)),
        Span(utc.joined(separator: "-")), Span(session.remark ?? "", .yellow),
      ]
    case .holiday(let name): return [shown, Span("closed", .yellow), "", "", Span(name, .yellow)]
    case .noSession: return [shown, Span("closed", .dim)]
    }
  }

  /// `09:30`, or `Sun 17:00` on another day.
  private func local(_ second: Int64, _ date: CivilDate) -> String {
    let offset = calendar.zone.segment(at: second).offset
    let text = LocalTime.text(second, offset: offset)
    let clock = text.dropFirst(11).prefix(5)
    return (text.prefix(10) == date.text ? "" : LocalTime.weekday(second, offset: offset) + " ") + clock
  }
}

/// `rbotctl schedule calendar`: which there are.
struct CalendarsView {
  let calendars: [TradingCalendar]
  let page: Page

  var json: JSON {
    .array(
      calendars.map {
        [
          "name": .string($0.name), "title": .string($0.title), "timezone": .string($0.zoneName),
          "first": .string($0.first.text), "last": .string($0.last.text), "source": .string($0.source),
        ]
      })
  }

  var lines: [Line] {
    Table(
      columns: [
        .init(title: "CALENDAR"), .init(title: "MARKET", isFlexible: true, widthMin: 20),
        .init(title: "TIME ZONE", dropRank: 1), .init(title: "FROM", dropRank: 2), .init(title: "TO"),
      ],
      rows: calendars.map {
        [
          Span($0.name, .bold), Span($0.title), Span($0.zoneName), Span($0.first.text), Span($0.last.text),
        ]
      }
    ).lines(width: page.width)
  }
}
