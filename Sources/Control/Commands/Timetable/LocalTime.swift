import Model
import Schedule

/// A second as the clocks of a zone show it.
enum LocalTime {
  /// RFC 3339: `2026-03-08T03:00:00-04:00`.
  static func text(_ second: Int64, offset: Int64) -> String {
    let wall = Timestamp(nanoseconds: (second + offset) &* 1_000_000_000).description.prefix(19)
    return
      "\(wall)\(offset < 0 ? "-" : "+")\(two(abs(offset) / 3_600)):\(two(abs(offset) / 60 % 60))"
  }

  /// `Sun`.
  static func weekday(_ second: Int64, offset: Int64) -> String {
    weekday(day: (second + offset) / 86_400 - (second + offset < 0 ? 1 : 0))
  }

  /// Of a day, counted from 1970-01-01.
  static func weekday(day: Int64) -> String {
    ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int((day % 7 + 7) % 7)]
  }

  private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Firing.Shift {
  /// A stable word.
  var word: String {
    switch self {
    case .none: "none"
    case .moved: "moved"
    case .firstOfTwo: "first_of_two"
    case .repeated: "repeated"
    }
  }

  /// What daylight saving did.
  var note: String {
    switch self {
    case .none: ""
    case .moved: "the clocks are set forward over it: right after that"
    case .firstOfTwo: "the clocks are set back over it: the first time"
    case .repeated: "the clocks were set back: elapsed time goes on"
    }
  }
}
