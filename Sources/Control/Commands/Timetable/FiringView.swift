import Model
import Schedule
import Wire

extension Firing {
  private var utc: Timestamp { Timestamp(nanoseconds: second &* 1_000_000_000) }

  /// As the zone's clocks show it, RFC 3339: `2026-03-08T03:00:00-04:00`.
  var local: String {
    let wall = Timestamp(nanoseconds: (second + offset) &* 1_000_000_000).description.prefix(19)
    return
      "\(wall)\(offset < 0 ? "-" : "+")\(Self.two(abs(offset) / 3_600)):\(Self.two(abs(offset) / 60 % 60))"
  }

  /// `{"utc":"2026-03-08T07:00:00Z","local":"2026-03-08T03:00:00-04:00"}`
  var json: JSON { ["utc": .string("\(utc.description.prefix(19))Z"), "local": .string(local)] }

  var weekday: String {
    let days = (second + offset) / 86_400 - (second + offset < 0 ? 1 : 0)
    return ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int((days % 7 + 7) % 7)]
  }

  /// What daylight saving did.
  var note: String {
    switch shift {
    case .none: ""
    case .moved: "the clocks are set forward over it: right after that"
    case .firstOfTwo: "the clocks are set back over it: the first time"
    case .repeated: "the clocks were set back: elapsed time goes on"
    }
  }

  private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
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
          Span((firing.json["utc"]?.stringValue ?? "").replacing("T")), Span(firing.note, .yellow),
        ]
      }
    ).lines(width: page.width)
  }
}

extension String {
  /// With a blank in the place of one letter.
  fileprivate func replacing(_ letter: Character) -> String { String(map { $0 == letter ? " " : $0 }) }
}
