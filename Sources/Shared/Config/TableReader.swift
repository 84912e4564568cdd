/// Reads one table of a file, key by key, and gathers all that is wrong instead of stopping at the first.
///
/// A value that cannot be read yields its default, so that the rest is still looked at; the caller throws
/// when there are issues. ``finish()`` reports the keys that nobody asked for.
final class TableReader {
  private let document: Document
  private let values: [String: ConfigValue]
  private let tables: [String]
  private let found: Findings
  private var asked: [String] = []

  /// Shared by the readers of all tables of one file.
  final class Findings {
    var issues: [ConfigIssue] = []
    var warnings: [ConfigIssue] = []
  }

  /// A reader of the whole file.
  convenience init(_ document: Document, _ found: Findings) {
    self.init(document, document.root, [], found)
  }

  private init(_ document: Document, _ values: [String: ConfigValue], _ tables: [String], _ found: Findings) {
    self.document = document
    self.values = values
    self.tables = tables
    self.found = found
  }

  /// Notes that a key's value will not do. Of one key the first thing is said: the others follow from it.
  func report(_ key: String, _ message: String) {
    let issue = issue(key, message)
    guard !found.issues.contains(where: { $0.key == issue.key }) else { return }
    found.issues.append(issue)
  }

  /// Notes that a key's value will do, and probably not what was meant.
  func warn(_ key: String, _ message: String) { found.warnings.append(issue(key, message)) }

  private func issue(_ key: String, _ message: String) -> ConfigIssue {
    let path = tables + (key.isEmpty ? [] : [key])
    return ConfigIssue(
      path: document.path, line: document.lines.line(path), key: path.joined(separator: "."),
      message: message)
  }

  /// True when the file has the key; an unknown one is not asked for by this.
  func has(_ key: String) -> Bool { values[key] != nil }

  /// The value as `read` understands it; the default where it is absent or not `expected`.
  func read<T>(_ key: String, _ fallback: T, _ expected: String, _ read: (ConfigValue) -> T?) -> T {
    asked.append(key)
    guard let value = values[key] else { return fallback }
    if let result = read(value) { return result }
    let shown = value.json.count > 60 ? value.kind : value.json
    report(key, "must be \(expected), not \(shown)")
    return fallback
  }

  /// A table inside this one; an empty one where it is absent. Call ``finish()`` on it as well.
  func table(_ key: String) -> TableReader {
    let inner: [String: ConfigValue] = read(key, [:], "a table") {
      if case .table(let table) = $0 { table } else { nil }
    }
    return TableReader(document, inner, tables + [key], found)
  }

  /// A table whose keys are free.
  func freeTable(_ key: String) -> [String: ConfigValue] {
    read(key, [:], "a table") { if case .table(let table) = $0 { table } else { nil } }
  }

  /// Reports every key that was not asked for, with the nearest that was.
  func finish() {
    for key in values.keys where !asked.contains(key) {
      if let near = NearestKey.among(asked, to: key) {
        report(key, "unknown key, did you mean \"\(near)\"?")
      } else {
        report(key, "unknown key; known here: \(asked.joined(separator: ", "))")
      }
    }
  }
}

extension TableReader {
  func string(_ key: String, _ fallback: String) -> String {
    read(key, fallback, "a string") { if case .string(let text) = $0 { text } else { nil } }
  }

  func optionalString(_ key: String) -> String? {
    read(key, nil, "a string") { if case .string(let text) = $0 { .some(text) } else { nil } }
  }

  func bool(_ key: String, _ fallback: Bool) -> Bool {
    read(key, fallback, "true or false") { if case .bool(let value) = $0 { value } else { nil } }
  }

  func integer(_ key: String, _ fallback: Int, in range: ClosedRange<Int>) -> Int {
    read(key, fallback, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
      if case .integer(let value) = $0, range.contains(value) { value } else { nil }
    }
  }

  func optionalInteger(_ key: String, in range: ClosedRange<Int>) -> Int? {
    has(key) ? integer(key, range.lowerBound, in: range) : read(key, nil, "a whole number") { _ in nil }
  }

  func number(_ key: String, _ fallback: Double, in range: ClosedRange<Double>) -> Double {
    read(key, fallback, "a number from \(range.lowerBound) to \(range.upperBound)") {
      switch $0 {
      case .integer(let value) where range.contains(Double(value)): Double(value)
      case .number(let value) where range.contains(value): value
      default: nil
      }
    }
  }

  func strings(_ key: String, _ fallback: [String]) -> [String] {
    read(key, fallback, "an array of strings") { Self.strings($0) }
  }

  func optionalStrings(_ key: String) -> [String]? {
    read(key, nil, "an array of strings") { Self.strings($0).map(Optional.some) ?? nil }
  }

  func duration(_ key: String, _ fallback: Duration) -> Duration {
    read(key, fallback, "a duration like \"200ms\", \"5s\", \"5m\", \"1h\" or \"1d\", above zero") {
      if case .string(let text) = $0, let value = Units.duration(text), value > .zero { value } else { nil }
    }
  }

  /// A duration that makes no sense below a bound.
  ///
  /// - Parameters:
  ///   - least: the bound as it is written, `100ms`.
  ///   - why: what a shorter one would do, after "must be at least …: ".
  func duration(_ key: String, _ fallback: Duration, atLeast least: String, _ why: String) -> Duration {
    let value = duration(key, fallback)
    guard let bound = Units.duration(least), value < bound else { return value }
    report(key, "must be at least \"\(least)\": \(why)")
    return fallback
  }

  /// A wait that may be none: "0s".
  func pause(_ key: String, _ fallback: Duration) -> Duration {
    read(key, fallback, "a duration like \"0s\", \"200ms\" or \"1m\"") {
      if case .string(let text) = $0 { Units.duration(text) } else { nil }
    }
  }

  func optionalDuration(_ key: String) -> Duration? { has(key) ? duration(key, .zero) : absent(key) }

  func optionalSize(_ key: String) -> UInt64? {
    read(key, nil, "a size like \"512MB\" or \"64KiB\" (kB, MB, GB, TB, KiB, MiB, GiB, TiB)") {
      if case .string(let text) = $0, let value = Units.size(text), value > 0 { .some(value) } else { nil }
    }
  }

  /// Money or a quantity, as decimal text. A float is refused, since its digits are not those of the file.
  func optionalAmount(_ key: String) -> String? {
    read(key, nil, "a decimal number in quotes, like \"10000\" or \"0.5\"") {
      switch $0 {
      case .string(let text) where Units.isDecimal(text): .some(text)
      case .integer(let value) where value >= 0: .some(String(value))
      default: nil
      }
    }
  }

  /// One of the words that an enumeration knows.
  func word<T: RawRepresentable & CaseIterable>(_ key: String, _ fallback: T) -> T
  where T.RawValue == String {
    let known = T.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    return read(key, fallback, "one of \(known)") {
      if case .string(let text) = $0 { T(rawValue: text) } else { nil }
    }
  }

  func absent<T>(_ key: String) -> T? { read(key, nil, "") { _ in nil } }

  private static func strings(_ value: ConfigValue) -> [String]? {
    guard case .array(let items) = value else { return nil }
    let texts = items.compactMap { if case .string(let text) = $0 { text } else { nil } }
    return texts.count == items.count ? texts : nil
  }
}
