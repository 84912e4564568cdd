import Foundation
import GRDB
import Storage
import Testing

@testable import TradingStore

@Suite("A database file")
struct DatabaseFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func reason(_ path: String) -> StorageError.Reason? {
    do throws(StorageError) {
      _ = try TradingStore(path: path)
      return nil
    } catch {
      #expect(error.message.contains(path))
      return error.reason
    }
  }

  @Test("of a newer version is refused with a sentence")
  func newer() throws {
    _ = try TradingStore(path: folder.file)
    let queue = try DatabaseQueue(path: folder.file)
    try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('2: from the future')") }
    try queue.close()
    #expect(reason(folder.file) == .newer)
  }

  @Test("that is no database, or lies in no folder, is refused with a sentence")
  func unusable() throws {
    try Data(repeating: 7, count: 10_000).write(to: URL(fileURLWithPath: folder.file))
    #expect(reason(folder.file) == .damaged)
    #expect(reason("/nonexistent/trading.sqlite") == .unwritable)
    #expect(reason(folder.path) == .unwritable)
  }

  @Test("can be read by its owner alone")
  func mode() throws {
    _ = try TradingStore(path: folder.file)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let facts = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
      #expect((facts[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
    }
  }

  @Test(
    "of a journal waits for the disk at each commit, one of logs does not",
    arguments: [Durability.full, .normal])
  func durability(_ durability: Durability) throws {
    let pool = try DatabaseFile.open(at: folder.file, durability: durability, migrator: DatabaseMigrator())
    let level = try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
    #expect(level == (durability == .full ? 2 : 1))
  }

  @Test("keeps its log while a program from outside reads it, however often it was opened here")
  func reader() throws {
    let first = try DatabaseFile.open(at: folder.file, durability: .full, migrator: DatabaseMigrator())
    let second = try DatabaseFile.open(at: folder.file, durability: .normal, migrator: DatabaseMigrator())
    try first.write { try $0.execute(sql: "CREATE TABLE t (number INTEGER)") }
    // The lock of the whole file's readers, which keeps whoever closes it from taking the log with him.
    let inode = try #require(
      try FileManager.default.attributesOfItem(atPath: folder.file)[.systemFileNumber] as? Int)
    // The kernel's list is read piece by piece, and what other tests lock and release meanwhile can hide a line of it.
    let isLocked = try (0..<100).contains { _ in
      try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n").contains {
        let words = $0.split(separator: " ")
        return words.contains("READ") && words.contains { $0.hasSuffix(":\(inode)") }
          && words.contains("1073741826")
      }
    }
    #expect(isLocked)
    try second.close()
    try first.close()
  }

  @Test("is pruned by age and by size in small transactions")
  func pruning() throws {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { try $0.execute(sql: "CREATE TABLE logs (time INTEGER, text TEXT)") }
    let pool = try DatabaseFile.open(at: folder.file, durability: .normal, migrator: migrator)
    try pool.write { database in
      for time in 0..<5_000 {
        try database.execute(
          sql: "INSERT INTO logs VALUES (?, ?)", arguments: [time, String(repeating: "x", count: 500)])
      }
    }
    let pruning = Pruning(table: "logs", column: "time", chunk: 300)
    #expect(try pruning.delete(below: 1_000, from: pool) == 1_000)
    #expect(try pool.read { try Int.fetchOne($0, sql: "SELECT min(time) FROM logs") } == 1_000)
    #expect(try pruning.shrink(toBytes: 1_000_000, in: pool) > 1_000)
    #expect(try pool.read { try Pruning.usedBytes($0) } <= 1_000_000)
    #expect(try pool.read { try Int.fetchOne($0, sql: "SELECT max(time) FROM logs") } == 4_999)
  }

  @Test("takes batches of records, and counts those that a full queue loses")
  func batches() async throws {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { try $0.execute(sql: "CREATE TABLE logs (number INTEGER)") }
    let pool = try DatabaseFile.open(at: folder.file, durability: .normal, migrator: migrator)
    let writer = BatchWriter<Int>(name: "logs", pool: pool, capacity: 100_000) { database, records in
      let statement = try database.cachedStatement(sql: "INSERT INTO logs VALUES (?)")
      for record in records { try statement.execute(arguments: [record]) }
    }
    for number in 0..<20_000 { writer.append(number) }
    await writer.close()
    #expect(writer.counters.written == 20_000)
    #expect(writer.counters.dropped == 0)
    #expect(try await pool.read { try Int.fetchOne($0, sql: "SELECT sum(number) FROM logs") } == 199_990_000)
    #expect(!writer.append(1))
    #expect(writer.counters.dropped == 1)
  }

  @Test("that refuses a batch for good loses it, says so, and takes the next")
  func refusedBatch() async throws {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { try $0.execute(sql: "CREATE TABLE logs (number INTEGER NOT NULL)") }
    let pool = try DatabaseFile.open(at: folder.file, durability: .normal, migrator: migrator)
    let (troubles, trouble) = AsyncStream.makeStream(of: StorageError?.self)
    let writer = BatchWriter<Int?>(
      name: "logs", pool: pool, lingerMilliseconds: 0, onTrouble: { trouble.yield($0) },
      write: { database, records in
        for record in records {
          try database.execute(sql: "INSERT INTO logs VALUES (?)", arguments: [record])
        }
      })
    var iterator = troubles.makeAsyncIterator()
    writer.append(nil)
    #expect(await iterator.next()??.reason == .refused)
    writer.append(1)
    #expect(await iterator.next() == .some(nil))
    await writer.close()
    #expect(writer.counters.written == 1)
    #expect(writer.counters.dropped == 1)
  }
}
