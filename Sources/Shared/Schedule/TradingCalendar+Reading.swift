import Model

/// What is wrong with a calendar's file.
public struct CalendarFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Counted from 1; nil: about the whole.
  public let line: Int?
  public let message: String

  public var description: String { line.map { "line \($0): \(message)" } ?? message }
}

extension TradingCalendar {
  /// Reads a calendar's file. Each of its lines begins with a word or a date, and `#` begins a remark:
  ///
  ///     title     New York Stock Exchange
  ///     source    https://www.nyse.com/markets/hours-calendars
  ///     timezone  America/New_York
  ///     from      2021-01-01
  ///     to        2031-12-31
  ///     hours     MON-FRI 09:30-16:00
  ///     2026-11-26 closed       Thanksgiving Day
  ///     2026-11-27 09:30-13:00  Day after Thanksgiving
  ///
  /// A session that closes not after it opens opened on the day before, as those of futures do.
  ///
  /// - Parameters:
  ///   - name: by which manifests know it.
  ///   - text: the file's.
  ///   - zone: looks up a zone by its name; nil where there is none.
  /// - Throws: ``CalendarFileError`` for the first mistake.
  public init(name: String, text: String, zone: (String) -> ZoneRules?) throws(CalendarFileError) {
    var reader = CalendarReader()
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      do throws(CalendarReader.Mistake) {
        try reader.read(line)
      } catch {
        throw CalendarFileError(line: number, message: error.message)
      }
    }
    func word(_ key: String) throws(CalendarFileError) -> String {
      guard let value = reader.words[key] else {
        throw CalendarFileError(line: nil, message: "\(key) is missing")
      }
      return value
    }
    func date(_ key: String) throws(CalendarFileError) -> CivilDate {
      let text = try word(key)
      guard let date = CivilDate(text: text) else {
        throw CalendarFileError(line: nil, message: "\(key) is a date like 2026-11-26, not \(text)")
      }
      return date
    }
    let zoneName = try word("timezone")
    guard let rules = zone(zoneName) else {
      throw CalendarFileError(line: nil, message: "there is no time zone \(zoneName)")
    }
    let (first, last) = (try date("from"), try date("to"))
    guard first.daysSinceEpoch <= last.daysSinceEpoch else {
      throw CalendarFileError(line: nil, message: "\"to\" is before \"from\"")
    }
    guard reader.hours.contains(where: { $0 != nil }) else {
      throw CalendarFileError(line: nil, message: "hours are missing: write hours MON-FRI 09:30-16:00")
    }
    let known = first.daysSinceEpoch...last.daysSinceEpoch
    if let stray = reader.exceptions.keys.filter({ !known.contains($0) }).min() {
      let day = CivilDate(daysSinceEpoch: stray).text
      throw CalendarFileError(line: nil, message: "\(day) is outside of from \(first.text) to \(last.text)")
    }
    self.init(
      name: name, title: try word("title"), source: try word("source"), zoneName: zoneName, zone: rules,
      first: first, last: last, hours: reader.hours, exceptions: reader.exceptions)
  }
}

/// Gathers what the lines of a calendar's file say.
private struct CalendarReader {
  struct Mistake: Error { let message: String }

  var words: [String: String] = [:]
  var hours = [TradingCalendar.Hours?](repeating: nil, count: 7)
  var exceptions: [Int64: TradingCalendar.Exception] = [:]

  mutating func read(_ line: Substring) throws(Mistake) {
    let text = line.prefix { $0 != "#" }
    let parts = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
    guard let key = parts.first else { return }
    guard parts.count == 2 else { throw Mistake(message: "there is nothing behind \"\(key)\"") }
    let rest = String(parts[1]).trimmed
    switch key {
    case "title", "source", "timezone", "from", "to":
      guard words.updateValue(rest, forKey: String(key)) == nil else {
        throw Mistake(message: "\(key) stands there twice")
      }
    case "hours": try readHours(rest)
    default: try readDay(key, rest)
    }
  }

  private mutating func readHours(_ text: String) throws(Mistake) {
    let parts = text.split(whereSeparator: \.isWhitespace)
    guard parts.count == 2, let times = Self.times(parts[1]),
      let days = try? CronFieldReader(field: .weekday, text: parts[0].uppercased()).read().values
    else { throw Mistake(message: "hours are written like MON-FRI 09:30-16:00, not \(text)") }
    for day in 0..<7 where days >> UInt64(day) & 1 == 1 { hours[day] = times }
  }

  private mutating func readDay(_ key: Substring, _ text: String) throws(Mistake) {
    guard let date = CivilDate(text: key) else {
      throw Mistake(
        message: "\"\(key)\" is neither a date like 2026-11-26 nor title, source, timezone, from, to or hours"
      )
    }
    let parts = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
    let name = parts.count == 2 ? String(parts[1]).trimmed : ""
    guard !name.isEmpty else { throw Mistake(message: "\(key) has no name: say why it is unusual") }
    let times = Self.times(parts[0])
    guard times != nil || parts[0] == "closed" else {
      throw Mistake(message: "\(key) is \"closed\" or has hours like 09:30-13:00, not \(parts[0])")
    }
    let exception = TradingCalendar.Exception(hours: times, name: name)
    guard exceptions.updateValue(exception, forKey: date.daysSinceEpoch) == nil else {
      throw Mistake(message: "\(key) stands there twice")
    }
  }

  private static func times(_ text: Substring) -> TradingCalendar.Hours? {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let open = clockSeconds(ends[0]), let close = clockSeconds(ends[1]), open < 86_400
    else { return nil }
    return TradingCalendar.Hours(open: open < close ? open : open - 86_400, close: close)
  }
}
