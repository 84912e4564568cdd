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

  /// The next value's key, which needs no escaping.
  public mutating func key(_ key: StaticString) {
    separate()
    buffer.writeInteger(UInt8(ascii: "\""))
    buffer.writeStaticString(key)
    buffer.writeStaticString("\":")
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
    buffer.writeInteger(UInt8(ascii: "\""))
    buffer.writeAmount(amount, minimumDecimals: minimumDecimals)
    buffer.writeInteger(UInt8(ascii: "\""))
  }

  public mutating func value(_ time: Timestamp) {
    separate()
    buffer.writeTimestamp(time)
  }

  public mutating func value(_ json: JSON) {
    separate()
    buffer.writeJSON(json)
  }

  public mutating func field(_ key: StaticString, _ text: String) {
    self.key(key)
    value(text)
  }

  public mutating func field(_ key: StaticString, _ text: String?) {
    self.key(key)
    if let text { value(text) } else { null() }
  }

  public mutating func field(_ key: StaticString, _ number: some FixedWidthInteger) {
    self.key(key)
    value(number)
  }

  public mutating func field(_ key: StaticString, _ number: (some FixedWidthInteger)?) {
    self.key(key)
    if let number { value(number) } else { null() }
  }

  public mutating func field(_ key: StaticString, _ flag: Bool) {
    self.key(key)
    value(flag)
  }

  public mutating func field(_ key: StaticString, _ amount: Amount, minimumDecimals: Int = 0) {
    self.key(key)
    value(amount, minimumDecimals: minimumDecimals)
  }

  public mutating func field(_ key: StaticString, _ amount: Amount?, minimumDecimals: Int = 0) {
    self.key(key)
    if let amount { value(amount, minimumDecimals: minimumDecimals) } else { null() }
  }

  public mutating func field(_ key: StaticString, _ time: Timestamp) {
    self.key(key)
    value(time)
  }

  public mutating func field(_ key: StaticString, _ time: Timestamp?) {
    self.key(key)
    if let time { value(time) } else { null() }
  }

  public mutating func field(_ key: StaticString, _ json: JSON) {
    self.key(key)
    value(json)
  }
}
