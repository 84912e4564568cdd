public import Model

/// A day of a market.
public enum TradingDay: Hashable, Sendable {
  case session(Session)
  /// Its name.
  case holiday(String)
  /// None is usual on that day of the week.
  case noSession

  /// From when to when a market is open, on one trading day.
  public struct Session: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z; `close` is the first second after it.
    public let open, close: Int64
    /// The local time of an end that is earlier than usual: `13:00`.
    public let earlyClose: String?
    /// The local time of a beginning that is later than usual.
    public let lateOpen: String?
    /// Why its hours are unusual.
    public let name: String?

    /// "closes early at 13:00 (Day after Thanksgiving)"; nil for an ordinary session.
    public var remark: String? {
      let parts = [lateOpen.map { "opens late at \($0)" }, earlyClose.map { "closes early at \($0)" }]
      let text = parts.compactMap { $0 }.joined(separator: ", ")
      return text.isEmpty ? nil : text + (name.map { " (\($0))" } ?? "")
    }
  }
}

extension TradingCalendar {
  /// What a day is.
  ///
  /// - Throws: ``CalendarError`` for a day that it does not know, with the second at which that begins.
  public func day(_ date: CivilDate) throws(CalendarError) -> TradingDay {
    let day = date.daysSinceEpoch
    try check(day, at: second(day, 0))
    return status(day)
  }

  func check(_ day: Int64, at second: Int64) throws(CalendarError) {
    if day > lastDay { throw .ended(name: name, last: last, at: second) }
    if day < firstDay { throw .notBegun(name: name, first: first, at: second) }
  }

  /// Of a day that is known.
  func status(_ day: Int64) -> TradingDay {
    let usual = hours[Self.weekday(day)]
    guard let exception = exceptions[day] else {
      return usual.map { .session(session(day, $0)) } ?? .noSession
    }
    guard let hours = exception.hours else { return .holiday(exception.name) }
    return .session(session(day, hours, usual: usual, name: exception.name))
  }

  /// The session that a day would have if it were like others of its weekday.
  func usualSession(_ day: Int64) -> TradingDay.Session? {
    hours[Self.weekday(day)].map { session(day, $0) }
  }

  private func session(_ day: Int64, _ hours: Hours, usual: Hours? = nil, name: String? = nil)
    -> TradingDay.Session
  {
    let isEarly = usual.map { hours.close < $0.close } ?? false
    let isLate = usual.map { hours.open > $0.open } ?? false
    return TradingDay.Session(
      open: second(day, hours.open), close: second(day, hours.close),
      earlyClose: isEarly ? Self.clock(hours.close) : nil, lateOpen: isLate ? Self.clock(hours.open) : nil,
      name: name)
  }

  private func second(_ day: Int64, _ local: Int64) -> Int64 {
    zone.resolve(wall: day * 86_400 + local).first
  }

  /// The local day that a second is in, in days since 1970-01-01.
  func localDay(_ second: Int64) -> Int64 { (second + zone.segment(at: second).offset).floored(by: 86_400) }

  /// Sunday is 0.
  static func weekday(_ day: Int64) -> Int { Int(((day + 4) % 7 + 7) % 7) }

  static func weekdayName(_ day: Int64) -> String {
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"][weekday(day)]
  }

  /// `13:00` of seconds relative to a midnight.
  static func clock(_ second: Int64) -> String {
    let minute = (second - second.floored(by: 86_400) * 86_400) / 60
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(minute / 60)):\(two(minute % 60))"
  }

  /// Whether something at that second is due.
  ///
  /// The market need not be open: what is before or after the usual hours of a day with a session is due. What would
  /// be inside of them, but for an early close or a late open, is not.
  ///
  /// - Throws: ``CalendarError``, with that second.
  func verdict(at second: Int64) throws(CalendarError) -> Slot.Verdict {
    let today = localDay(second)
    if (firstDay...lastDay).contains(today), case .session(let session) = status(today),
      session.open <= second, second < session.close
    {
      return .due
    }
    // The next day's may be open already.
    if let hours = hours[Self.weekday(today + 1)], hours.open < 0, let usual = usualSession(today + 1),
      usual.open <= second
    {
      try check(today + 1, at: second)
      return verdict(at: second, of: today + 1)
    }
    try check(today, at: second)
    return verdict(at: second, of: today)
  }

  private func verdict(at second: Int64, of day: Int64) -> Slot.Verdict {
    switch status(day) {
    case .holiday(let name): return .skipped(.holiday(name))
    case .noSession: return .skipped(.noSession(Self.weekdayName(day)))
    case .session(let session):
      guard let usual = usualSession(day), usual.open <= second, second < usual.close else { return .due }
      if second >= session.close { return .skipped(.afterEarlyClose(Self.clock(session.close, zone))) }
      if second < session.open { return .skipped(.beforeLateOpen(Self.clock(session.open, zone))) }
      return .due
    }
  }

  private static func clock(_ second: Int64, _ zone: ZoneRules) -> String {
    clock(second + zone.segment(at: second).offset)
  }
}

extension WallTime {
  /// Right after a gap, and the first of two.
  var first: Int64 {
    switch self {
    case .once(let second), .skipped(let second), .twice(let second, _): second
    }
  }
}
