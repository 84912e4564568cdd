import Glibc

/// Makes lines of what a process prints, split at 8 KiB; their bytes are as they came.
struct LineSplitter: Sendable {
  static let bytesMax = 8_192

  private var rest: [UInt8] = []
  /// The line that `rest` belongs to has been split already.
  private var continues = false
  /// The beginning of the line that comes was thrown away, and so is its end.
  private var isSkipping = false

  /// Hands out each complete line, without its end.
  mutating func split(_ bytes: UnsafeRawBufferPointer, _ line: (UnsafeRawBufferPointer) -> Void) {
    var start = 0
    if isSkipping {
      guard let feed = Self.feed(bytes, from: 0) else { return }
      isSkipping = false
      start = feed + 1
    }
    while start < bytes.count {
      let room = Self.bytesMax - rest.count
      let end = Self.feed(bytes, from: start)
      if let end, end - start <= room {
        emit(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), line)
        continues = false
        start = end + 1
      } else if bytes.count - start >= room {
        let slice = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let cut = Self.cut(slice, at: room, rest.isEmpty)
        emit(UnsafeRawBufferPointer(rebasing: slice[..<cut]), line)
        continues = true
        start += cut
      } else {
        rest.append(contentsOf: bytes[start...])
        start = bytes.count
      }
    }
  }

  /// Throws bytes away: what came before them is a line, what comes after them begins at the next line's begin.
  mutating func skip(_ bytes: UnsafeRawBufferPointer, _ line: (UnsafeRawBufferPointer) -> Void) {
    finish(line)
    guard let last = bytes.last else { return }
    isSkipping = last != 0x0A
  }

  /// Hands out what came after the last line's end.
  mutating func finish(_ line: (UnsafeRawBufferPointer) -> Void) {
    if !rest.isEmpty { emit(UnsafeRawBufferPointer(start: nil, count: 0), line) }
    continues = false
  }

  private static func feed(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start) else {
      return nil
    }
    return UnsafeRawPointer(found) - base
  }

  /// Not in the middle of a character, where that can be helped.
  private static func cut(_ bytes: UnsafeRawBufferPointer, at room: Int, _ isWhole: Bool) -> Int {
    guard isWhole, room < bytes.count else { return room }
    var cut = room
    while cut > room - 4, cut > 1, bytes[cut] & 0xC0 == 0x80 { cut -= 1 }
    return bytes[cut] & 0xC0 == 0x80 ? room : cut
  }

  private mutating func emit(_ bytes: UnsafeRawBufferPointer, _ line: (UnsafeRawBufferPointer) -> Void) {
    if rest.isEmpty {
      // The end of a line that was split exactly at its last byte is no line of its own.
      if continues, bytes.isEmpty { return }
      line(Self.withoutReturn(bytes))
    } else {
      rest.append(contentsOf: bytes)
      rest.withUnsafeBytes { line(Self.withoutReturn($0)) }
      rest.removeAll(keepingCapacity: rest.capacity <= Self.bytesMax * 2)
    }
  }

  private static func withoutReturn(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    bytes.last == 0x0D ? UnsafeRawBufferPointer(rebasing: bytes.dropLast()) : bytes
  }
}
