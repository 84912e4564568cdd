import Trading

extension TextMemory {
  /// Appends a payload as a JSON object; amounts are JSON numbers with their exact digits.
  mutating func append(_ payload: [EventField]) {
    append(byte: UInt8(ascii: "{"))
    var isFirst = true
    for field in payload {
      if !isFirst { append(byte: UInt8(ascii: ",")) }
      isFirst = false
      appendJSON(field.key)
      append(byte: UInt8(ascii: ":"))
      switch field.value {
      case .string(let value): appendJSON(value)
      case .number(let amount): append(amount)
      case .int(let value): append(value)
      case .bool(let value): append(value ? "true" as StaticString : "false")
      case .null: append("null" as StaticString)
      }
    }
    append(byte: UInt8(ascii: "}"))
  }
}
