import Model

/// The rule for the years after a zone's table, in POSIX's words: `EST5EDT,M3.2.0,M11.1.0`.
struct ZoneFooter: Hashable, Sendable {
  /// A day of each year, and the local second of it at which the clocks change.
  enum Day: Hashable, Sendable {
    /// The n-th day, 1 to 365; the 29th of February is not counted.
    case julian(Int64)
    /// The day with so many before it, 0 to 365.
    case zeroBased(Int64)
    /// The week-th such weekday of a month; the fifth is the last.
    case weekday(month: Int64, week: Int64, weekday: Int64)
  }

  struct Change: Hashable, Sendable {
    let day: Day
    /// Local seconds after midnight; may lie outside of the day.
    let time: Int64
  }

  let standard: ZoneRules.Kind
  let daylight: (kind: ZoneRules.Kind, from: Change, to: Change)?

  static func == (left: ZoneFooter, right: ZoneFooter) -> Bool {
    left.standard == right.standard && left.daylight?.kind == right.daylight?.kind
      && left.daylight?.from == right.daylight?.from && left.daylight?.to == right.daylight?.to
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(standard)
    hasher.combine(daylight?.kind)
  }

  func segment(at second: Int64) -> (kind: ZoneRules.Kind, start: Int64, end: Int64) {
    guard let daylight else { return (standard, .min, .max) }
    let year = CivilDate(daysSinceEpoch: (second + standard.offset).floored(by: 86_400)).year
    var changes: [(at: Int64, kind: ZoneRules.Kind)] = []
    for year in (year - 1)...(year + 1) {
      // Each change is told in the time that holds before it.
      changes.append((daylight.from.second(of: year) - standard.offset, daylight.kind))
      changes.append((daylight.to.second(of: year) - daylight.kind.offset, standard))
    }
    changes.sort { $0.at < $1.at }
    guard let next = changes.firstIndex(where: { $0.at > second }), next > 0 else {
      return (standard, .min, .max)
    }
    return (changes[next - 1].kind, changes[next - 1].at, changes[next].at)
  }
}

extension ZoneFooter.Change {
  /// The local second at which it comes in a year.
  func second(of year: Int64) -> Int64 {
    let start = CivilDate(year: year, month: 1, day: 1)?.daysSinceEpoch ?? 0
    return (start + dayOfYear(year, start)) * 86_400 + time
  }

  private func dayOfYear(_ year: Int64, _ start: Int64) -> Int64 {
    switch day {
    case .julian(let number): return number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
    case .zeroBased(let number): return number
    case .weekday(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1)?.daysSinceEpoch ?? 0
      let ofFirst = ((first + 4) % 7 + 7) % 7
      var day = (weekday - ofFirst + 7) % 7 + (week - 1) * 7
      if day >= CivilDate.length(ofMonth: month, year: year) { day -= 7 }
      return first + day - start
    }
  }
}

/// Reads the words of a footer.
struct ZoneFooterReader {
  private var rest: Substring

  init(_ text: String) { rest = Substring(text) }

  /// Nil where it is none.
  mutating func read() -> ZoneFooter? {
    guard let name = name(), let offset = time() else { return nil }
    let standard = ZoneRules.Kind(offset: -offset, isDaylightSaving: false, abbreviation: name)
    guard !rest.isEmpty else { return ZoneFooter(standard: standard, daylight: nil) }
    guard let summer = self.name() else { return nil }
    var summerOffset = standard.offset + 3_600
    if rest.first != "," {
      guard let given = time() else { return nil }
      summerOffset = -given
    }
    guard let from = change(), let to = change(), rest.isEmpty else { return nil }
    let daylight = ZoneRules.Kind(offset: summerOffset, isDaylightSaving: true, abbreviation: summer)
    return ZoneFooter(standard: standard, daylight: (daylight, from, to))
  }

  /// `EST`, `<+1030>`.
  private mutating func name() -> String? {
    let found: Substring
    if take("<") {
      found = rest.prefix { $0 != ">" }
      rest = rest.dropFirst(found.count)
      guard take(">") else { return nil }
    } else {
      found = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(found.count)
    }
    return found.count < 3 ? nil : String(found)
  }

  /// `[+-]h[h[h]][:mm[:ss]]` in seconds.
  private mutating func time() -> Int64? {
    let sign: Int64 = take("-") ? -1 : 1
    if sign > 0 { _ = take("+") }
    guard let hours = number() else { return nil }
    var seconds = hours * 3_600
    if take(":") {
      guard let minutes = number() else { return nil }
      seconds += minutes * 60
      if take(":") {
        guard let more = number() else { return nil }
        seconds += more
      }
    }
    return sign * seconds
  }

  /// `,M3.2.0/2`, `,J60`, `,59/3`.
  private mutating func change() -> ZoneFooter.Change? {
    guard take(","), let day = day() else { return nil }
    guard take("/") else { return ZoneFooter.Change(day: day, time: 7_200) }
    return time().map { ZoneFooter.Change(day: day, time: $0) }
  }

  private mutating func day() -> ZoneFooter.Day? {
    if take("J") { return number().map { .julian($0) } }
    guard take("M") else { return number().map { .zeroBased($0) } }
    guard let month = number(), take("."), let week = number(), take("."), let weekday = number(),
      (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
    else { return nil }
    return .weekday(month: month, week: week, weekday: weekday)
  }

  private mutating func number() -> Int64? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard !digits.isEmpty, digits.count <= 6 else { return nil }
    rest = rest.dropFirst(digits.count)
    return Int64(digits)
  }

  private mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest = rest.dropFirst()
    return true
  }
}
