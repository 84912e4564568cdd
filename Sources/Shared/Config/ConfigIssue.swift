/// One thing that is wrong with a file of settings.
public struct ConfigIssue: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// Its line, counted from 1; nil where the whole file is meant.
  public let line: Int?
  /// The key with its tables, `restart.backoff.initial`; nil where the file itself cannot be read.
  public let key: String?
  /// What is wrong and what to write instead.
  public let message: String

  /// An issue at a line and key, either of which may be unknown.
  public init(path: String, line: Int? = nil, key: String? = nil, message: String) {
    self.path = path
    self.line = line
    self.key = key
    self.message = message
  }

  /// `strategies/grid_bot/strategy.toml:12: restart.polcy: unknown key, did you mean "policy"?`
  public var description: String {
    path + (line.map { ":\($0)" } ?? "") + ": " + (key.map { "\($0): " } ?? "") + message
  }
}

/// Everything that is wrong with one file, so that it can be put right in one go.
public struct ConfigErrors: Error, Equatable, Sendable, CustomStringConvertible {
  /// At least one, in the order of the file.
  public let issues: [ConfigIssue]

  init(_ issues: [ConfigIssue]) {
    self.issues = issues.sorted { ($0.line ?? 0, $0.key ?? "") < ($1.line ?? 0, $1.key ?? "") }
  }

  /// One issue per line.
  public var description: String { issues.map(\.description).joined(separator: "\n") }
}
