import Model
import Trading

extension DeskEvent {
  /// The payload as a JSON object; amounts are JSON numbers with their exact digits.
  var payloadJSON: String {
    var text = "{"
    text.reserveCapacity(384)
    for (index, field) in payload.enumerated() {
      if index > 0 { text += "," }
      text.appendJSON(field.key)
      text += ":"
      switch field.value {
      case .string(let value): text.appendJSON(value)
      case .number(let amount): text += amount.description
      case .int(let value): text += String(value)
      case .bool(let value): text += value ? "true" : "false"
      case .null: text += "null"
      }
    }
    return text + "}"
  }
}

extension String {
  /// Appends a JSON string.
  mutating func appendJSON(_ text: String) {
    // Nearly all text stands for itself.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      self += "\""
      self += text
      self += "\""
      return
    }
    self += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": self += "\\\""
      case "\\": self += "\\\\"
      case "\n": self += "\\n"
      case "\r": self += "\\r"
      case "\t": self += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        self += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: unicodeScalars.append(scalar)
      }
    }
    self += "\""
  }
}
