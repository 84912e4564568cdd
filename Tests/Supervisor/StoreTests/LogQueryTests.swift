import GRDB
import Model
import Testing

@testable import SupervisorStore

@Suite("Searching the log")
struct LogQueryTests {
  /// The filter, word for word.
  private static func matches(_ entry: LogEntry, _ filter: LogFilter) -> Bool {
    if let sources = filter.sources, !sources.contains(entry.source) { return false }
    if let streams = filter.streams, !streams.contains(entry.stream) { return false }
    if let since = filter.since, entry.time < since { return false }
    if let until = filter.until, entry.time > until { return false }
    if let run = filter.run, entry.run != run { return false }
    if let text = filter.text {
      let all = entry.message + "\u{0}" + (entry.fieldsJSON ?? "")
      guard all.lowercased().contains(text.lowercased()) else { return false }
    }
    return entry.severity >= filter.severity
  }

  private static func filter(_ dice: inout Dice) -> LogFilter {
    var filter = LogFilter()
    func sometimes() -> Bool { Int.random(in: 0..<3, using: &dice) == 0 }
    if sometimes() {
      filter.sources = Set([["a"], ["a", "c"], ["nobody"], []].randomElement(using: &dice) ?? [])
    }
    if sometimes() { filter.severity = Severity.allCases.randomElement(using: &dice) ?? .info }
    if sometimes() { filter.streams = Set([[.stdout], [.stderr, .log]].randomElement(using: &dice) ?? []) }
    if sometimes() { filter.since = Timestamp(nanoseconds: .random(in: 0...2_500_000, using: &dice)) }
    if sometimes() { filter.until = Timestamp(nanoseconds: .random(in: 0...2_500_000, using: &dice)) }
    if sometimes() { filter.run = .random(in: 1...3, using: &dice) }
    if sometimes() { filter.text = ["eur", "STOP LOSS", "1.1", "feed"].randomElement(using: &dice) }
    return filter
  }

  @Test("It finds what a plain look at every line finds, in the file and in memory", arguments: 1...4)
  func model(_ seed: UInt64) async throws {
    let folder = Folder()
    let store = try folder.store()
    var lines = LogLines(seed: seed)
    let (entries, blocks) = lines.blocks(2_000)
    // The last ones are still in memory; a few of those are in the file already.
    let stored = blocks.count / 4 * 3
    for block in blocks[..<stored] { store.append(block) }
    while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
    let memory = Array(blocks[(stored - 5)...])
    let last = entries.last?.id ?? 0
    for _ in 0..<150 {
      let filter = Self.filter(&lines.dice)
      var query = LogQuery()
      query.filter = filter
      query.limit = [0, 1, 10, 100, 5_000].randomElement(using: &lines.dice) ?? 1
      if Bool.random(using: &lines.dice) { query.before = .random(in: 0...last + 5, using: &lines.dice) }
      let expected = entries.filter { entry in
        Self.matches(entry, filter) && entry.id < query.before ?? .max
      }.suffix(query.limit)
      let page = try store.logs(query, open: memory)
      #expect(page.entries.map(\.id) == expected.map(\.id))
      #expect(page.entries == Array(expected) && page.stoppedBefore == nil)

      // The same from the front, as one who was left behind reads it.
      let after = Int64.random(in: 0...last, using: &lines.dice)
      let upTo = Int64.random(in: after...last, using: &lines.dice)
      let next = try store.logs(filter, after: after, upTo: upTo, open: memory)
      #expect(next.reached == upTo && next.gone == 0)
      #expect(next.entries == entries.filter { Self.matches($0, filter) && $0.id > after && $0.id <= upTo })
    }
    await store.close()
  }

  @Test("One who reads on in steps misses nothing and hears nothing twice")
  func steps() async throws {
    let folder = Folder()
    let store = try folder.store()
    var lines = LogLines(seed: 9)
    let (entries, blocks) = lines.blocks(3_000)
    for block in blocks { store.append(block) }
    while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
    for limit in [1, 7, 100] {
      let last = entries.last?.id ?? 0
      var found: [LogEntry] = []
      var after: Int64 = 0
      while after < last {
        let reader = LogContinuation(after: after, upTo: last, limit: limit, bytesMax: 4_000)
        let next = try await store.pool.read { [reader] in
          try reader.fetch($0, waiting: [], losses: LogLosses())
        }
        #expect(next.reached > after && next.gone == 0)
        found += next.entries
        after = next.reached
      }
      #expect(found.map(\.id) == entries.map(\.id))
    }
    await store.close()
  }

  @Test("A search that would take too long says how far it came")
  func bounded() async throws {
    let folder = Folder()
    let store = try folder.store()
    var lines = LogLines(seed: 5)
    let (entries, blocks) = lines.blocks(2_000)
    for block in blocks { store.append(block) }
    while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
    var query = LogQuery()
    query.limit = 10_000
    query.bytesMax = 20_000
    let page = try store.logs(query)
    let stopped = try #require(page.stoppedBefore)
    #expect(page.entries.count < entries.count && !page.entries.isEmpty && page.stoppedAt != nil)
    // Everything above that number was looked at; going on from there finds the rest.
    #expect(page.entries.filter { $0.id >= stopped } == entries.filter { $0.id >= stopped })
    query.before = stopped
    query.bytesMax = 1 << 30
    #expect(try store.logs(query).entries == entries.filter { $0.id < stopped })
    await store.close()
  }
}
