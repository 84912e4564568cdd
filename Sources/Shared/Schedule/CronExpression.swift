/// When something happens, as cron writes it.
///
/// `30 9 * * MON-FRI`: minute, hour, day of month, month, day of week; with `seconds`, a field for these before them.
/// Days of month and of week are both asked for where either begins with `*`, else one of them is enough (as Debian's
/// cron has it).
public struct CronExpression: Hashable, Sendable {
  /// As it was written.
  public let text: String
  /// Whether it has a field for seconds.
  public let hasSeconds: Bool
  let seconds: UInt64
  let minutes: UInt64
  let hours: UInt64
  let days: CronFieldValue
  let months: UInt64
  let weekdays: CronFieldValue
  /// Day of month *and* day of week.
  let needsBothDays: Bool
  /// Neither minute nor hour begins with `*`: a time of day that people mean, which daylight saving may not double
  /// or swallow. Others follow elapsed time.
  public let isTimeOfDay: Bool

  /// Reads an expression or a nickname such as `@daily`.
  ///
  /// - Throws: ``CronError``, also for one that never comes.
  public init(_ text: String, seconds hasSeconds: Bool = false) throws(CronError) {
    self.text = text
    let words = try Self.words(text, hasSeconds)
    self.hasSeconds = words.count == 6
    let offset = 6 - words.count
    func field(_ field: CronField) throws(CronError) -> CronFieldValue {
      try CronFieldReader(field: field, text: words[field.rawValue - offset]).read()
    }
    seconds = offset == 0 ? try field(.second).values : 1
    minutes = try field(.minute).values
    hours = try field(.hour).values
    days = try field(.day)
    months = try field(.month).values
    weekdays = try field(.weekday)
    func isStarred(_ field: CronField) -> Bool { words[field.rawValue - offset].hasPrefix("*") }
    needsBothDays = isStarred(.day) || isStarred(.weekday)
    isTimeOfDay = offset == 1 && !isStarred(.minute) && !isStarred(.hour)
    // The calendar repeats after 28 years but for the turns of centuries; this is one that such a turn does not touch.
    if next(atOrAfter: 0) == nil {
      throw CronError(
        .never, nil, "no day is like that: \"\(text)\" would never come, within 50 years at least")
    }
  }

  private static let nicknames = [
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
  ]

  private static func words(_ text: String, _ hasSeconds: Bool) throws(CronError) -> [String] {
    if text.utf8.contains(where: { $0 > 127 }), let odd = text.unicodeScalars.first(where: { !$0.isASCII }) {
      throw CronError(
        .character, nil,
        "\"\(odd)\" is no ASCII character: a cron expression has digits, letters and * , - / # only")
    }
    let words = upperWords(text)
    guard let first = words.first else {
      throw CronError(
        .empty, nil,
        "the expression is empty: write minute, hour, day of month, month and day of week, like \"30 9 * * MON-FRI\""
      )
    }
    if words.count == 1, let fields = nicknames[first.lowercased()] { return upperWords(fields) }
    if first.hasPrefix("@") {
      let known = nicknames.keys.sorted().joined(separator: ", ")
      throw CronError(.fields, nil, "there is no \(first.lowercased()): there are \(known)")
    }
    if first.hasPrefix("TZ=") || first.hasPrefix("CRON_TZ=") {
      throw CronError(
        .zone, nil,
        "the time zone is no part of the expression: write timezone = \"\(text.trimmed.split(whereSeparator: \.isWhitespace)[0].split(separator: "=").dropFirst().joined())\" beside it"
      )
    }
    if let hint = clock(words) {
      throw CronError(.fields, nil, "\"\(text)\" has a time with a colon; did you mean \"\(hint)\"?")
    }
    let wanted = hasSeconds ? 6 : 5
    guard words.count == wanted else { throw wrongCount(words, hasSeconds) }
    return words
  }

  /// What stands between blanks, in upper case. By bytes: an expression is ASCII, and many are read at a start.
  private static func upperWords(_ text: String) -> [String] {
    text.utf8.split { (9...13).contains($0) || $0 == 32 }.map { word in
      String(unsafeUninitializedCapacity: word.count) { buffer in
        for (index, byte) in word.enumerated() {
          buffer[index] = (97...122).contains(byte) ? byte - 32 : byte
        }
        return word.count
      }
    }
  }

  private static func wrongCount(_ words: [String], _ hasSeconds: Bool) -> CronError {
    if words.count == 6 {
      return CronError(
        .fields, nil, "six fields, but the first would be seconds: set seconds = true, or leave it out")
    }
    let order = (hasSeconds ? "second, " : "") + "minute, hour, day of month, month, day of week"
    return CronError(.fields, nil, "\(words.count) fields where \(hasSeconds ? 6 : 5) are needed: \(order)")
  }

  /// What somebody meant who wrote `9:30`.
  private static func clock(_ words: [String]) -> String? {
    guard let index = words.firstIndex(where: { $0.utf8.contains(UInt8(ascii: ":")) }) else { return nil }
    let parts = words[index].split(separator: ":").compactMap { Int($0) }
    guard parts.count == 2, (0...23).contains(parts[0]), (0...59).contains(parts[1]) else { return nil }
    let rest = words[(index + 1)...]
    guard rest.count == 3 else { return nil }
    return "\(parts[1]) \(parts[0]) \(rest.joined(separator: " "))"
  }
}

extension String {
  /// Without blanks at its ends.
  var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
