/// Makes text of what a process prints: control characters and what is no UTF-8 become `\xNN`, so that nothing which
/// a strategy prints can move a person's cursor, colour his terminal or forge a line.
enum PrintableText {
  /// Whether the bytes are printable ASCII throughout, as most lines are; eight at a time.
  static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let high = ones << 7
    var index = 0
    while index + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      // In turn: a byte below a space, a byte that is not ASCII, a delete.
      if ((word &- ones &* 0x20) & ~word | word | (word &+ ones)) & high != 0 { return false }
      index += 8
    }
    while index < bytes.count {
      guard bytes[index] &- 0x20 < 0x5F else { return false }
      index += 1
    }
    return true
  }

  /// Appends the bytes as printable UTF-8; tabs stay.
  static func escape(_ bytes: UnsafeRawBufferPointer, into text: inout [UInt8]) {
    var index = 0
    while index < bytes.count {
      let length = characterLength(bytes, at: index)
      if length > 0 {
        text.append(contentsOf: bytes[index..<index + length])
        index += length
      } else {
        let byte = bytes[index]
        text += [UInt8(ascii: "\\"), UInt8(ascii: "x"), digit(byte >> 4), digit(byte & 15)]
        index += 1
      }
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The bytes of the well-formed, printable character that begins there; 0 when there is none.
  private static func characterLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return first &- 0x20 < 0x5F || first == 0x09 ? 1 : 0 }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0
    guard length > 0, first <= 0xF4, index + length <= bytes.count else { return 0 }
    var value = UInt32(first) & (0xFF >> UInt32(length + 1))
    for offset in 1..<length {
      let byte = bytes[index + offset]
      guard byte & 0xC0 == 0x80 else { return 0 }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    let isShortest = length == 2 || value >= (length == 3 ? 0x800 : 0x1_0000)
    guard isShortest, value <= 0x10_FFFF, !(0xD800...0xDFFF).contains(value) else { return 0 }
    // C1 controls, separators of lines, and what turns the direction of text act on terminals too.
    switch value {
    case 0x80...0x9F, 0x2028...0x202E, 0x2066...0x2069: return 0
    default: return length
    }
  }
}
