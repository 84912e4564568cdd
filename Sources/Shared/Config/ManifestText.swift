/// The text of a manifest, one key of which is to be changed and nothing else: comments, order, blanks and line ends
/// stay, byte for byte.
public struct ManifestText {
  /// The text as it is now.
  public internal(set) var text: String
  let path: String
  var document: Document

  /// Why a key could not be set: the text is written in a way that this does not understand.
  public struct CannotSet: Error, CustomStringConvertible {
    /// The key with its tables.
    public let key: String
    /// What to do instead.
    public var description: String { "\(key) cannot be set in this file; change it with an editor" }
  }

  /// Takes a text that came from `path`.
  ///
  /// - Throws: ``ConfigErrors`` when it is not TOML.
  public init(path: String, text: String) throws(ConfigErrors) {
    self.path = path
    self.text = text
    document = try Document(path: path, text: text)
  }

  /// Sets a key, by the names of its tables and its own, to a value.
  ///
  /// - Throws: ``CannotSet`` when the result would say anything else besides; the text is then as before.
  public mutating func set(_ key: [String], to value: ConfigValue) throws(CannotSet) {
    let failure = CannotSet(key: key.joined(separator: "."))
    guard let name = key.last else { throw failure }
    let changed = edited(key, name, value.toml)
    guard let now = try? Document(path: path, text: changed),
      now.root == Self.setting(document.root, key[...], value)
    else { throw failure }
    text = changed
    document = now
  }

  private func edited(_ key: [String], _ name: String, _ value: String) -> String {
    var bytes = Array(text.utf8)
    let places = document.lines
    let tables = Array(key.dropLast())
    let end = text.utf8.contains(UInt8(ascii: "\r")) ? "\r\n" : "\n"
    func insert(_ line: String, at place: Int) { bytes.insert(contentsOf: Array(line.utf8), at: place) }
    if let pair = places.pairs[key] {
      bytes.replaceSubrange(pair.value, with: Array(value.utf8))
    } else if tables.isEmpty {
      // Behind the name, where a reader looks first; what stands before the first header is of no table.
      let place = places.pairs[["name"]].map { Self.lineEnd(bytes, after: $0.value.upperBound) } ?? 0
      let isOpen = place > 0 && bytes[place - 1] != UInt8(ascii: "\n")
      insert((isOpen ? end : "") + "\(Self.quoted(name)) = \(value)\(end)", at: place)
    } else if let place = places.headers[tables] {
      let isOpen = place > 0 && bytes[place - 1] != UInt8(ascii: "\n")
      insert((isOpen ? end : "") + "\(Self.quoted(name)) = \(value)\(end)", at: place)
    } else if let pair = places.pairs[tables], bytes[pair.value.lowerBound] == UInt8(ascii: "{") {
      let isEmpty = bytes[pair.value].dropFirst().dropLast().allSatisfy { " \t".utf8.contains($0) }
      insert(" \(Self.quoted(name)) = \(value)" + (isEmpty ? " " : ","), at: pair.value.lowerBound + 1)
    } else if let other = Self.dotted(places, tables) {
      let prefix = tables.dropFirst(other.table.count).map { Self.quoted($0) + "." }.joined()
      insert("\(prefix)\(Self.quoted(name)) = \(value)\(end)", at: other.start)
    } else {
      let isOpen = !bytes.isEmpty && bytes[bytes.count - 1] != UInt8(ascii: "\n")
      let header = tables.map(Self.quoted).joined(separator: ".")
      insert(
        (isOpen ? end : "") + "\(end)[\(header)]\(end)\(Self.quoted(name)) = \(value)\(end)", at: bytes.count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A key of that table that is written with dots, as `restart.policy = …`.
  private static func dotted(_ places: KeyLines, _ tables: [String]) -> KeyLines.Pair? {
    places.pairs.filter { path, pair in
      path.starts(with: tables) && path.count > tables.count && pair.table.count < tables.count
        && !pair.isInline
    }.values.min { $0.start < $1.start }
  }

  private static func lineEnd(_ bytes: [UInt8], after place: Int) -> Int {
    bytes[place...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count
  }

  static func quoted(_ key: String) -> String {
    let isBare =
      !key.isEmpty
      && key.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
      }
    return isBare ? key : ConfigValue.string(key).toml
  }

  private static func setting(_ table: [String: ConfigValue], _ key: ArraySlice<String>, _ value: ConfigValue)
    -> [String: ConfigValue]
  {
    var table = table
    guard let first = key.first else { return table }
    if key.count == 1 {
      table[first] = value
    } else {
      var inner: [String: ConfigValue] = [:]
      if case .table(let found)? = table[first] { inner = found }
      table[first] = .table(setting(inner, key.dropFirst(), value))
    }
    return table
  }
}
