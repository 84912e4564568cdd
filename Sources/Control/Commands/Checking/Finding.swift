import Config
import Wire

/// One thing to say about one place of a file.
struct Finding: Hashable, Sendable {
  enum Gravity: String, Sendable { case error, warning }

  var gravity: Gravity
  var path: String
  /// Counted from 1; nil where the whole file is meant.
  var line: Int?
  /// The key of a manifest with its tables.
  var key: String?
  var message: String
  /// It goes by this process's own surroundings, and a daemon that can be asked knows better.
  var isGuess = false

  init(_ gravity: Gravity, _ path: String, line: Int? = nil, key: String? = nil, _ message: String) {
    self.gravity = gravity
    self.path = path
    self.line = line
    self.key = key
    self.message = message
  }

  init(_ gravity: Gravity, _ issue: ConfigIssue) {
    self.init(gravity, issue.path, line: issue.line, key: issue.key, issue.message)
  }

  /// `grid_bot/strategy.toml:12: error: restart.polcy: unknown key, did you mean "policy"?`
  var shown: Line {
    let place = path + (line.map { ":\($0)" } ?? "")
    return Line([
      Span(place + ": ", .bold), Span(gravity.rawValue + ": ", gravity == .error ? .red : .yellow),
      Span((key.map { "\($0): " } ?? "") + message),
    ])
  }

  var json: JSON {
    ["path": .string(path), "line": JSON(line), "key": JSON(key), "message": .string(message)]
  }
}

extension [Finding] {
  var errors: [Finding] { filter { $0.gravity == .error } }
  var warnings: [Finding] { filter { $0.gravity == .warning } }

  /// Takes in what a daemon has found, but for what is known already; what was a guess without it is dropped.
  mutating func settle(_ verdict: [Finding]) {
    removeAll(where: \.isGuess)
    for other in verdict
    where !contains(where: { $0.path == other.path && other.message.hasSuffix($0.message) }) {
      append(other)
    }
  }
}
