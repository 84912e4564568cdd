public import Model

/// The days and hours on which a market is open.
public struct TradingCalendar: Hashable, Sendable {
  /// The hours of a session, in local seconds relative to midnight of its day. A session that is open at midnight has
  /// the day on which it closes, as futures have it, so that `open` may be below 0.
  struct Hours: Hashable, Sendable {
    let open, close: Int64
  }

  /// A day that is not like others of its weekday.
  struct Exception: Hashable, Sendable {
    /// Nil: closed.
    let hours: Hours?
    let name: String
  }

  /// `nyse`.
  public let name: String
  /// "New York Stock Exchange".
  public let title: String
  /// Where its dates are from.
  public let source: String
  public let zoneName: String
  public let zone: ZoneRules
  /// The first and the last day that it knows of.
  public let first, last: CivilDate
  /// By weekday, Sunday first; nil: no session.
  let hours: [Hours?]
  /// By days since 1970-01-01.
  let exceptions: [Int64: Exception]
  let firstDay, lastDay: Int64

  init(
    name: String, title: String, source: String, zoneName: String, zone: ZoneRules, first: CivilDate,
    last: CivilDate, hours: [Hours?], exceptions: [Int64: Exception]
  ) {
    self.name = name
    self.title = title
    self.source = source
    self.zoneName = zoneName
    self.zone = zone
    self.first = first
    self.last = last
    self.hours = hours
    self.exceptions = exceptions
    firstDay = first.daysSinceEpoch
    lastDay = last.daysSinceEpoch
  }

  // Two of one name and reach are told apart by their exceptions only where they are compared.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(lastDay)
  }
}

/// Why a calendar says nothing about a slot.
public enum CalendarError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The slot is after the calendar's last day. `at` is its nominal second.
  case ended(name: String, last: CivilDate, at: Int64)
  /// The slot is before the calendar's first day.
  case notBegun(name: String, first: CivilDate, at: Int64)

  /// The nominal second of the slot.
  public var second: Int64 {
    switch self {
    case .ended(_, _, let at), .notBegun(_, _, let at): at
    }
  }

  /// A stable word: `calendar_ended`, `calendar_not_begun`.
  public var word: String {
    switch self {
    case .ended: "calendar_ended"
    case .notBegun: "calendar_not_begun"
    }
  }

  public var description: String {
    switch self {
    case .ended(let name, let last, _):
      "the calendar \(name) ends on \(last.text): put a newer \(name).calendar into the calendars folder"
    case .notBegun(let name, let first, _): "the calendar \(name) begins on \(first.text)"
    }
  }
}

extension CivilDate {
  /// `2026-11-26`.
  public var text: String {
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(year)-\(two(month))-\(two(day))"
  }

  /// `2026-11-26`; nil for anything else.
  public init?(text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2],
      text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 }),
      let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }
}
