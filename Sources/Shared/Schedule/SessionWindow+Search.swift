import Model

/// The search for a window's next opening.
extension SessionWindow {
  private static let day: Int64 = 86_400

  /// The first slot that opens, or would have opened, after `second`.
  func slot(after second: Int64, _ zone: ZoneRules, _ calendar: TradingCalendar?)
    throws(CalendarError) -> Slot?
  {
    guard let openTime, let closeTime else {
      guard let calendar else { return nil }
      return try session(after: second, zone, calendar)
    }
    let length = closeTime > openTime ? closeTime - openTime : closeTime - openTime + Self.day
    // A late open may put off what opened the day before.
    var wall = (second + zone.segment(at: second).offset).floored(by: Self.day) * Self.day - 2 * Self.day
    while let found = openings.next(atOrAfter: wall) {
      wall = found + 1
      do throws(CalendarError) {
        let slot = try Self.slot(wall: found, length: length, zone, calendar)
        // The clocks may put two openings on one second; what they leave of the later one counts.
        if slot.verdict == .skipped(.swallowed), let next = openings.next(atOrAfter: wall),
          zone.resolve(wall: next).first <= slot.second
        {
          continue
        }
        if slot.second > second { return slot }
      } catch {
        if error.second > second { throw error }
      }
    }
    return nil
  }

  private static func slot(wall: Int64, length: Int64, _ zone: ZoneRules, _ calendar: TradingCalendar?)
    throws(CalendarError) -> Slot
  {
    let firing = Firing(wall: wall, in: zone)
    let close = zone.resolve(wall: wall + length).first
    guard close > firing.second else { return Slot(firing, verdict: .skipped(.swallowed)) }
    guard let calendar else { return Slot(firing, closes: close, verdict: .due) }
    return try calendar.cut(firing, close, zone)
  }

  // MARK: Sessions

  /// Each session is a window; a day that usually has one and has none is skipped.
  private func session(after second: Int64, _ zone: ZoneRules, _ calendar: TradingCalendar)
    throws(CalendarError) -> Slot?
  {
    var day = calendar.localDay(second) - 1
    // Beyond its end the usual days go on; a year has each of them.
    let end = max(day, calendar.lastDay) + 400
    while day <= end, let found = days(atOrAfter: day) {
      day = found + 1
      guard let usual = calendar.usualSession(found) ?? calendar.exceptionalSession(found) else { continue }
      let nominal = bounds(of: usual, zone)
      do throws(CalendarError) {
        try calendar.check(found, at: nominal.open)
        let slot = slot(calendar.status(found), usual, nominal, zone)
        if slot.second > second { return slot }
      } catch {
        if error.second > second { throw error }
      }
    }
    return nil
  }

  private func days(atOrAfter day: Int64) -> Int64? {
    openings.next(atOrAfter: day * Self.day).map { $0.floored(by: Self.day) }
  }

  /// The times that are given, looked for from the session's beginning on.
  private func bounds(of session: TradingDay.Session, _ zone: ZoneRules) -> (open: Int64, close: Int64) {
    let open = openTime.map { Self.first($0, atOrAfter: session.open, zone) } ?? session.open
    let close = closeTime.map { Self.first($0, atOrAfter: open + 1, zone) } ?? session.close
    return (open, close)
  }

  /// The first second at which the wall shows a time of day.
  private static func first(_ time: Int64, atOrAfter second: Int64, _ zone: ZoneRules) -> Int64 {
    let today = (second + zone.segment(at: second).offset).floored(by: day)
    for day in today...(today + 1) {
      let found = zone.resolve(wall: day * Self.day + time).first
      if found >= second { return found }
    }
    return zone.resolve(wall: (today + 2) * day + time).first
  }

  private func slot(
    _ status: TradingDay, _ usual: TradingDay.Session, _ nominal: (open: Int64, close: Int64),
    _ zone: ZoneRules
  ) -> Slot {
    let planned = Firing(at: nominal.open, in: zone)
    switch status {
    case .holiday(let name): return Slot(planned, verdict: .skipped(.holiday(name)))
    case .noSession: return Slot(planned, verdict: .skipped(.outsideSession))
    case .session(let session):
      let open = openTime == nil ? session.open : max(nominal.open, session.open)
      let close = closeTime == nil ? session.close : min(nominal.close, session.close)
      if close > open {
        return Slot(Firing(at: open, in: zone), closes: close, verdict: .due, remark: session.remark)
      }
      if let time = session.lateOpen, nominal.close <= session.open {
        return Slot(planned, verdict: .skipped(.beforeLateOpen(time)))
      }
      if let time = session.earlyClose { return Slot(planned, verdict: .skipped(.afterEarlyClose(time))) }
      return Slot(planned, verdict: .skipped(.outsideSession))
    }
  }
}
