import GRDB
import Model
import Storage

/// Writes logs in batches; whoever appends never waits.
final class TelemetryWriter: Sendable {
  private let backlog = Backlog(recordsMax: 60_000, bytesMax: 12 << 20)
  private let writer: BatchWriter<LogEntry>

  init(pool: DatabasePool, onTrouble: @escaping @Sendable (StorageError?) -> Void) {
    let backlog = backlog
    let path = pool.path
    writer = BatchWriter(
      name: "logs", pool: pool, capacity: 65_536, batch: 4_096, lingerMilliseconds: 50, onTrouble: onTrouble
    ) { database, batch in
      let bytes = batch.reduce(0) { $0 + $1.bytes }
      do {
        try Self.write(batch, to: database)
        backlog.leave(records: batch.count, bytes: bytes)
      } catch {
        // The writer tries again while that may help; otherwise it lets the batch go.
        if !StorageError(error, path: path).mayPass { backlog.leave(records: batch.count, bytes: bytes) }
        throw error
      }
    }
  }

  /// False when it was lost for want of room.
  func append(_ record: LogEntry) -> Bool {
    guard backlog.admit(record.bytes) else { return false }
    return writer.append(record)
  }

  var lost: Int { backlog.refused + writer.counters.dropped }
  var written: Int { writer.counters.written }
  var pending: Int { writer.pending }
  func close() async { await writer.close() }

  private static func write(_ batch: [LogEntry], to database: Database) throws {
    let log = try database.cachedStatement(
      sql:
        "INSERT INTO logs (id, time_ns, source, run, stream, level, message, fields) VALUES (?,?,?,?,?,?,?,?)"
    )
    for entry in batch {
      log.setUncheckedArguments([
        entry.id, entry.time.nanoseconds, entry.source, entry.run, entry.stream.rawValue,
        entry.severity.rawValue, entry.message, entry.fieldsJSON,
      ])
      try log.execute()
    }
  }
}
