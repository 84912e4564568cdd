extension JSONScanner {
  /// Passes over a string and returns what stands between the quotes, and whether it has escapes.
  public mutating func stringBytes() throws(WireError) -> (bytes: UnsafeRawBufferPointer, hasEscapes: Bool) {
    try expect(UInt8(ascii: "\""), "a string")
    let start = position
    var hasEscapes = false
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return (UnsafeRawBufferPointer(rebasing: bytes[start..<(position - 1)]), hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try skipEscape()
      case 0..<0x20: throw failure("a control character in a string must be escaped")
      case 0x80...: try skipMultibyte()
      default: position += 1
      }
    }
    throw failure("the string does not end")
  }

  /// Reads a string.
  public mutating func string() throws(WireError) -> String {
    let (text, hasEscapes) = try stringBytes()
    return hasEscapes ? Self.unescaped(text) : String(decoding: text, as: UTF8.self)
  }

  private mutating func skipEscape() throws(WireError) {
    guard position + 1 < bytes.count else { throw failure("the string does not end") }
    switch bytes[position + 1] {
    case UInt8(ascii: "u"):
      guard position + 6 <= bytes.count, Self.hex(bytes, position + 2) != nil else {
        throw failure("\\u needs four hexadecimal digits")
      }
      position += 6
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
    default: throw failure("unknown escape")
    }
  }

  /// Passes over one character of two to four bytes, by the table of well-formed sequences in the Unicode
  /// standard: no overlong forms, no surrogates, nothing past U+10FFFF.
  private mutating func skipMultibyte() throws(WireError) {
    let lead = bytes[position]
    let (length, second): (Int, ClosedRange<UInt8>)
    switch lead {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xE1...0xEC, 0xEE...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: throw failure("not UTF-8")
    }
    guard position + length <= bytes.count, second.contains(bytes[position + 1]) else {
      throw failure("not UTF-8")
    }
    for index in 2..<max(2, length) where bytes[position + index] & 0xC0 != 0x80 {
      throw failure("not UTF-8")
    }
    position += length
  }

  private static func hex(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> UInt16? {
    guard start + 4 <= bytes.count else { return nil }
    var value: UInt16 = 0
    for index in start..<(start + 4) {
      let digit: UInt8
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[index] - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = value << 4 | UInt16(digit)
    }
    return value
  }

  /// `text` has been checked by `stringBytes`. A lone surrogate, which JSON's grammar lets through, becomes U+FFFD.
  private static func unescaped(_ text: UnsafeRawBufferPointer) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count else {
        result.append(text[index])
        index += 1
        continue
      }
      switch text[index + 1] {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        let (scalar, length) = escapedScalar(text, at: index)
        result.append(contentsOf: Array(Character(scalar).utf8))
        index += length
        continue
      case let byte: result.append(byte)
      }
      index += 2
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func escapedScalar(
    _ text: UnsafeRawBufferPointer, at index: Int
  ) -> (scalar: Unicode.Scalar, length: Int) {
    guard let first = hex(text, index + 2) else { return ("\u{FFFD}", 6) }
    if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
    if (0xD800...0xDBFF).contains(first), index + 8 <= text.count, text[index + 6] == UInt8(ascii: "\\"),
      text[index + 7] == UInt8(ascii: "u"), let second = hex(text, index + 8),
      (0xDC00...0xDFFF).contains(second)
    {
      let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
      if let scalar = Unicode.Scalar(value) { return (scalar, 12) }
    }
    return ("\u{FFFD}", 6)
  }
}
