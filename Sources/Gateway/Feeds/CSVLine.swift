import Model

/// One line of a recording, `ts_ms,instrument,bid,ask` or with `bid_size,ask_size` behind, read byte by byte.
struct CSVLine {
  let milliseconds: Int64
  /// Position in the reader's list of instruments.
  let instrument: Int
  let bid: Price
  let ask: Price
  var bidSize: Quantity?
  var askSize: Quantity?
}

/// Reads lines; knows the instruments that may occur.
struct CSVLineReader {
  static let header = "ts_ms,instrument,bid,ask"
  static let headerWithSizes = header + ",bid_size,ask_size"
  /// Prices from here on would overflow products with quantities.
  private static let largestPrice = Amount(1_000_000_000_000)

  private let names: [[UInt8]]
  private let powers: [Int128] = (0...18).map { Amount.step(decimals: 18 - $0).raw }
  private let hasSizes: Bool
  private var last = 0

  init(names: [String], hasSizes: Bool = false) {
    self.names = names.map { Array($0.utf8) }
    self.hasSizes = hasSizes
  }

  /// Why a line is not a quote: the end of a sentence.
  struct Failure: Error {
    let reason: String
  }

  /// Reads a line without its line feed.
  mutating func read(_ line: UnsafeRawBufferPointer) throws(Failure) -> CSVLine {
    var index = 0
    let milliseconds = try time(line, &index)
    let instrument = try instrument(line, &index)
    let bid = try price(line, &index, "bid", next: "ask")
    let ask = try price(line, &index, "ask", next: hasSizes ? "bid_size" : nil)
    guard bid <= ask else { throw Failure(reason: "the bid \(bid) is above the ask \(ask)") }
    var read = CSVLine(milliseconds: milliseconds, instrument: instrument, bid: bid, ask: ask)
    if hasSizes {
      read.bidSize = try number(line, &index, "bid_size", next: "ask_size")
      read.askSize = try number(line, &index, "ask_size", next: nil)
    }
    return read
  }

  private func time(_ line: UnsafeRawBufferPointer, _ index: inout Int) throws(Failure) -> Int64 {
    var value: Int64 = 0
    while index < line.count, line[index] != Self.comma {
      let digit = line[index] &- UInt8(ascii: "0")
      guard digit <= 9, index < 15 else {
        throw Failure(reason: "\(Self.field(line, from: 0)) is not a time in milliseconds since 1970")
      }
      value = value &* 10 &+ Int64(digit)
      index += 1
    }
    guard index > 0 else { throw Failure(reason: "the time is missing") }
    // Nanoseconds of a Timestamp end in the year 2262.
    guard value <= 9_000_000_000_000 else {
      throw Failure(reason: "the time \(value) is after the year 2255")
    }
    index += 1
    return value
  }

  private mutating func instrument(_ line: UnsafeRawBufferPointer, _ index: inout Int) throws(Failure) -> Int
  {
    if matches(names[last], line, index) {
      index += names[last].count + 1
      return last
    }
    for position in names.indices where matches(names[position], line, index) {
      index += names[position].count + 1
      last = position
      return position
    }
    let name = Self.field(line, from: index)
    guard Instrument.conventional(name) != nil else {
      throw Failure(
        reason: "\(name.isEmpty ? "the instrument is missing" : "there is no instrument \(name)")")
    }
    throw Failure(reason: "the instrument \(name) does not occur in the beginning of the file")
  }

  private func matches(_ name: [UInt8], _ line: UnsafeRawBufferPointer, _ start: Int) -> Bool {
    let end = start + name.count
    guard end < line.count, line[end] == Self.comma else { return false }
    for offset in 0..<name.count where line[start + offset] != name[offset] { return false }
    return true
  }

  private func price(
    _ line: UnsafeRawBufferPointer, _ index: inout Int, _ which: String, next: String?
  ) throws(Failure) -> Price {
    let price = try number(line, &index, which, next: next)
    guard price.isPositive, price < Self.largestPrice else {
      throw Failure(reason: "the \(which) \(price) is not between 0 and \(Self.largestPrice)")
    }
    return price
  }

  /// A field of digits; `next` names the one behind it, nil at the end of the line.
  private func number(
    _ line: UnsafeRawBufferPointer, _ index: inout Int, _ which: String, next: String?
  ) throws(Failure) -> Amount {
    let isLast = next == nil
    let start = index
    var mantissa: Int64 = 0
    var digits = 0
    var point = -1
    while index < line.count {
      let byte = line[index]
      let digit = byte &- UInt8(ascii: "0")
      if digit <= 9 {
        mantissa = mantissa &* 10 &+ Int64(digit)
        digits += 1
      } else if byte == UInt8(ascii: "."), point < 0 {
        point = index
      } else {
        break
      }
      index += 1
    }
    let end = index
    guard isLast ? index == line.count : index < line.count && line[index] == Self.comma, digits > 0,
      digits <= 18, point != end - 1, point != start
    else {
      if let next, end == line.count, digits > 0 { throw Failure(reason: "the \(next) is missing") }
      throw failure(line, start, which, isLast: isLast)
    }
    if !isLast { index += 1 }
    return Amount(raw: Int128(mantissa) * powers[18 - (point < 0 ? 0 : end - point - 1)])
  }

  private func failure(
    _ line: UnsafeRawBufferPointer, _ start: Int, _ which: String, isLast: Bool
  ) -> Failure {
    guard start <= line.count else { return Failure(reason: "the \(which) is missing") }
    let text = Self.field(line, from: start)
    if text.isEmpty { return Failure(reason: "the \(which) is missing") }
    if isLast, line[start...].contains(Self.comma) {
      return Failure(reason: "there are more than \(hasSizes ? "six" : "four") fields")
    }
    return Failure(reason: "the \(which) \(text) is not a decimal number of at most 18 digits")
  }

  private static let comma = UInt8(ascii: ",")

  /// A field's text for a message: cut, and without anything that a terminal would obey.
  private static func field(_ line: UnsafeRawBufferPointer, from start: Int) -> String {
    guard start < line.count else { return "" }
    var text = ""
    for byte in line[start...] {
      if byte == comma { break }
      if text.utf8.count >= 40 { return text + "…" }
      text += (0x20..<0x7f).contains(byte) ? String(UnicodeScalar(byte)) : "?"
    }
    return text
  }
}
