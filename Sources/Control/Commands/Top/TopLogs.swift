import Model
import Wire

/// The log of one strategy in `rbotctl top`: what came, and which part of it is on the screen.
struct TopLogs: Sendable {
  /// One item, and the lines that it takes.
  struct Entry: Sendable {
    let level: LogLevel
    /// Without case, for the search.
    let text: String
    let lines: [Line]
  }

  /// Keys of the least grave level that is shown.
  static let levels: [(key: Character, name: LogLevel)] = [
    ("d", .debug), ("i", .info), ("w", .warning), ("e", .error),
  ]
  /// Items kept; the oldest go.
  static let entriesMax = 5_000

  let name: String
  private(set) var entries: [Entry] = []
  private(set) var level = LogLevel.debug
  private(set) var search = ""
  /// Lines below the screen; 0 follows what comes.
  private(set) var below = 0
  private(set) var dropped = 0
  /// Why nothing more comes.
  var ended: String?

  init(name: String) { self.name = name }

  var isFollowing: Bool { below == 0 }

  /// The lines that are to be seen at all, the oldest first.
  var lines: [Line] { shown.flatMap(\.lines) }

  private var shown: [Entry] {
    let rank = Self.rank(level)
    return entries.filter { entry in
      Self.rank(entry.level) >= rank && (search.isEmpty || entry.text.contains(search.lowercased()))
    }
  }

  private static func rank(_ level: LogLevel) -> Int { LogLevel.allCases.firstIndex(of: level) ?? 0 }

  mutating func append(_ new: [Entry], dropped: Int) {
    let before = below == 0 ? 0 : lines.count
    entries += new
    if entries.count > Self.entriesMax { entries.removeFirst(entries.count - Self.entriesMax) }
    self.dropped += dropped
    // Who has scrolled back goes on seeing the same lines.
    if below > 0 { below += max(0, lines.count - before) }
  }

  mutating func scroll(by delta: Int, visible: Int, width: Int) {
    let (sum, overflow) = below.addingReportingOverflow(delta)
    below = max(0, min(overflow ? (delta > 0 ? .max : 0) : sum, max(0, lines.count - visible)))
  }

  mutating func show(_ level: LogLevel) {
    self.level = level
    below = 0
  }

  mutating func look(for text: String) {
    search = text
    below = 0
  }
}

extension TopLogs.Entry {
  init(_ item: JSON, page: Page) {
    level = LogLevel(rawValue: item.text("level")) ?? .info
    text = "\(item.text("message")) \(item["fields"]?.description ?? "")".lowercased()
    lines = LogView(item: item, page: page).lines
  }
}
