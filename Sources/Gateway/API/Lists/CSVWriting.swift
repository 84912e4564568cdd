import Model
import NIOCore
import Wire

/// Tables as RFC 4180 has them, with line feeds of two characters.
extension ByteBuffer {
  mutating func writeCSV(_ cells: [Cell]) {
    for (index, cell) in cells.enumerated() {
      if index > 0 { writeString(",") }
      writeCSV(cell)
    }
    writeString("\r\n")
  }

  private mutating func writeCSV(_ cell: Cell) {
    switch cell {
    case .text(let text?): writeCSV(text: text)
    case .number(let amount?): writeString(amount.description)
    case .int(let number?): writeString(String(number))
    case .flag(let flag): writeString(flag ? "true" : "false")
    case .time(let time?): writeString("\(time)")
    case .json(let text): writeCSV(text: text)
    case .value(let json): writeCSV(json)
    case .text(nil), .number(nil), .int(nil), .time(nil): break
    }
  }

  private mutating func writeCSV(_ json: JSON) {
    switch json {
    case .null: break
    case .string(let text): writeCSV(text: text)
    case .number(let digits): writeString(digits)
    case .bool(let flag): writeString(flag ? "true" : "false")
    case .array, .object:
      var buffer = ByteBuffer()
      buffer.writeJSON(json)
      writeCSV(text: String(buffer: buffer))
    }
  }

  /// Text that a spreadsheet would take for a formula gets a quote before it, which keeps it text: names, tags and
  /// comments are whatever a strategy or a stranger makes them.
  private mutating func writeCSV(text: String) {
    var text = text
    if let first = text.unicodeScalars.first(where: { $0 != " " }),
      "=+-@\t\r\n".unicodeScalars.contains(first)
    {
      text = "'" + text
    }
    guard text.utf8.contains(where: { [34, 44, 13, 10].contains($0) }) else {
      writeString(text)
      return
    }
    writeString("\"\(text.replacing("\"", with: "\"\""))\"")
  }
}
