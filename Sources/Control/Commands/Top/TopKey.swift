/// A key that was pressed.
enum TopKey: Hashable, Sendable {
  case character(Character)
  case up, down, left, right, pageUp, pageDown, home, end
  case enter, escape, backspace, tab
  /// Ctrl with a letter, in lower case.
  case control(Character)
}

/// Makes keys of what a terminal sends; sequences that it does not know are passed over whole.
struct TopKeyReader: Sendable {
  /// The beginning of a sequence, whose rest has not come yet.
  private var pending: [UInt8] = []

  private static let sequences: [String: TopKey] = [
    "[A": .up, "[B": .down, "[C": .right, "[D": .left, "OA": .up, "OB": .down, "OC": .right, "OD": .left,
    "[H": .home, "[F": .end, "OH": .home, "OF": .end, "[1~": .home, "[4~": .end, "[7~": .home, "[8~": .end,
    "[5~": .pageUp, "[6~": .pageDown,
  ]

  /// The keys in some bytes; the beginning of a sequence or character is kept for the next call.
  mutating func keys(_ bytes: some Sequence<UInt8>) -> [TopKey] {
    pending += bytes
    var keys: [TopKey] = []
    var rest = pending[...]
    while let first = rest.first {
      if first == 0x1B {
        guard let length = Self.sequenceLength(rest) else { break }
        let text = String(decoding: rest.dropFirst().prefix(length - 1), as: UTF8.self)
        if let key = Self.sequences[text] { keys.append(key) }
        rest = rest.dropFirst(length)
      } else if first >= 0x80 {
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1
        guard rest.count >= length else { break }
        if let character = String(validating: rest.prefix(length), as: UTF8.self)?.first {
          keys.append(.character(character))
        }
        rest = rest.dropFirst(length)
      } else {
        if let key = Self.single(first) { keys.append(key) }
        rest = rest.dropFirst()
      }
    }
    pending = Array(rest.prefix(64))
    return keys
  }

  /// Nothing came for a while: an escape that waits for more was the key of that name.
  mutating func settle() -> [TopKey] {
    defer { pending = [] }
    return pending == [0x1B] ? [.escape] : []
  }

  private static func single(_ byte: UInt8) -> TopKey? {
    switch byte {
    case 0x0D, 0x0A: .enter
    case 0x09: .tab
    case 0x08, 0x7F: .backspace
    case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
    case 0x20...0x7E: .character(Character(Unicode.Scalar(byte)))
    default: nil
    }
  }

  /// How long the sequence at the beginning is; nil while its end has not come.
  private static func sequenceLength(_ bytes: ArraySlice<UInt8>) -> Int? {
    let bytes = Array(bytes)
    guard bytes.count > 1 else { return nil }
    switch bytes[1] {
    case UInt8(ascii: "["):
      guard let end = bytes.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
        return bytes.count > 32 ? bytes.count : nil
      }
      return end + 1
    case UInt8(ascii: "O"): return bytes.count > 2 ? 3 : nil
    // Two escapes, or Alt with a key.
    case 0x1B: return 1
    default: return 2
    }
  }
}
