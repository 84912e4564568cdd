import NIOCore

/// Makes lines of what a process prints: split at 8 KiB, with what is not text escaped.
struct LineSplitter: Sendable {
  static let bytesMax = 8_192

  private var rest: [UInt8] = []
  /// The line that `rest` belongs to has been split already.
  private var continues = false

  /// Hands out each complete line, without its end.
  mutating func split(_ bytes: UnsafeRawBufferPointer, _ line: (String) -> Void) {
    var start = 0
    while start < bytes.count {
      let slice = UnsafeRawBufferPointer(rebasing: bytes[start...])
      let feed = slice.firstIndex(of: 0x0A)
      let room = Self.bytesMax - rest.count
      if let feed, feed <= room {
        emit(UnsafeRawBufferPointer(rebasing: slice[..<feed]), line)
        continues = false
        start += feed + 1
      } else if slice.count >= room {
        let cut = Self.cut(slice, at: room, rest.isEmpty)
        emit(UnsafeRawBufferPointer(rebasing: slice[..<cut]), line)
        continues = true
        start += cut
      } else {
        rest.append(contentsOf: slice)
        start = bytes.count
      }
    }
  }

  /// Hands out what came after the last line's end.
  mutating func finish(_ line: (String) -> Void) {
    if !rest.isEmpty { emit(UnsafeRawBufferPointer(start: nil, count: 0), line) }
  }

  /// Not in the middle of a character, where that can be helped.
  private static func cut(_ bytes: UnsafeRawBufferPointer, at room: Int, _ isWhole: Bool) -> Int {
    guard isWhole, room < bytes.count else { return room }
    var cut = room
    while cut > room - 4, cut > 1, bytes[cut] & 0xC0 == 0x80 { cut -= 1 }
    return bytes[cut] & 0xC0 == 0x80 ? room : cut
  }

  private mutating func emit(_ bytes: UnsafeRawBufferPointer, _ line: (String) -> Void) {
    // The end of a line that was split exactly at its last byte is no line of its own.
    if continues, rest.isEmpty, bytes.isEmpty { return }
    if rest.isEmpty {
      line(Self.text(bytes))
    } else {
      rest.append(contentsOf: bytes)
      line(rest.withUnsafeBytes { Self.text($0) })
      rest.removeAll(keepingCapacity: rest.capacity <= Self.bytesMax * 2)
    }
  }

  /// The bytes as text: control characters and what is no UTF-8 become `\xNN`, so that nothing which a strategy
  /// prints can move a person's cursor or colour his terminal.
  static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    var bytes = bytes
    if bytes.last == 0x0D { bytes = UnsafeRawBufferPointer(rebasing: bytes.dropLast()) }
    if bytes.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x09 }) {
      return String(decoding: bytes, as: UTF8.self)
    }
    var text = ""
    text.reserveCapacity(bytes.count + 16)
    var index = 0
    while index < bytes.count {
      let length = characterLength(bytes, at: index)
      if length == 0 {
        text += escaped(bytes[index])
        index += 1
      } else {
        text += String(
          decoding: UnsafeRawBufferPointer(rebasing: bytes[index..<index + length]), as: UTF8.self)
        index += length
      }
    }
    return text
  }

  /// The bytes of the well-formed, printable character that begins there; 0 when there is none.
  private static func characterLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return (first >= 0x20 && first != 0x7F) || first == 0x09 ? 1 : 0 }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0
    guard length > 0, index + length <= bytes.count else { return 0 }
    let slice = UnsafeRawBufferPointer(rebasing: bytes[index..<index + length])
    guard let character = String(validating: slice, as: UTF8.self)?.unicodeScalars.first else { return 0 }
    // C1 controls, and the ones that turn the direction of text, act on terminals too.
    let value = character.value
    let acts =
      (0x80...0x9F).contains(value) || (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
    return acts ? 0 : length
  }

  private static func escaped(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "\\x" + (digits.count < 2 ? "0" : "") + digits
  }
}
