/// One place of a cron expression, in the order in which they are written.
public enum CronField: Int, CaseIterable, Sendable {
  case second, minute, hour, day, month, weekday

  /// The values that it takes. A weekday of 7 is Sunday, as 0 is.
  var range: ClosedRange<Int> {
    switch self {
    case .second, .minute: 0...59
    case .hour: 0...23
    case .day: 1...31
    case .month: 1...12
    case .weekday: 0...7
    }
  }

  /// What people call it.
  var words: String {
    switch self {
    case .second: "second"
    case .minute: "minute"
    case .hour: "hour"
    case .day: "day of month"
    case .month: "month"
    case .weekday: "day of week"
    }
  }

  /// The names that stand for its values, the first for the lowest.
  var names: [String] {
    switch self {
    case .month: Self.months
    case .weekday: Self.weekdays
    case .second, .minute, .hour, .day: []
    }
  }

  private static let months = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
  ]
  private static let weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

  /// What it takes, for an error: "0 to 23", "1 to 12 or JAN to DEC".
  var choices: String {
    let numbers = "\(range.lowerBound) to \(range.upperBound)"
    guard let first = names.first, let last = names.last else { return numbers }
    return "\(numbers) or \(first) to \(last)"
  }
}

/// Why an expression is none, in a sentence that says what to write instead.
public struct CronError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A stable word for each kind of mistake.
  public enum Reason: String, Sendable {
    case empty, fields, zone, character, number, range, reversed, step, unsupported, never
  }

  public let reason: Reason
  /// Where it is; nil when it is about the whole.
  public let field: CronField?
  public let message: String

  init(_ reason: Reason, _ field: CronField? = nil, _ message: String) {
    self.reason = reason
    self.field = field
    self.message = message
  }

  public var description: String { message }
}
