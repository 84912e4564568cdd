import Model

/// Hours that somebody wants, cut to those of the market.
extension TradingCalendar {
  /// A session on a weekday that usually has none.
  func exceptionalSession(_ day: Int64) -> TradingDay.Session? {
    guard (firstDay...lastDay).contains(day), exceptions[day] != nil, case .session(let session) = status(day)
    else { return nil }
    return session
  }

  /// Whether each session follows the one before without a break, on all days of the week.
  public var neverCloses: Bool { hours.allSatisfy { $0.map { $0.close - $0.open == 86_400 } ?? false } }

  /// Whether a day's session begins when that of the day before ends.
  func adjoins(_ day: Int64) -> Bool {
    guard day > firstDay, day <= lastDay, let before = hours(of: day - 1), let after = hours(of: day) else {
      return false
    }
    return before.close - 86_400 == after.open
  }

  /// Of a day that is known; nil: closed.
  private func hours(of day: Int64) -> Hours? {
    if let exception = exceptions[day] { return exception.hours }
    return hours[Self.weekday(day)]
  }

  /// A window that opens not before the first session that it touches, and closes not after the last one. What lies
  /// between two sessions does not divide it.
  func cut(_ opening: Firing, _ close: Int64, _ zone: ZoneRules) throws(CalendarError) -> Slot {
    let days = localDay(opening.second)...(localDay(close) + 1)
    var sessions: [TradingDay.Session] = []
    var excuse: Slot.SkipReason?
    func touches(_ session: TradingDay.Session) -> Bool {
      session.open < close && opening.second < session.close
    }
    func usuallyTouches(_ day: Int64) -> Bool { usualSession(day).map { touches($0) } ?? false }
    for day in days {
      if !(firstDay...lastDay).contains(day) {
        if day == days.lowerBound || usuallyTouches(day) { try check(day, at: opening.second) }
        continue
      }
      switch status(day) {
      case .holiday(let name): if excuse == nil, usuallyTouches(day) { excuse = .holiday(name) }
      case .noSession: break
      case .session(let session):
        if touches(session) {
          sessions.append(session)
        } else if excuse == nil, session.name != nil, usuallyTouches(day) {
          excuse =
            session.close <= opening.second
            ? session.earlyClose.map { .afterEarlyClose($0) } : session.lateOpen.map { .beforeLateOpen($0) }
        }
      }
    }
    guard let first = sessions.first, let last = sessions.last else {
      return Slot(opening, verdict: .skipped(excuse ?? nothing(on: days.lowerBound)))
    }
    let start = max(opening.second, first.open)
    let end = min(close, last.close)
    let remarks = [
      start > opening.second && first.lateOpen != nil ? first.remark : nil,
      end < close && last.earlyClose != nil ? last.remark : nil,
    ].compactMap { $0 }
    let firing = start == opening.second ? opening : Firing(at: start, in: zone)
    return Slot(firing, closes: end, verdict: .due, remark: remarks.last)
  }

  private func nothing(on day: Int64) -> Slot.SkipReason {
    if case .noSession = status(day) { .noSession(Self.weekdayName(day)) } else { .outsideSession }
  }
}
