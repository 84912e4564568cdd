import Model

/// Writes JSON into memory that was reserved for the most that it can take.
///
/// A message has dozens of small pieces, and asking a buffer for room for each of them takes longer than writing it;
/// so a field reserves once and is written here.
struct RawText {
  private let room: UnsafeMutableRawBufferPointer
  private(set) var count = 0

  init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

  /// The most bytes that a string of so many takes, with its quotes.
  static func bytes(ofString count: Int) -> Int { 6 * count + 2 }
  /// The most bytes that an amount, a whole number and a time take, with their quotes.
  static let amountBytes = 66
  static let numberBytes = 20
  static let timeBytes = 29

  mutating func put(_ byte: UInt8) {
    room[count] = byte
    count += 1
  }

  mutating func put(_ bytes: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: bytes)
    count += bytes.count
  }

  mutating func put(_ text: StaticString) {
    put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// A comma where one is needed, and a key that needs no escaping.
  mutating func putKey(_ key: StaticString, comma: Bool) {
    if comma { put(UInt8(ascii: ",")) }
    put(UInt8(ascii: "\""))
    put(key)
    put(UInt8(ascii: "\""))
    put(UInt8(ascii: ":"))
  }

  mutating func putString(_ utf8: UnsafeRawBufferPointer) {
    put(UInt8(ascii: "\""))
    // Nearly all text stands for itself; the loop has no exit, so that it looks at many bytes at once.
    var needsEscape = false
    for byte in utf8 {
      needsEscape = needsEscape || byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
    if needsEscape {
      for byte in utf8 { putEscaped(byte) }
    } else {
      put(utf8)
    }
    put(UInt8(ascii: "\""))
  }

  private mutating func putEscaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): put("\\\"" as StaticString)
    case UInt8(ascii: "\\"): put("\\\\" as StaticString)
    case 0x0A: put("\\n" as StaticString)
    case 0x0D: put("\\r" as StaticString)
    case 0x09: put("\\t" as StaticString)
    case 0..<0x20:
      put("\\u00" as StaticString)
      put(Self.hexDigit(byte >> 4))
      put(Self.hexDigit(byte & 15))
    default: put(byte)
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  mutating func put(_ value: Int64) {
    var rest = value.magnitude
    var digits = 1
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    if value < 0 { put(UInt8(ascii: "-")) }
    rest = value.magnitude
    for index in stride(from: count + digits - 1, through: count, by: -1) {
      room[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    count += digits
  }

  /// A decimal string: `"1.16550"`.
  mutating func put(_ amount: Amount, minimumDecimals: Int) {
    put(UInt8(ascii: "\""))
    let digits = UnsafeMutableRawBufferPointer(rebasing: room[count...]).bindMemory(to: UInt8.self)
    count += amount.write(to: digits, minimumDecimals: minimumDecimals)
    put(UInt8(ascii: "\""))
  }

  mutating func put(_ time: Timestamp) {
    put(UInt8(ascii: "\""))
    let digits = UnsafeMutableRawBufferPointer(rebasing: room[count..<(count + 27)])
    time.write(to: digits.bindMemory(to: UInt8.self))
    count += 27
    put(UInt8(ascii: "\""))
  }
}
