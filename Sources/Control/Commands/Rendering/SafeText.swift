/// Makes text that came from a strategy, or through a socket, harmless to a terminal.
enum SafeText {
  /// The text with every control character spelled out: an escape becomes `\x1b`, a line feed `\n`.
  ///
  /// Besides the C0 and C1 controls these are the characters that reorder what stands around them, and the line
  /// and paragraph separators: with them one line could pass for another.
  static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isUnsafe(scalar) { result += spelled(scalar) } else { result.unicodeScalars.append(scalar) }
    }
    return result
  }

  /// The lines of a message, with tabs as spaces, each still to be escaped.
  static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.contains("\t")
        ? line.split(separator: "\t", omittingEmptySubsequences: false).joined(separator: "    ")
        : String(line)
    }
    while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The same JSON text, with those characters as `\u` escapes. They occur in strings alone, so it means the same.
  static func escapedJSON(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isUnsafe(scalar) {
        result += "\\u" + hex(scalar.value, width: 4)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0: true
    case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }

  private static func spelled(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: scalar.value < 0x100 ? "\\x" + hex(scalar.value, width: 2) : "\\u" + hex(scalar.value, width: 4)
    }
  }

  private static func hex(_ value: UInt32, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
