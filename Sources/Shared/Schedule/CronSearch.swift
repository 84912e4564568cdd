import Model

/// The search for the next time, on a clock without a time zone: seconds since 1970-01-01T00:00:00 as the wall shows
/// them.
extension CronExpression {
  /// Later than this many years is never.
  static let yearsMax: Int64 = 50

  /// The first wall time at or after `wall` that the expression means; nil when there is none within 50 years.
  func next(atOrAfter wall: Int64) -> Int64? {
    var day = wall.floored(by: 86_400)
    let first = CivilDate(daysSinceEpoch: day)
    if hasDay(first), let time = nextTime(atOrAfter: wall - day * 86_400) { return day * 86_400 + time }
    let next = CivilDate(daysSinceEpoch: day + 1)
    var (year, month, from) = (next.year, next.month, next.day)
    while year <= first.year + Self.yearsMax {
      if months >> UInt64(month) & 1 == 1 {
        let found = daysMask(year: year, month: month) >> UInt64(from)
        if found != 0,
          let start = CivilDate(year: year, month: month, day: from + Int64(found.trailingZeroBitCount))
        {
          day = start.daysSinceEpoch
          return nextTime(atOrAfter: 0).map { day * 86_400 + $0 }
        }
      }
      from = 1
      month += 1
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    return nil
  }

  private func hasDay(_ date: CivilDate) -> Bool {
    months >> UInt64(date.month) & 1 == 1
      && daysMask(year: date.year, month: date.month) >> UInt64(date.day) & 1 == 1
  }

  /// Bit n: the n-th day of that month is meant.
  private func daysMask(year: Int64, month: Int64) -> UInt64 {
    guard let first = CivilDate(year: year, month: month, day: 1) else { return 0 }
    let length = UInt64(CivilDate.length(ofMonth: month, year: year))
    // 1970-01-01 was a Thursday; Sunday is 0.
    let weekday = UInt64(((first.daysSinceEpoch + 4) % 7 + 7) % 7)
    let days = self.days(length: length, startingOn: weekday)
    let weekdays = self.weekdays(length: length, startingOn: weekday)
    return needsBothDays ? days & weekdays : days | weekdays
  }

  private func days(length: UInt64, startingOn weekday: UInt64) -> UInt64 {
    var mask = days.values & ((1 << (length + 1)) - 2)
    if days.lastDay { mask |= 1 << length }
    if days.lastWorkday {
      let last = (weekday + length - 1) % 7
      mask |= 1 << (length - (last == 0 ? 2 : last == 6 ? 1 : 0))
    }
    return mask
  }

  private func weekdays(length: UInt64, startingOn weekday: UInt64) -> UInt64 {
    var mask: UInt64 = 0
    for day in 1...length {
      let of = (weekday + day - 1) % 7
      let isMeant =
        weekdays.values >> of & 1 == 1
        || day + 7 > length && weekdays.lastWeekdays >> of & 1 == 1
        || weekdays.numberedWeekdays >> ((day - 1) / 7 * 8 + of) & 1 == 1
      if isMeant { mask |= 1 << day }
    }
    return mask
  }

  /// The first second of a day at or after `second` that is meant.
  private func nextTime(atOrAfter second: Int64) -> Int64? {
    let (hour, minute) = (second / 3_600, second / 60 % 60)
    if hours >> UInt64(hour) & 1 == 1 {
      if minutes >> UInt64(minute) & 1 == 1, let found = seconds.bit(from: second % 60) {
        return hour * 3_600 + minute * 60 + found
      }
      if let found = minutes.bit(from: minute + 1) {
        return hour * 3_600 + found * 60 + Int64(seconds.trailingZeroBitCount)
      }
    }
    return hours.bit(from: hour + 1).map {
      $0 * 3_600 + Int64(minutes.trailingZeroBitCount) * 60 + Int64(seconds.trailingZeroBitCount)
    }
  }
}

extension UInt64 {
  /// The lowest bit that is set, at or above `first`.
  func bit(from first: Int64) -> Int64? {
    let rest = first > 63 ? 0 : self >> UInt64(first)
    return rest == 0 ? nil : first + Int64(rest.trailingZeroBitCount)
  }
}

extension Int64 {
  /// The quotient, rounded down.
  func floored(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
