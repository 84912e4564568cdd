public import Storage

/// Looks for where the last so many lines that match begin, a page at a time and without keeping them.
public struct LogBeginning: Sendable {
  private static let pageLines = 10_000

  private let count: Int
  private var query = LogQuery()
  private var found = 0
  private var first: Int64
  /// Whether nothing more is to be looked for.
  public private(set) var isFound = false
  /// Where the search has come to, and no lines; as long as it goes on, that is where it would end too early.
  public private(set) var page = LogPage()

  /// - Parameter before: only lines with a lower id count.
  public init(of count: Int, _ filter: LogFilter, before: Int64) {
    self.count = count
    query.filter = filter
    query.before = before
    first = before
    isFound = count <= 0
  }

  /// The lines have ids above this.
  public var after: Int64 { isFound ? first - 1 : (query.before ?? first) - 1 }

  /// Looks through one page more.
  ///
  /// - Parameter open: blocks that are still being filled, as they were at the beginning.
  public mutating func step(in store: SupervisorStore, open: [LogBlock] = []) throws(StorageError) {
    guard !isFound else { return }
    query.limit = min(count - found, Self.pageLines)
    var page = try store.logs(query, open: open)
    // What lies before the end of a search that ended early is looked at once more.
    let complete = page.entries.drop { $0.id < page.stoppedBefore ?? 0 }
    found += complete.count
    first = complete.first?.id ?? first
    isFound = found >= count || (page.stoppedBefore == nil && page.entries.count < query.limit)
    query.before = page.stoppedBefore ?? first
    page.entries = []
    page.stoppedBefore = isFound ? nil : query.before
    self.page = page
  }
}
