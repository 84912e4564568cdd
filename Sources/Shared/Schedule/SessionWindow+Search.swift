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
}
