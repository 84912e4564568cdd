import Model

/// Text side by side in memory that is kept from use to use.
struct TextMemory: ~Copyable {
  /// Where it begins; another place after anything was appended.
  private(set) var base: UnsafeMutableRawPointer
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int) {
    base = .allocate(byteCount: capacity, alignment: 16)
    self.capacity = capacity
  }

  deinit { base.deallocate() }

  /// Forgets the text, not the memory.
  mutating func clear() { count = 0 }

  private mutating func reserve(_ more: Int) {
    guard count + more > capacity else { return }
    capacity = max(capacity * 2, count + more)
    let wider = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    wider.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = wider
  }

  mutating func append(byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).copyMemory(from: start, byteCount: bytes.count)
    count += bytes.count
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// The shortest exact digits.
  mutating func append(_ amount: Amount) {
    reserve(64)
    let room = UnsafeMutableBufferPointer(
      start: (base + count).assumingMemoryBound(to: UInt8.self), count: 64)
    count += amount.write(to: room, minimumDecimals: 0)
  }

  mutating func append(_ number: Int64) { append(String(number)) }

  /// Appends a JSON string with its quotes.
  mutating func appendJSON(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      append(byte: UInt8(ascii: "\""))
      // Nearly all text stands for itself.
      if utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
        append(UnsafeRawBufferPointer(utf8))
      } else {
        for byte in utf8 { appendEscaped(byte) }
      }
      append(byte: UInt8(ascii: "\""))
    }
  }

  private mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"" as StaticString)
    case UInt8(ascii: "\\"): append("\\\\" as StaticString)
    case 0x0A: append("\\n" as StaticString)
    case 0x0D: append("\\r" as StaticString)
    case 0x09: append("\\t" as StaticString)
    case 0..<0x20:
      append("\\u00" as StaticString)
      append(byte: byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
      let low = byte & 15
      append(byte: low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
    default: append(byte: byte)
    }
  }
}
