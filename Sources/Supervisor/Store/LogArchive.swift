import Foundation
import GRDB
import Model
import Storage
import Synchronization

/// The lines in the file: adds blocks, and deletes the oldest of whoever has most when they are too many.
///
/// What each source takes is known in memory, so that the bound holds after every transaction, however fast lines
/// come; only transactions of ``LogWriter`` and of pruning change it, one at a time.
final class LogArchive: Sendable {
  private struct State {
    /// Bytes in the file by source; nil until they have been counted.
    var usage: [String: Int]?
    var deleted = 0
    var hasOldLines = false
  }

  /// Blocks in one step of deleting.
  private static let stepBlocks = 64

  private let state = Mutex(State())
  private let bytesMax: Int
  let losses: LogLosses

  init(bytesMax: Int64, losses: LogLosses = LogLosses()) {
    self.bytesMax = Int(clamping: bytesMax)
    self.losses = losses
  }

  /// Lines that retention has deleted since the start.
  var deleted: Int { state.withLock { $0.deleted } }

  /// Adds blocks and makes room for them, inside an open transaction.
  func add(_ blocks: [LogBlock], to database: Database) throws {
    var usage = try state.withLock { $0.usage } ?? Self.count(database)
    var deleted = 0
    var lost: [LogBlock] = []
    let statement = try database.cachedStatement(
      sql: """
        INSERT INTO log_blocks (last_id, first_id, floor, source, first_ns, last_ns, first_run, last_run, severities,
          streams, lines, bytes, aged_ns, data)
        VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)
        """)
    let now = Int64(Date().timeIntervalSince1970 * 1e9)
    for block in blocks {
      statement.setUncheckedArguments([
        block.lastID, block.firstID, block.floor, block.source, block.times.lowerBound,
        block.times.upperBound,
        block.runs.lowerBound, block.runs.upperBound, block.severities, block.streams, block.lines,
        block.bytes,
        // A worker may say what it likes of the time: it does not keep its lines for ever.
        min(now, block.times.upperBound), block.data.withUnsafeBytes { Data($0) },
      ])
      try statement.execute()
      usage[block.source, default: 0] += block.bytes
    }
    var total = usage.values.reduce(0, +)
    while total > bytesMax, let loudest = usage.max(by: { $0.value < $1.value })?.key {
      let gone = try Self.delete(
        "source = ? ORDER BY last_id LIMIT \(Self.stepBlocks)", [loudest], excess: total - bytesMax, database)
      if gone.isEmpty { usage[loudest] = nil }
      for block in gone {
        usage[loudest, default: 0] -= block.bytes
        deleted += block.outline.lines
      }
      lost += gone.map(\.outline)
      total = usage.values.reduce(0, +)
    }
    remember(lost, database)
    database.afterNextTransaction { [usage, deleted] _ in
      self.state.withLock { state in
        state.usage = usage
        state.deleted += deleted
      }
    }
  }

  /// Deletes what is older than a moment, in small steps.
  func prune(before bound: Timestamp, in pool: DatabasePool) throws {
    while true {
      let gone = try pool.write { database in
        let gone = try Self.delete(
          "last_id IN (SELECT last_id FROM log_blocks ORDER BY last_id LIMIT \(Self.stepBlocks)) AND aged_ns < ?",
          [bound.nanoseconds], excess: .max, database)
        _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum(512)")
        remember(gone.map(\.outline), database)
        database.afterNextTransaction { _ in
          self.state.withLock { state in
            for block in gone { state.usage?[block.outline.source]? -= block.bytes }
            state.deleted += gone.reduce(0) { $0 + $1.outline.lines }
          }
        }
        return gone.count
      }
      if gone == 0 { return }
    }
  }

  /// Before the transaction ends, so that whoever does not see the blocks any more finds them here.
  private func remember(_ gone: [LogBlock], _ database: Database) {
    guard !gone.isEmpty else { return }
    losses.add(gone)
    let ids = Set(gone.map(\.lastID))
    database.afterNextTransaction(onCommit: { _ in }, onRollback: { [losses] _ in losses.remove(ids) })
  }

  private struct Gone {
    /// The block without its lines.
    let outline: LogBlock
    let bytes: Int
  }

  /// Deletes the first blocks of a selection until `excess` bytes are gone.
  private static func delete(
    _ condition: String, _ arguments: StatementArguments, excess: Int, _ database: Database
  ) throws -> [Gone] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT last_id, first_id, floor, source, first_ns, last_ns, first_run, last_run, severities, streams, lines,
          bytes FROM log_blocks WHERE \(condition)
        """,
      arguments: arguments)
    var gone: [Gone] = []
    var freed = 0
    let statement = try database.cachedStatement(sql: "DELETE FROM log_blocks WHERE last_id = ?")
    for row in rows where freed < excess {
      statement.setUncheckedArguments([row[0] as Int64])
      try statement.execute()
      let outline = LogBlock(
        source: row[3], firstID: row[1], lastID: row[0], floor: row[2], times: range(row[4], row[5]),
        runs: range(row[6], row[7]), severities: row[8], streams: row[9], lines: row[10], data: [])
      freed += row[11] as Int
      gone.append(Gone(outline: outline, bytes: row[11]))
    }
    return gone
  }

  private static func range(_ low: Int64, _ high: Int64) -> ClosedRange<Int64> { low...max(low, high) }

  private static func count(_ database: Database) throws -> [String: Int] {
    var usage: [String: Int] = [:]
    let rows = try Row.fetchCursor(
      database, sql: "SELECT source, sum(bytes) FROM log_blocks GROUP BY source")
    while let row = try rows.next() { usage[row[0]] = row[1] }
    return usage
  }
}

// MARK: - Lines of the first schema

extension LogArchive {
  /// Rows of the first schema that are made into blocks at once, while the file is opened.
  static let oldLinesAtOnce = 50_000
  private static let oldLinesStep = 10_000

  /// Whether lines of the first schema are still to be made into blocks.
  var hasOldLines: Bool { state.withLock { $0.hasOldLines } }

  /// Looks for such lines; blocks, so it is for the start.
  func lookForOldLines(_ pool: DatabasePool) {
    let found = (try? pool.read { try $0.tableExists("old_logs") }) ?? false
    state.withLock { $0.hasOldLines = found }
  }

  /// Makes the newest of them into blocks; the next call goes on.
  func convertSome(_ pool: DatabasePool) {
    // What cannot be converted now, the disk being full perhaps, is tried again at the next start.
    let more = try? pool.write { database in
      let more = try Self.convert(database, lines: Self.oldLinesStep)
      state.withLock { $0.usage = nil }
      return more
    }
    if more != true { state.withLock { $0.hasOldLines = false } }
  }

  /// Converts the newest so many of `old_logs`; false when that was the last, and the table is gone.
  static func convert(_ database: Database, lines: Int) throws -> Bool {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT id, time_ns, source, run, stream, level, message, fields FROM old_logs ORDER BY id DESC LIMIT ?
        """, arguments: [lines])
    guard let oldest = rows.last?[0] as Int64? else {
      try database.execute(sql: "DROP TABLE old_logs")
      return false
    }
    let archive = LogArchive(bytesMax: .max)
    var open: [String: OpenLogBlock] = [:]
    var blocks: [LogBlock] = []
    for row in rows.reversed() {
      let entry = LogEntry(
        id: row[0], time: Timestamp(nanoseconds: row[1]), source: row[2], run: row[3],
        stream: LogStream(rawValue: row[4]) ?? .log, severity: Severity(rawValue: row[5]) ?? .info,
        message: row[6], fieldsJSON: row[7])
      var block = open[entry.source] ?? OpenLogBlock(source: entry.source)
      open[entry.source] = nil
      entry.withLine { block.append($0, floor: oldest) }
      if block.isFull, let full = block.close() { blocks.append(full) }
      open[entry.source] = block
    }
    for var block in open.values { if let last = block.close() { blocks.append(last) } }
    try archive.add(blocks, to: database)
    try database.execute(sql: "DELETE FROM old_logs WHERE id >= ?", arguments: [oldest])
    return true
  }
}
