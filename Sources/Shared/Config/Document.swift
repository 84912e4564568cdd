import Glibc
import TOMLKit

/// A TOML file as read: its values, and where each key stands.
struct Document {
  let path: String
  let root: [String: ConfigValue]
  let lines: KeyLines

  /// Reads and parses a file.
  ///
  /// - Throws: ``ConfigErrors`` with one issue: not readable, not UTF-8, or not TOML (with its line).
  init(path: String) throws(ConfigErrors) {
    let bytes: [UInt8]
    switch readBytes(path) {
    case .success(let read): bytes = read
    case .failure(let issue): throw ConfigErrors([issue])
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigErrors([ConfigIssue(path: path, message: "is not UTF-8 text")])
    }
    try self.init(path: path, text: text)
  }

  /// Parses a text that came from `path`.
  init(path: String, text: String) throws(ConfigErrors) {
    self.path = path
    do {
      let table = try TOMLTable(string: text)
      root = Self.values(table)
    } catch let error as TOMLParseError {
      throw ConfigErrors([
        ConfigIssue(path: path, line: error.source.begin.line, message: "not TOML: \(error.description)")
      ])
    } catch {
      throw ConfigErrors([ConfigIssue(path: path, message: "not TOML: \(error)")])
    }
    lines = KeyLines(text)
  }

  private static func values(_ table: TOMLTable) -> [String: ConfigValue] {
    var values: [String: ConfigValue] = [:]
    for key in table.keys { values[key] = table[key].map(value) }
    return values
  }

  private static func value(_ value: any TOMLValueConvertible) -> ConfigValue {
    switch value.type {
    case .table: .table(value.table.map(values) ?? [:])
    case .array: .array(value.array.map { $0.map(Self.value) } ?? [])
    case .string: .string(value.string ?? "")
    case .int: .integer(value.int ?? 0)
    case .double: .number(value.double ?? 0)
    case .bool: .bool(value.bool ?? false)
    // Dates and times have no place in our settings; a strategy gets them as text.
    case .date, .time, .dateTime: .string(value.debugDescription)
    }
  }
}

/// A settings file's bytes. More than a megabyte is a mistake, not a settings file.
func readBytes(_ path: String) -> Result<[UInt8], ConfigIssue> {
  let limit = 1 << 20
  func failure(_ code: Int32) -> Result<[UInt8], ConfigIssue> {
    .failure(ConfigIssue(path: path, message: "cannot be read: \(String(cString: strerror(code)))"))
  }
  let fd = open(path, O_RDONLY | O_CLOEXEC)
  guard fd >= 0 else { return failure(errno) }
  defer { close(fd) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  while true {
    let count = read(fd, &buffer, buffer.count)
    if count < 0 && errno == EINTR { continue }
    if count < 0 { return failure(errno) }
    if count == 0 { return .success(bytes) }
    bytes += buffer[..<count]
    if bytes.count > limit { return .failure(ConfigIssue(path: path, message: "is larger than 1 MiB")) }
  }
}
