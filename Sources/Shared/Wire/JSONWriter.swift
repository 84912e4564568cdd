public import Model
public import NIOCore

/// Writes JSON into a byte buffer, field by field.
public struct JSONWriter {
  public var buffer: ByteBuffer
  private var needsComma = false

  public init(_ buffer: ByteBuffer) { self.buffer = buffer }

  private mutating func separate() {
    if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// Writes a value that is JSON text already.
  public mutating func value(json text: String) {
    separate()
    buffer.writeString(text)
  }

  /// Opens an object.
  public mutating func beginObject() {
    separate()
    buffer.writeInteger(UInt8(ascii: "{"))
    needsComma = false
  }

  /// Closes the object.
  public mutating func endObject() {
    buffer.writeInteger(UInt8(ascii: "}"))
    needsComma = true
  }

  /// Opens an array.
  public mutating func beginArray() {
    separate()
    buffer.writeInteger(UInt8(ascii: "["))
    needsComma = false
  }

  /// Closes the array.
  public mutating func endArray() {
    buffer.writeInteger(UInt8(ascii: "]"))
    needsComma = true
  }

  /// Reserves room once and writes there.
  private mutating func write(atMost bytes: Int, _ body: (inout RawText) -> Void) {
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes) { room in
      var text = RawText(room)
      body(&text)
      return text.count
    }
  }

  /// A comma where one is needed, the key, and then a value of at most so many bytes.
  private mutating func write(
    _ key: StaticString, valueAtMost bytes: Int, _ value: (inout RawText) -> Void
  ) {
    let comma = needsComma
    needsComma = true
    write(atMost: key.utf8CodeUnitCount + 4 + bytes) { text in
      text.putKey(key, comma: comma)
      value(&text)
    }
  }

  /// The next value's key, which needs no escaping.
  public mutating func key(_ key: StaticString) {
    write(key, valueAtMost: 0) { _ in }
    needsComma = false
  }

  public mutating func value(_ text: String) {
    separate()
    buffer.writeJSONString(text)
  }

  /// A string whose bytes are well-formed UTF-8.
  public mutating func value(utf8 bytes: UnsafeRawBufferPointer) {
    separate()
    buffer.writeJSONString(utf8: bytes)
  }

  /// Writes a value that is JSON text already.
  public mutating func value(jsonUTF8 bytes: UnsafeRawBufferPointer) {
    separate()
    buffer.writeBytes(bytes)
  }

  public mutating func value(_ number: some FixedWidthInteger) {
    separate()
    buffer.writeDecimal(Int64(truncatingIfNeeded: number))
  }

  public mutating func value(_ flag: Bool) {
    separate()
    buffer.writeStaticString(flag ? "true" : "false")
  }

  /// Writes null.
  public mutating func null() {
    separate()
    buffer.writeStaticString("null")
  }

  /// A decimal string: `"1.16550"`.
  public mutating func value(_ amount: Amount, minimumDecimals: Int = 0) {
    separate()
    write(atMost: RawText.amountBytes) { $0.put(amount, minimumDecimals: minimumDecimals) }
  }

  public mutating func value(_ time: Timestamp) {
    separate()
    buffer.writeTimestamp(time)
  }

  public mutating func value(_ json: JSON) {
    separate()
    buffer.writeJSON(json)
  }

  /// Texts up to this many bytes are reserved for at their worst.
  private static let shortText = 256

  public mutating func field(_ key: StaticString, _ text: String) {
    guard text.utf8.count <= Self.shortText else {
      self.key(key)
      return value(text)
    }
    var text = text
    text.withUTF8 { utf8 in
      write(key, valueAtMost: RawText.bytes(ofString: utf8.count)) {
        $0.putString(UnsafeRawBufferPointer(utf8))
      }
    }
  }

  private mutating func nullField(_ key: StaticString) { write(key, valueAtMost: 4) { $0.put("null") } }

  public mutating func field(_ key: StaticString, _ text: String?) {
    if let text { field(key, text) } else { nullField(key) }
  }

  public mutating func field(_ key: StaticString, _ number: some FixedWidthInteger) {
    let number = Int64(truncatingIfNeeded: number)
    write(key, valueAtMost: RawText.numberBytes) { $0.put(number) }
  }

  public mutating func field(_ key: StaticString, _ number: (some FixedWidthInteger)?) {
    if let number { field(key, number) } else { nullField(key) }
  }

  public mutating func field(_ key: StaticString, _ flag: Bool) {
    write(key, valueAtMost: 5) { $0.put(flag ? "true" : "false") }
  }

  public mutating func field(_ key: StaticString, _ amount: Amount, minimumDecimals: Int = 0) {
    write(key, valueAtMost: RawText.amountBytes) { $0.put(amount, minimumDecimals: minimumDecimals) }
  }

  public mutating func field(_ key: StaticString, _ amount: Amount?, minimumDecimals: Int = 0) {
    if let amount { field(key, amount, minimumDecimals: minimumDecimals) } else { nullField(key) }
  }

  public mutating func field(_ key: StaticString, _ time: Timestamp) {
    write(key, valueAtMost: RawText.timeBytes) { $0.put(time) }
  }

  public mutating func field(_ key: StaticString, _ time: Timestamp?) {
    if let time { field(key, time) } else { nullField(key) }
  }

  public mutating func field(_ key: StaticString, _ json: JSON) {
    self.key(key)
    value(json)
  }
}
