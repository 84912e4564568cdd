extension JSON {
  /// Reads a whole JSON text.
  public static func parse(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> JSON {
    var scanner = JSONScanner(bytes)
    let value = try scanner.tree()
    try scanner.end()
    return value
  }

  /// Reads a whole JSON text.
  public static func parse(_ text: String) throws(WireError) -> JSON {
    var text = text
    let result = text.withUTF8 { utf8 in
      Result { () throws(WireError) in try parse(UnsafeRawBufferPointer(utf8)) }
    }
    return try result.get()
  }
}

extension JSONScanner {
  /// Reads one value as a tree.
  public mutating func tree() throws(WireError) -> JSON {
    guard let first = peek() else { throw failure("a value is missing") }
    switch first {
    case UInt8(ascii: "{"):
      var object = JSONObject()
      try self.object { (key, scanner) throws(WireError) in
        object.append(Self.keyText(key), try scanner.tree())
      }
      return .object(object)
    case UInt8(ascii: "["):
      var items: [JSON] = []
      try array { (scanner) throws(WireError) in items.append(try scanner.tree()) }
      return .array(items)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try word("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default: return .number(String(decoding: try numberBytes(), as: UTF8.self))
    }
  }

  /// A key's text; one with escapes is read again as a string.
  private static func keyText(_ key: UnsafeRawBufferPointer) -> String {
    guard key.contains(UInt8(ascii: "\\")), let base = key.baseAddress else {
      return String(decoding: key, as: UTF8.self)
    }
    // The quotes stand just outside the key's bytes.
    var scanner = JSONScanner(UnsafeRawBufferPointer(start: base - 1, count: key.count + 2))
    return (try? scanner.string()) ?? String(decoding: key, as: UTF8.self)
  }
}
