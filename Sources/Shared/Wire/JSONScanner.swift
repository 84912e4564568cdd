/// Why bytes are not a message.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
  public let message: String
  /// Where in the message, in bytes from its beginning.
  public let offset: Int

  public init(_ message: String, at offset: Int) {
    self.message = message
    self.offset = offset
  }

  public var description: String { "\(message) at byte \(offset)" }
}

/// Reads JSON from bytes, value by value, without building a tree.
///
/// Every value that is passed over is checked whole: syntax, UTF-8 and nesting. The bytes must outlive the scanner.
public struct JSONScanner {
  let bytes: UnsafeRawBufferPointer
  public internal(set) var position: Int
  var depth: Int

  public init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    position = 0
    depth = 0
  }

  func failure(_ message: String) -> WireError { WireError(message, at: position) }

  /// The next byte after white space, not consumed; nil at the end.
  public mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case let byte: return byte
      }
    }
    return nil
  }

  mutating func expect(_ byte: UInt8, _ what: String) throws(WireError) {
    guard peek() == byte else { throw failure("expected \(what)") }
    position += 1
  }

  /// Fails unless nothing but white space is left.
  public mutating func end() throws(WireError) {
    guard peek() == nil else { throw failure("unexpected bytes after the value") }
  }

  /// Reads an object: `body` gets each key's bytes as written and must consume the value.
  public mutating func object(
    _ body: (_ key: UnsafeRawBufferPointer, _ scanner: inout JSONScanner) throws(WireError) -> Void
  ) throws(WireError) {
    try expect(UInt8(ascii: "{"), "an object")
    try descend()
    if peek() == UInt8(ascii: "}") {
      position += 1
      depth -= 1
      return
    }
    while true {
      guard peek() == UInt8(ascii: "\"") else { throw failure("expected a key") }
      let key = try stringBytes().bytes
      try expect(UInt8(ascii: ":"), "a colon")
      try body(key, &self)
      guard let next = peek() else { throw failure("the object does not end") }
      position += 1
      if next == UInt8(ascii: "}") { break }
      guard next == UInt8(ascii: ",") else { throw WireError("expected a comma or }", at: position - 1) }
    }
    depth -= 1
  }

  /// Reads an array: `body` must consume each element.
  public mutating func array(
    _ body: (_ scanner: inout JSONScanner) throws(WireError) -> Void
  ) throws(WireError) {
    try expect(UInt8(ascii: "["), "an array")
    try descend()
    if peek() == UInt8(ascii: "]") {
      position += 1
      depth -= 1
      return
    }
    while true {
      try body(&self)
      guard let next = peek() else { throw failure("the array does not end") }
      position += 1
      if next == UInt8(ascii: "]") { break }
      guard next == UInt8(ascii: ",") else { throw WireError("expected a comma or ]", at: position - 1) }
    }
    depth -= 1
  }

  private mutating func descend() throws(WireError) {
    depth += 1
    guard depth <= WireLimits.nesting else { throw failure("nested deeper than \(WireLimits.nesting)") }
  }

  /// Passes over one value and returns its bytes.
  @discardableResult
  public mutating func skip() throws(WireError) -> UnsafeRawBufferPointer {
    guard let first = peek() else { throw failure("a value is missing") }
    let start = position
    switch first {
    case UInt8(ascii: "{"):
      try object { (_, scanner) throws(WireError) in try scanner.skip() }
    case UInt8(ascii: "["):
      try array { (scanner) throws(WireError) in try scanner.skip() }
    case UInt8(ascii: "\""): _ = try stringBytes()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: _ = try numberBytes()
    }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  mutating func word(_ text: StaticString) throws(WireError) {
    let length = text.utf8CodeUnitCount
    guard position + length <= bytes.count else { throw failure("not a value") }
    for index in 0..<length where bytes[position + index] != text.utf8Start[index] {
      throw failure("not a value")
    }
    position += length
  }

  /// Passes over a number of JSON's grammar and returns its digits.
  public mutating func numberBytes() throws(WireError) -> UnsafeRawBufferPointer {
    _ = peek()
    let start = position
    if byteIs(UInt8(ascii: "-")) { position += 1 }
    if byteIs(UInt8(ascii: "0")) {
      position += 1
    } else {
      guard digits() > 0 else { throw failure("not a value") }
    }
    if byteIs(UInt8(ascii: ".")) {
      position += 1
      guard digits() > 0 else { throw failure("a digit is missing after the point") }
    }
    if byteIs(UInt8(ascii: "e")) || byteIs(UInt8(ascii: "E")) {
      position += 1
      if byteIs(UInt8(ascii: "+")) || byteIs(UInt8(ascii: "-")) { position += 1 }
      guard digits() > 0 else { throw failure("a digit is missing in the exponent") }
    }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  private func byteIs(_ byte: UInt8) -> Bool { position < bytes.count && bytes[position] == byte }

  private mutating func digits() -> Int {
    let start = position
    while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    return position - start
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these bytes are that ASCII text.
  public static func == (bytes: UnsafeRawBufferPointer, text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard bytes.count == length else { return false }
    for index in 0..<length where bytes[index] != text.utf8Start[index] { return false }
    return true
  }
}
