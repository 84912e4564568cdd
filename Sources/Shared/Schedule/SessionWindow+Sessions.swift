import Model

/// The search for a window's next opening where the market's sessions say when that is.
extension SessionWindow {
  private static let day: Int64 = 86_400

  /// Each session is a window; a day that usually has one and has none is skipped. Sessions that follow each other
  /// without a break are one window, unless a time of its own divides them.
  func session(after second: Int64, _ zone: ZoneRules, _ calendar: TradingCalendar)
    throws(CalendarError) -> Slot?
  {
    let isWhole = openTime == nil && closeTime == nil && !calendar.neverCloses
    var day = calendar.localDay(second) - 1
    // Beyond its end the usual days go on; a year has each of them.
    let end = max(day, calendar.lastDay) + 400
    while day <= end, let found = self.day(atOrAfter: day) {
      day = found + 1
      if isWhole, calendar.adjoins(found), self.day(atOrAfter: found - 1) == found - 1 { continue }
      guard let usual = calendar.usualSession(found) ?? calendar.exceptionalSession(found) else { continue }
      let nominal = bounds(of: usual, zone)
      do throws(CalendarError) {
        try calendar.check(found, at: nominal.open)
        var status = calendar.status(found)
        if isWhole, case .session(let session) = status {
          status = .session(stretch(session, found, calendar))
        }
        let slot = slot(status, nominal, zone)
        if slot.second > second { return slot }
      } catch {
        if error.second > second { throw error }
      }
    }
    return nil
  }

  /// The first of its days from there on.
  private func day(atOrAfter day: Int64) -> Int64? {
    openings.next(atOrAfter: day * Self.day).map { $0.floored(by: Self.day) }
  }

  /// A session with those that follow it without a break, within a week.
  private func stretch(_ first: TradingDay.Session, _ start: Int64, _ calendar: TradingCalendar)
    -> TradingDay.Session
  {
    var whole = first
    for day in (start + 1)...(start + 7) {
      guard calendar.adjoins(day), self.day(atOrAfter: day) == day,
        case .session(let next) = calendar.status(day)
      else { break }
      whole = TradingDay.Session(
        open: whole.open, close: next.close, earlyClose: next.earlyClose, lateOpen: whole.lateOpen,
        name: next.name ?? whole.name)
    }
    return whole
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

  private func slot(_ status: TradingDay, _ nominal: (open: Int64, close: Int64), _ zone: ZoneRules) -> Slot {
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
