/// What one field allows: plain values as bits, and for days the words that depend on the month.
struct CronFieldValue: Hashable, Sendable {
  /// Bit n: the value n. Of weekdays only 0 to 6, Sunday first.
  var values: UInt64 = 0
  /// `L` of the day of month: its last day.
  var lastDay = false
  /// `LW`: its last day from Monday to Friday.
  var lastWorkday = false
  /// `5L` of the day of week: bit n: the last such weekday of the month.
  var lastWeekdays: UInt64 = 0
  /// `5#2`: bit (k - 1) * 8 + n: the k-th such weekday of the month.
  var numberedWeekdays: UInt64 = 0
}

/// Reads one field.
struct CronFieldReader {
  let field: CronField
  let text: String

  /// - Parameter text: in upper case, without spaces.
  func read() throws(CronError) -> CronFieldValue {
    var value = CronFieldValue()
    if text.has(",") {
      for term in text.pieces(by: ",") { try read(term: term, into: &value) }
    } else {
      try read(term: text, into: &value)
    }
    if field == .weekday, value.values & 0x80 != 0 { value.values = value.values & 0x7F | 1 }
    return value
  }

  private func read(term: String, into value: inout CronFieldValue) throws(CronError) {
    if term.isEmpty {
      throw error(.number, "has an empty place: lists are written like 1,15")
    }
    if term.has("?") {
      throw error(.unsupported, "says ?, which is another scheduler's: write * for any \(field.words)")
    }
    switch field {
    case .day where term == "L": value.lastDay = true
    case .day where term == "LW": value.lastWorkday = true
    case .day where term.hasSuffix("W"):
      throw error(
        .unsupported, "says \(term): only LW, the last weekday of the month, is known; write the day itself")
    case .day where term.hasPrefix("L"):
      throw error(
        .unsupported, "says \(term): the last day is L, its last weekday LW, and nothing goes with them")
    case .weekday where term.hasSuffix("L"):
      let day = term.dropLast()
      guard !day.isEmpty, day.allSatisfy(\.isNumber) else {
        throw error(.number, "says \(term): the last Friday of the month is 5L")
      }
      value.lastWeekdays |= 1 << UInt64(try number(String(day)) % 7)
    case .weekday where term.has("#"): try readNumbered(term, into: &value)
    default: value.values |= try bits(of: term)
    }
  }

  private func readNumbered(_ term: String, into value: inout CronFieldValue) throws(CronError) {
    let parts = term.pieces(by: "#", max: 2)
    guard let count = Int(parts[1]), (1...5).contains(count), parts[1].utf8.count == 1 else {
      throw error(.number, "says \(term): the second Friday of the month is FRI#2, and there are at most 5")
    }
    value.numberedWeekdays |= 1 << UInt64((count - 1) * 8 + (try number(parts[0])) % 7)
  }

  /// `*`, `5`, `1-5`, each with an optional `/n`.
  private func bits(of term: String) throws(CronError) -> UInt64 {
    guard term.has("/") else { return Self.bits(try range(term), step: 1) }
    let parts = term.pieces(by: "/", max: 2)
    var range = try self.range(parts[0])
    let step = try digits(parts[1], in: term)
    if step == 0 { throw error(.step, "says \(term): a step is at least 1") }
    // A single value with a step goes on to the end.
    if parts[0] != "*", !parts[0].has("-") { range = range.lowerBound...field.range.upperBound }
    let length = field.range.count - (field == .weekday ? 1 : 0)
    if step > length {
      throw error(
        .step, "says \(term): there are only \(length) values, so a step of \(step) would pick just the first"
      )
    }
    return Self.bits(range, step: step)
  }

  private static func bits(_ range: ClosedRange<Int>, step: Int) -> UInt64 {
    var (bits, value): (UInt64, Int) = (0, range.lowerBound)
    while value <= range.upperBound {
      bits |= 1 << UInt64(value)
      value += step
    }
    return bits
  }

  private func range(_ text: String) throws(CronError) -> ClosedRange<Int> {
    if text == "*" { return field.range }
    guard text.has("-") else {
      let value = try number(text)
      return value...value
    }
    let ends = text.pieces(by: "-", max: 2)
    let first = try number(ends[0])
    let last = try number(ends[1])
    guard first <= last else {
      let (low, high) = (field.range.lowerBound, field == .weekday ? 6 : field.range.upperBound)
      let names = field.names
      let lowest = names.isEmpty || ends[0].first?.isNumber == true ? "\(low)" : names[0]
      let highest = names.isEmpty || ends[0].first?.isNumber == true ? "\(high)" : names[names.count - 1]
      throw error(
        .reversed, "says \(text), which goes backwards: write \(ends[0])-\(highest),\(lowest)-\(ends[1])")
    }
    return first...last
  }

  private func number(_ text: String) throws(CronError) -> Int {
    if text.utf8.first.map({ $0 > 57 }) == true, let index = field.names.firstIndex(of: text) {
      return index + field.range.lowerBound
    }
    let value = try digits(text, in: text)
    guard field.range.contains(value) else {
      throw error(.range, "says \(text): it is \(field.choices)")
    }
    return value
  }

  private func digits(_ text: String, in term: String) throws(CronError) -> Int {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw error(
        .number,
        text.isEmpty ? "says \(term), where a number is missing" : "says \(text): it is \(field.choices)")
    }
    // Whatever is longer than this is out of every range.
    return text.utf8.count > 18 ? .max : Int(text) ?? .max
  }

  private func error(_ reason: CronError.Reason, _ message: String) -> CronError {
    CronError(reason, field, "the \(field.words) field \(message)")
  }
}

extension String {
  /// Whether that ASCII character is in it.
  fileprivate func has(_ character: Unicode.Scalar) -> Bool {
    utf8.contains(UInt8(ascii: character))
  }

  /// What stands between that ASCII character, `max` pieces at the most; by bytes, which for ASCII is the same.
  fileprivate func pieces(by character: Unicode.Scalar, max: Int = .max) -> [String] {
    utf8.split(separator: UInt8(ascii: character), maxSplits: max - 1, omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
  }
}
