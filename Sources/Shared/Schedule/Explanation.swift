/// An expression in words.
extension CronExpression {
  /// "at 09:30, from Monday to Friday", "every 15 minutes, in January".
  public var explanation: String {
    ([time] + [dayWords, monthWords].compactMap { $0 }).joined(separator: ", ")
  }

  private static let weekdayNames = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]
  private static let monthNames = [
    "", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
  ]

  // MARK: Time of day

  private var time: String {
    let (second, minute, hour) = (Values(seconds, 60), Values(minutes, 60), Values(hours, 24))
    guard hasSeconds, second.only != 0 else { return clockTime(minute, hour) ?? loose(minute, hour) }
    let seconds = second.every.map { "every \(counted($0, "second"))" } ?? "at \(second.words("second"))"
    return minute.isAll && hour.isAll ? seconds : "\(seconds) of \(loose(minute, hour))"
  }

  /// Up to six times of day as the clock shows them.
  private func clockTime(_ minute: Values, _ hour: Values) -> String? {
    guard minute.all.count * hour.all.count <= 6 else { return nil }
    let times = hour.all.flatMap { hour in minute.all.map { "\(padded(hour)):\(padded($0))" } }
    return "at " + listed(times)
  }

  private func loose(_ minute: Values, _ hour: Values) -> String {
    let hours = hour.isAll ? "" : hour.every.map { "every \(counted($0, "hour"))" } ?? hour.words("hour")
    if let step = minute.every {
      return "every \(counted(step, "minute"))" + (hours.isEmpty ? "" : " of \(hours)")
    }
    if minute.only == 0 { return hours.isEmpty || hour.every != nil ? hourly(hour) : "on the hour, \(hours)" }
    return "at \(minute.words("minute")) of \(hours.isEmpty ? "every hour" : hours)"
  }

  private func hourly(_ hour: Values) -> String { "every \(counted(hour.every ?? 1, "hour"))" }

  // MARK: Days

  /// "from Monday to Friday"; nil for every day.
  var dayWords: String? {
    let byMonth = daysOfMonth
    let byWeek = daysOfWeek
    switch (byMonth, byWeek) {
    case (nil, nil): return nil
    case (let days?, nil): return needsBothDays ? days : nil
    case (nil, let days?): return needsBothDays ? days : nil
    case (let first?, let second?):
      return needsBothDays ? "\(first) if that is \(second)" : "\(first) or \(second)"
    }
  }

  private var daysOfMonth: String? {
    let plain = Values(days.values, 32, from: 1)
    if plain.all.count == 31 { return nil }
    var parts: [String] = []
    if let step = plain.every(in: 31) {
      parts.append("every \(counted(step, "day")) of the month from its first")
    } else if !plain.all.isEmpty {
      parts.append("on \(plain.words("day")) of the month")
    }
    if days.lastDay { parts.append("on the last day of the month") }
    if days.lastWorkday { parts.append("on the last day of the month from Monday to Friday") }
    return listed(parts)
  }

  private var daysOfWeek: String? {
    if weekdays.values & 0x7F == 0x7F { return nil }
    var parts: [String] = []
    if weekdays.values != 0 { parts.append(plainWeekdays) }
    for day in 0..<7 where weekdays.lastWeekdays >> UInt64(day) & 1 == 1 {
      parts.append("on the last \(Self.weekdayNames[day]) of the month")
    }
    for (index, ordinal) in ["first", "second", "third", "fourth", "fifth"].enumerated() {
      for day in 0..<7 where weekdays.numberedWeekdays >> UInt64(index * 8 + day) & 1 == 1 {
        parts.append("on the \(ordinal) \(Self.weekdayNames[day]) of the month")
      }
    }
    return listed(parts)
  }

  private var plainWeekdays: String {
    let days = (0..<7).filter { weekdays.values >> UInt64($0) & 1 == 1 }
    if days.count > 2, let first = days.first, let last = days.last, last - first == days.count - 1 {
      return "from \(Self.weekdayNames[first]) to \(Self.weekdayNames[last])"
    }
    return "on " + listed(days.map { Self.weekdayNames[$0] })
  }

  private var monthWords: String? {
    let months = (1...12).filter { self.months >> UInt64($0) & 1 == 1 }
    if months.count == 12 { return nil }
    if months.count > 2, let first = months.first, let last = months.last, last - first == months.count - 1 {
      return "from \(Self.monthNames[first]) to \(Self.monthNames[last])"
    }
    return "in " + listed(months.map { Self.monthNames[$0] })
  }
}

/// The values of one field, described.
private struct Values {
  let all: [Int]
  let count: Int

  init(_ bits: UInt64, _ count: Int, from first: Int = 0) {
    all = (first..<count).filter { bits >> UInt64($0) & 1 == 1 }
    self.count = count
  }

  var isAll: Bool { all.count == count }
  /// The single value.
  var only: Int? { all.count == 1 ? all.first : nil }

  /// n where they are every n-th from 0 on, and the last is followed by the first at the same distance.
  var every: Int? {
    guard all.count > 1, all[0] == 0, count % all.count == 0 else { return nil }
    let step = count / all.count
    return all == Array(stride(from: 0, to: count, by: step)) ? step : nil
  }

  /// n where they are every n-th of 1…last.
  func every(in last: Int) -> Int? {
    guard all.count > 2, all[0] == 1 else { return nil }
    let step = all[1] - 1
    return step > 1 && all == Array(stride(from: 1, through: last, by: step)) ? step : nil
  }

  /// "minute 5", "minutes 0 to 10 and 30".
  func words(_ unit: String) -> String {
    var parts: [String] = []
    var index = 0
    while index < all.count {
      var end = index
      while end + 1 < all.count, all[end + 1] == all[end] + 1 { end += 1 }
      if end - index >= 2 {
        parts.append("\(all[index]) to \(all[end])")
      } else {
        parts += all[index...end].map(String.init)
      }
      index = end + 1
    }
    return (all.count == 1 ? unit : unit + "s") + " " + listed(parts)
  }
}

private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

/// "minute", "15 minutes"
private func counted(_ count: Int, _ unit: String) -> String { count == 1 ? unit : "\(count) \(unit)s" }

private func listed(_ parts: [String]) -> String {
  guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
  return parts.dropLast().joined(separator: ", ") + " and " + last
}
