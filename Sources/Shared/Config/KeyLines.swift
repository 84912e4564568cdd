/// Where the keys of a TOML text stand.
///
/// The parser tells where a text breaks the grammar and forgets where everything else was. This walks over a
/// text that is known to be TOML and looks at nothing but keys, so that an error can name a line, and one value
/// can be replaced while everything around it stays.
struct KeyLines {
  /// A key with its value, in bytes of the text.
  struct Pair {
    /// The names of the table whose header, or braces, it stands under.
    var table: [String]
    /// The first byte of the key.
    var start: Int
    /// The value, without blanks around it.
    var value: Range<Int>
    /// Inside the braces of an inline table.
    var isInline: Bool
  }

  private var lines: [[String]: Int] = [:]
  /// Every key that has a value.
  private(set) var pairs: [[String]: Pair] = [:]
  /// By the table's name: the first byte behind the line of its header.
  private(set) var headers: [[String]: Int] = [:]

  init(_ text: String) {
    var walker = Walker(bytes: Array(text.utf8))
    walker.document()
    lines = walker.lines
    pairs = walker.pairs
    headers = walker.headers
  }

  /// The line of a key by the names of its tables and its own; of the nearest table around it where the key
  /// is not there.
  func line(_ path: [String]) -> Int? {
    var path = path
    while !path.isEmpty {
      if let line = lines[path] { return line }
      path.removeLast()
    }
    return nil
  }
}

private struct Walker {
  let bytes: [UInt8]
  var lines: [[String]: Int] = [:]
  var pairs: [[String]: KeyLines.Pair] = [:]
  var headers: [[String]: Int] = [:]
  private var position = 0
  private var line = 1

  init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func step() {
    guard let byte = next else { return }
    if byte == UInt8(ascii: "\n") { line += 1 }
    position += 1
  }

  private mutating func skip(while condition: (UInt8) -> Bool) {
    while let byte = next, condition(byte) { step() }
  }

  private mutating func skipBlanks() { skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

  /// Blanks, line ends, commas and comments: all that may stand between two keys or two values.
  private mutating func skipBetween() {
    while let byte = next {
      if byte == UInt8(ascii: "#") {
        skip { $0 != UInt8(ascii: "\n") }
      } else if " \t\r\n,".utf8.contains(byte) {
        step()
      } else {
        return
      }
    }
  }

  mutating func document() {
    var table: [String] = []
    while true {
      skipBetween()
      guard let byte = next else { return }
      let start = position
      if byte == UInt8(ascii: "[") {
        skip { $0 == UInt8(ascii: "[") }
        let isList = position - start > 1
        table = key()
        note(table)
        skip { $0 != UInt8(ascii: "\n") }
        if !isList { headers[table] = min(position + 1, bytes.count) }
      } else {
        pair(in: table, isInline: false)
      }
      if position == start { step() }
    }
  }

  private mutating func pair(in table: [String], isInline: Bool) {
    let start = position
    let path = table + key()
    note(path)
    skipBlanks()
    if next == UInt8(ascii: "=") { step() }
    skipBlanks()
    let first = position
    value(of: path)
    var end = position
    while end > first, " \t".utf8.contains(bytes[end - 1]) { end -= 1 }
    pairs[path] = KeyLines.Pair(table: table, start: start, value: first..<end, isInline: isInline)
  }

  /// The first place counts, for the tables around a dotted key as well.
  private mutating func note(_ path: [String]) {
    for end in path.indices where lines[Array(path[...end])] == nil { lines[Array(path[...end])] = line }
  }

  private mutating func key() -> [String] {
    var parts: [String] = []
    while true {
      skipBlanks()
      let start = position
      if let quote = next, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
        string(quote)
        parts.append(String(decoding: bytes[start + 1..<max(start + 1, position - 1)], as: UTF8.self))
      } else {
        skip { !" \t=.]\r\n".utf8.contains($0) }
        parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
      }
      skipBlanks()
      guard next == UInt8(ascii: ".") else { return parts }
      step()
    }
  }

  private mutating func value(of path: [String]) {
    skipBlanks()
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): string(bytes[position])
    case UInt8(ascii: "["): items(until: UInt8(ascii: "]")) { walker in walker.value(of: path) }
    case UInt8(ascii: "{"):
      items(until: UInt8(ascii: "}")) { walker in
        walker.pair(in: path, isInline: true)
      }
    default: skip { !",]}#\r\n".utf8.contains($0) }
    }
  }

  private mutating func items(until end: UInt8, _ item: (inout Walker) -> Void) {
    step()
    while true {
      skipBetween()
      guard let byte = next else { return }
      let start = position
      if byte == end {
        step()
        return
      }
      item(&self)
      if position == start { step() }
    }
  }

  /// A string of any of the four kinds, its quotes included.
  private mutating func string(_ quote: UInt8) {
    let isLong = bytes[position...].prefix(3).elementsEqual([quote, quote, quote])
    let length = isLong ? 3 : 1
    for _ in 0..<length { step() }
    while next != nil, !bytes[position...].prefix(length).elementsEqual(repeatElement(quote, count: length)) {
      if quote == UInt8(ascii: "\""), next == UInt8(ascii: "\\") { step() }
      step()
    }
    for _ in 0..<length { step() }
    // A long string may end in up to two quotes of its own.
    if isLong { skip { $0 == quote } }
  }
}
