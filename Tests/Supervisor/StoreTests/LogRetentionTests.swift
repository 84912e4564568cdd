import GRDB
import Model
import Storage
import Testing

@testable import SupervisorStore

@Suite("What is kept of the log")
struct LogRetentionTests {
  private static func line(_ id: Int64, _ source: String, bytes: Int) -> LogEntry {
    LogEntry(
      id: id, time: Timestamp(nanoseconds: 1_000_000_000 * id), source: source, run: 1, stream: .stdout,
      severity: .info, message: String(repeating: "x", count: bytes))
  }

  @Test("A flood deletes its own past, and not what others said")
  func shares() async throws {
    let folder = Folder()
    let store = try folder.store(.init(age: .seconds(1 << 40), bytes: 4_000_000))
    var id: Int64 = 0
    for _ in 0..<50 {
      id += 1
      store.append(Self.line(id, "quiet", bytes: 100))
    }
    for _ in 0..<200 {
      id += 1
      while store.pending > 50 { try await Task.sleep(for: .milliseconds(1)) }
      store.append(Self.line(id, "loud", bytes: 60_000))
    }
    while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
    var query = LogQuery()
    query.limit = 1_000
    query.filter.sources = ["quiet"]
    #expect(try store.logs(query).entries.map(\.id) == Array(1...50))
    query.filter.sources = ["loud"]
    let kept = try store.logs(query).entries
    #expect(kept.last?.id == id)
    #expect(kept.count + store.deletedLines == 200)
    #expect(kept.reduce(0) { $0 + $1.bytes } <= 3_000_000 && kept.count > 40)
    let used = try await store.pool.read { try Pruning.usedBytes($0) }
    #expect(used < 4_500_000)
    await store.close()
  }

  @Test("A worker that says it is tomorrow does not keep its lines longer")
  func claimedTimes() async throws {
    let folder = Folder()
    let store = try folder.store(.init(age: .seconds(100), bytes: 1 << 40))
    store.append(
      LogEntry(
        id: 1, time: Timestamp(nanoseconds: .max), source: "a", run: 1, stream: .log, severity: .info,
        message: "from the future"))
    while store.pending > 0 { try await Task.sleep(for: .milliseconds(1)) }
    store.pruneNow(Timestamp(nanoseconds: .max))
    #expect(try store.logs(LogQuery()).entries.isEmpty)
    #expect(store.deletedLines == 1)
    await store.close()
  }

  @Test("So many runs of each strategy are kept")
  func runs() async throws {
    let folder = Folder()
    let store = try folder.store()
    for id in 1...1_500 {
      store.save(
        RunRecord(
          id: Int64(id), source: id % 3 == 0 ? "few" : "many", generation: id,
          started: Timestamp(nanoseconds: 1))
      )
    }
    await store.close()
    let again = try folder.store()
    again.save(RunRecord(id: 1_501, source: "many", generation: 1_501, started: Timestamp(nanoseconds: 1)))
    for id in 1_502...1_510 {
      again.save(RunRecord(id: Int64(id), source: "many", generation: id, started: Timestamp(nanoseconds: 1)))
    }
    await again.close()
    let third = try folder.store()
    third.pruneNow(Timestamp(nanoseconds: 1))
    let many = try third.runs(of: "many", limit: 5_000)
    #expect(many.count == SupervisorStore.runsKept && many.first?.id == 1_510)
    #expect(try third.runs(of: "few", limit: 5_000).count == 500)
    await third.close()
  }

  @Test("A database of the first schema opens, and all its lines can be read", arguments: [0, 1, 120_000])
  func migration(_ count: Int) async throws {
    let folder = Folder()
    var lines = LogLines(seed: 11)
    let entries = (0..<count).map { lines.entry(Int64($0 + 1)) }
    try Self.makeOld(folder.file, entries)
    let store = try folder.store()
    #expect(try store.recall().lastLog == Int64(count))
    var query = LogQuery()
    // The newest are there at once, the rest follows.
    query.limit = 1_000
    #expect(try store.logs(query).entries == entries.suffix(1_000))
    while store.logWriter.archive.hasOldLines { try await Task.sleep(for: .milliseconds(5)) }
    query.limit = 30_000
    var found: ArraySlice<LogEntry> = []
    repeat {
      found = try store.logs(query).entries + found
      query.before = found.first?.id ?? 0
    } while found.first?.id ?? 1 > 1
    #expect(Array(found) == entries)
    #expect(try await store.pool.read { try !$0.tableExists("old_logs") && !$0.tableExists("logs") })
    store.append(Self.line(Int64(count) + 1, "new", bytes: 10))
    await store.close()
    let again = try folder.store()
    #expect(try again.recall().lastLog == Int64(count) + 1)
    await again.close()
  }

  private static func makeOld(_ path: String, _ entries: [LogEntry]) throws {
    let pool = try DatabasePool(path: path)
    try Schema.migrator.migrate(pool, upTo: "1 supervisor")
    try pool.write { database in
      for entry in entries {
        try database.execute(
          sql:
            "INSERT INTO logs (id, time_ns, source, run, stream, level, message, fields) VALUES (?,?,?,?,?,?,?,?)",
          arguments: [
            entry.id, entry.time.nanoseconds, entry.source, entry.run, entry.stream.rawValue,
            entry.severity.rawValue, entry.message, entry.fieldsJSON,
          ])
      }
    }
    try pool.close()
  }
}
