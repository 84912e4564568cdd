import Model
import Schedule
import Wire

extension Firing {
  private var utc: Timestamp { Timestamp(nanoseconds: second &* 1_000_000_000) }

  /// As the zone's clocks show it, RFC 3339: `2026-03-08T03:00:00-04:00`.
  var local: String { LocalTime.text(second, offset: offset) }

  /// `{"utc":"2026-03-08T07:00:00Z","local":"2026-03-08T03:00:00-04:00"}`
  var json: JSON { ["utc": .string("\(utc.description.prefix(19))Z"), "local": .string(local)] }

  var weekday: String { LocalTime.weekday(second, offset: offset) }
}

/// `rbotctl schedule next`: one line for each time.
struct FiringView {
  let firings: [Firing]
  let page: Page

  var lines: [Line] {
    guard !firings.isEmpty else { return [Line("it does not come within 50 years", .yellow)] }
    return Table(
      columns: [
        .init(title: "LOCAL"), .init(title: "ZONE"), .init(title: "UTC", dropRank: 2),
        .init(title: "DAYLIGHT SAVING", isFlexible: true, dropRank: 1, isOptional: true),
      ],
      rows: firings.map { firing in
        [
          Span("\(firing.weekday) \(firing.local.replacing("T"))"), Span(firing.abbreviation),
          Span((firing.json["utc"]?.stringValue ?? "").replacing("T")), Span(firing.shift.note, .yellow),
        ]
      }
    ).lines(width: page.width)
  }
}

extension String {
  /// With a blank in the place of one letter.
  fileprivate func replacing(_ letter: Character) -> String { String(map { $0 == letter ? " " : $0 }) }
}
