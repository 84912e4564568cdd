public import Model
public import NIOCore

extension ByteBuffer {
  /// Writes `text` as a JSON string with its quotes.
  public mutating func writeJSONString(_ text: String) {
    var text = text
    text.withUTF8 { writeJSONString(utf8: UnsafeRawBufferPointer($0)) }
  }

  /// Writes bytes that are well-formed UTF-8 as a JSON string with its quotes.
  public mutating func writeJSONString(utf8: UnsafeRawBufferPointer) {
    writeInteger(UInt8(ascii: "\""))
    var start = 0
    var index = 0
    while index < utf8.count {
      if index + 8 <= utf8.count, Self.isPlain(utf8.loadUnaligned(fromByteOffset: index, as: UInt64.self)) {
        index += 8
        continue
      }
      let byte = utf8[index]
      if byte < 0x20 || byte == 0x22 || byte == 0x5C {
        writeBytes(utf8[start..<index])
        writeEscape(byte)
        start = index + 1
      }
      index += 1
    }
    writeBytes(utf8[start...])
    writeInteger(UInt8(ascii: "\""))
  }

  /// Whether eight bytes are written as they are: none of them below a space, a quote or a backslash.
  private static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    // A byte below N shows in its highest bit once N is taken off; a borrow from below can only say so too often.
    let low = (word &- ones &* 0x20) & ~word
    let marks = low | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
    return marks & (ones << 7) == 0
  }

  private mutating func writeEscape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): writeStaticString("\\\"")
    case UInt8(ascii: "\\"): writeStaticString("\\\\")
    case 0x0A: writeStaticString("\\n")
    case 0x0D: writeStaticString("\\r")
    case 0x09: writeStaticString("\\t")
    default:
      writeStaticString("\\u00")
      writeInteger(Self.hexDigit(byte >> 4))
      writeInteger(Self.hexDigit(byte & 15))
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// Writes a whole number in decimal digits.
  public mutating func writeDecimal(_ value: Int64) {
    writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { raw in
      let bytes = raw.bindMemory(to: UInt8.self)
      var rest = value.magnitude
      var digits = 1
      while rest >= 10 {
        rest /= 10
        digits += 1
      }
      let length = digits + (value < 0 ? 1 : 0)
      if value < 0 { bytes[0] = UInt8(ascii: "-") }
      rest = value.magnitude
      for index in stride(from: length - 1, through: length - digits, by: -1) {
        bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      return length
    }
  }

  /// Writes an amount's digits, without quotes.
  public mutating func writeAmount(_ amount: Amount, minimumDecimals: Int) {
    writeWithUnsafeMutableBytes(minimumWritableBytes: 64) { raw in
      amount.write(to: raw.bindMemory(to: UInt8.self), minimumDecimals: minimumDecimals)
    }
  }

  /// Writes a time as a JSON string.
  public mutating func writeTimestamp(_ time: Timestamp) {
    writeWithUnsafeMutableBytes(minimumWritableBytes: 29) { raw in
      let bytes = raw.bindMemory(to: UInt8.self)
      bytes[0] = UInt8(ascii: "\"")
      time.write(to: UnsafeMutableBufferPointer(rebasing: bytes[1..<28]))
      bytes[28] = UInt8(ascii: "\"")
      return 29
    }
  }

  /// Writes a whole value.
  public mutating func writeJSON(_ value: JSON) {
    switch value {
    case .null: writeStaticString("null")
    case .bool(let flag): writeStaticString(flag ? "true" : "false")
    case .number(let digits): writeString(digits)
    case .string(let text): writeJSONString(text)
    case .array(let items):
      writeInteger(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { writeInteger(UInt8(ascii: ",")) }
        writeJSON(item)
      }
      writeInteger(UInt8(ascii: "]"))
    case .object(let object):
      writeInteger(UInt8(ascii: "{"))
      for (index, field) in object.fields.enumerated() {
        if index > 0 { writeInteger(UInt8(ascii: ",")) }
        writeJSONString(field.key)
        writeInteger(UInt8(ascii: ":"))
        writeJSON(field.value)
      }
      writeInteger(UInt8(ascii: "}"))
    }
  }
}

extension JSON: CustomStringConvertible {
  /// The value as JSON text on one line.
  public var description: String {
    var buffer = ByteBuffer()
    buffer.writeJSON(self)
    return String(buffer: buffer)
  }
}
