import GRDB
import Model
import Storage
import Synchronization

/// A log line or a metric's value on its way to the disk.
enum Telemetry: Sendable {
  case log(LogEntry)
  case metric(MetricEntry)

  var bytes: Int {
    switch self {
    case .log(let entry): entry.bytes
    case .metric(let entry): entry.bytes
    }
  }
}

/// Writes logs and metrics in batches; whoever appends never waits.
final class TelemetryWriter: Sendable {
  private let backlog = Backlog(recordsMax: 60_000, bytesMax: 12 << 20)
  private let writer: BatchWriter<Telemetry>

  init(pool: DatabasePool, onTrouble: @escaping @Sendable (StorageError?) -> Void) {
    let backlog = backlog
    let series = SeriesNumbers()
    let path = pool.path
    writer = BatchWriter(
      name: "logs", pool: pool, capacity: 65_536, batch: 4_096, lingerMilliseconds: 50, onTrouble: onTrouble
    ) { database, batch in
      let bytes = batch.reduce(0) { $0 + $1.bytes }
      do {
        try Self.write(batch, to: database, series)
        backlog.leave(records: batch.count, bytes: bytes)
      } catch {
        // What was numbered in this transaction is rolled back with it.
        series.forget()
        // The writer tries again while that may help; otherwise it lets the batch go.
        if !StorageError(error, path: path).mayPass { backlog.leave(records: batch.count, bytes: bytes) }
        throw error
      }
    }
  }

  /// False when it was lost for want of room.
  func append(_ record: Telemetry) -> Bool {
    guard backlog.admit(record.bytes) else { return false }
    return writer.append(record)
  }

  var lost: Int { backlog.refused + writer.counters.dropped }
  var written: Int { writer.counters.written }
  var pending: Int { writer.pending }
  func close() async { await writer.close() }

  private static func write(_ batch: [Telemetry], to database: Database, _ series: SeriesNumbers) throws {
    let log = try database.cachedStatement(
      sql:
        "INSERT INTO logs (id, time_ns, source, run, stream, level, message, fields) VALUES (?,?,?,?,?,?,?,?)"
    )
    let metric = try database.cachedStatement(
      sql: "INSERT INTO metrics (series, run, time_ns, value) VALUES (?,?,?,?)")
    for record in batch {
      switch record {
      case .log(let entry):
        log.setUncheckedArguments([
          entry.id, entry.time.nanoseconds, entry.source, entry.run, entry.stream.rawValue,
          entry.severity.rawValue, entry.message, entry.fieldsJSON,
        ])
        try log.execute()
      case .metric(let entry):
        let number = try series.number(of: entry, in: database)
        metric.setUncheckedArguments([number, entry.run, entry.time.nanoseconds, entry.value])
        try metric.execute()
      }
    }
  }
}

/// The numbers of metrics that have been written lately, so that a value costs one small row.
private final class SeriesNumbers: Sendable {
  private struct Key: Hashable {
    let source: String
    let name: String
    let labels: String
  }

  private let known = Mutex<[Key: Int64]>([:])

  func forget() { known.withLock { $0 = [:] } }

  func number(of entry: MetricEntry, in database: Database) throws -> Int64 {
    let key = Key(source: entry.source, name: entry.name, labels: entry.labelsJSON)
    if let number = known.withLock({ $0[key] }) { return number }
    try database.execute(
      sql: "INSERT OR IGNORE INTO metric_series (source, name, labels) VALUES (?,?,?)",
      arguments: [key.source, key.name, key.labels])
    let number =
      try Int64.fetchOne(
        database, sql: "SELECT id FROM metric_series WHERE source = ? AND name = ? AND labels = ?",
        arguments: [key.source, key.name, key.labels]) ?? 0
    known.withLock { known in
      // Labels that never repeat must not fill the memory.
      if known.count >= 4_096 { known = [:] }
      known[key] = number
    }
    return number
  }
}
