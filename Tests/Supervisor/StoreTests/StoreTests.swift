import Glibc
import Model
import Storage
import Testing

@testable import SupervisorStore

/// A folder of its own for each test.
final class Folder {
  let path: String

  init() {
    var template = Array("/tmp/rbotd-store-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
  }

  deinit {
    for file in ["supervisor.sqlite", "supervisor.sqlite-wal", "supervisor.sqlite-shm"] {
      unlink("\(path)/\(file)")
    }
    rmdir(path)
  }

  var file: String { path + "/supervisor.sqlite" }

  func store(_ retention: SupervisorStore.Retention = .init()) throws -> SupervisorStore {
    try SupervisorStore(path: file, retention: retention) { _ in }
  }
}

private func entry(
  _ id: Int64, _ source: String, _ severity: Severity = .info, seconds: Int64 = 0, _ message: String = "line"
) -> LogEntry {
  LogEntry(
    id: id, time: Timestamp(nanoseconds: 0).advanced(seconds: seconds), source: source, run: 1, stream: .log,
    severity: severity, message: message, fieldsJSON: #"{"k":1}"#)
}

extension SupervisorStore {
  /// A line in a block of its own.
  func append(_ entry: LogEntry) {
    var block = OpenLogBlock(source: entry.source)
    entry.withLine { block.append($0, floor: entry.id) }
    if let block = block.close() { append(block) }
  }
}

@Suite("What the supervisor remembers")
struct StoreTests {
  @Test("Lines come back in order, by strategy, level, time and number")
  func logs() async throws {
    let folder = Folder()
    let store = try folder.store()
    for id in 1...100 {
      let severity: Severity = id % 10 == 0 ? .error : .info
      store.append(entry(Int64(id), id % 2 == 0 ? "even" : "odd", severity, seconds: Int64(id), "line \(id)"))
    }
    await store.close()
    let reopened = try folder.store()
    var query = LogQuery()
    query.limit = 3
    let last = try reopened.logs(query).entries
    #expect(
      last
        == [98, 99, 100].map { id in
          entry(id, id % 2 == 0 ? "even" : "odd", id == 100 ? .error : .info, seconds: id, "line \(id)")
        })
    query.filter.sources = ["odd"]
    #expect(try reopened.logs(query).entries.map(\.id) == [95, 97, 99])
    query.before = 97
    #expect(try reopened.logs(query).entries.map(\.id) == [91, 93, 95])
    query = LogQuery()
    query.filter.severity = .warning
    query.filter.since = Timestamp(nanoseconds: 0).advanced(seconds: 75)
    #expect(try reopened.logs(query).entries.map(\.id) == [80, 90, 100])
    #expect(try reopened.recall().lastLog == 100)
    await reopened.close()
  }

  @Test("One whose folder is gone keeps its counter and its pause; its manifest says whether it runs then")
  func removed() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.save(StrategyRecord(name: "grid", isWanted: true, isPaused: true, generation: 7, isEnabled: true))
    store.removed("grid")
    await store.close()
    let left = try folder.store().recall().strategies.first
    #expect(left?.generation == 7 && left?.isPaused == true)
    #expect(left?.runs(enabled: true) == true && left?.runs(enabled: false) == false)
  }

  @Test("What people wanted holds until the manifest itself says something else")
  func wanted() {
    func record(_ isWanted: Bool, _ isEnabled: Bool?) -> StrategyRecord {
      StrategyRecord(name: "grid", isWanted: isWanted, isPaused: false, generation: 1, isEnabled: isEnabled)
    }
    #expect(!record(false, true).runs(enabled: true), "a stop lasts")
    #expect(record(true, false).runs(enabled: false), "and so does a start of one that is not enabled")
    #expect(!record(true, true).runs(enabled: false), "it was disabled while no daemon ran")
    #expect(record(false, false).runs(enabled: true), "it was enabled while no daemon ran")
    #expect(record(true, nil).runs(enabled: false) && !record(false, nil).runs(enabled: true))
  }

  @Test("Strategies and the ends of runs outlive the daemon, and a generation never goes back")
  func state() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.save(StrategyRecord(name: "grid-bot", isWanted: true, isPaused: true, generation: 7))
    store.save(StrategyRecord(name: "grid-bot", isWanted: false, isPaused: true, generation: 6))
    for id in 1...256 {
      var run = RunRecord(id: Int64(id), source: "codes", generation: id, started: Timestamp(nanoseconds: 1))
      run.pid = Int32(id)
      store.save(run)
      run.ended = Timestamp(nanoseconds: 2)
      run.exitCode = id - 1
      run.reason = "exited"
      store.save(run)
    }
    await store.close()
    let memory = try folder.store().recall()
    #expect(
      memory.strategies == [StrategyRecord(name: "grid-bot", isWanted: false, isPaused: true, generation: 7)])
    #expect(memory.lastRun == 256)
    #expect(memory.lastRuns.map(\.exitCode) == [255])
    let again = try folder.store()
    let runs = try again.runs(of: "codes", limit: 1_000)
    #expect(runs.map(\.exitCode) == (0...255).reversed())
    await again.close()
  }

  @Test("After a daemon that was killed no number comes twice, recorded or not")
  func killed() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.save(StrategyRecord(name: "grid-bot", isWanted: true, isPaused: false, generation: 7))
    store.save(RunRecord(id: 12, source: "grid-bot", generation: 7, started: Timestamp(nanoseconds: 3)))
    await store.close()
    let memory = try folder.store().recall()
    #expect(memory.strategies.map(\.generation) == [107])
    #expect(memory.lastRun == 112)
  }

  @Test("Who waits for the disk is told after what came before is on it")
  func saved() async throws {
    let folder = Folder()
    let store = try folder.store()
    let other = try folder.store()
    store.save(StrategyRecord(name: "grid-bot", isWanted: false, isPaused: true, generation: 7))
    await withCheckedContinuation { continuation in store.whenSaved { continuation.resume() } }
    #expect(try other.recall().strategies.map(\.isWanted) == [false])
    await store.close()
    await other.close()
  }

  @Test("Runs that a killed daemon left open are closed in the records")
  func openRuns() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.save(RunRecord(id: 1, source: "one", generation: 1, started: Timestamp(nanoseconds: 1)))
    store.closeOpenRuns(before: 2, reason: "rbotd was killed")
    store.save(RunRecord(id: 2, source: "one", generation: 2, started: Timestamp(nanoseconds: 2)))
    await store.close()
    let again = try folder.store()
    #expect(try again.runs(of: "one", limit: 9).map(\.reason) == [nil, "rbotd was killed"])
    await again.close()
  }

  @Test("Old lines go, by age and by size, and the young ones stay")
  func retention() async throws {
    let folder = Folder()
    let store = try folder.store(.init(age: .seconds(100), bytes: 1 << 40))
    for id in 1...1_000 { store.append(entry(Int64(id), "a", seconds: Int64(id))) }
    await store.close()
    let aged = try folder.store(.init(age: .seconds(100), bytes: 1 << 40))
    aged.pruneNow(Timestamp(nanoseconds: 0).advanced(seconds: 1_000))
    var query = LogQuery()
    query.limit = 10_000
    #expect(try aged.logs(query).entries.map(\.id) == Array(900...1_000))
    await aged.close()
    let small = try folder.store(.init(age: .seconds(1 << 30), bytes: 1))
    small.pruneNow(Timestamp(nanoseconds: 0).advanced(seconds: 1_000))
    #expect(try small.logs(query).entries.isEmpty)
    await small.close()
  }

  @Test("A closed store is one file, although it was read from")
  func closed() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.append(entry(1, "a"))
    _ = try store.logs(LogQuery())
    store.save(StrategyRecord(name: "a", isWanted: true, isPaused: false, generation: 1))
    await store.close()
    #expect(access(folder.file, F_OK) == 0)
    #expect(access(folder.file + "-wal", F_OK) != 0 && access(folder.file + "-shm", F_OK) != 0)
  }

  @Test("A file that is no database is refused with a sentence")
  func damaged() throws {
    let folder = Folder()
    let text = String(repeating: "this is no database ", count: 500)
    let fd = open(folder.file, O_CREAT | O_WRONLY, 0o600)
    _ = write(fd, text, text.utf8.count)
    close(fd)
    #expect { try folder.store() } throws: { error in
      (error as? StorageError)?.reason == .damaged && "\(error)".contains(folder.file)
    }
  }
}
