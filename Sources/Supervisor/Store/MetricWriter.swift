import GRDB
import Model
import Storage
import Synchronization

/// Writes finished buckets, and from them the coarser ones as soon as their minute or hour is over.
///
/// A coarser row is always made anew from all finer rows of its stretch. So it does not matter how often that
/// happens, and after a crash the first batch makes up for what was missed.
final class MetricWriter: Sendable {
  private let writer: BatchWriter<MetricRow>
  private let log: MetricLog

  init(pool: DatabasePool, onTrouble: @escaping @Sendable (StorageError?) -> Void) {
    let log = MetricLog()
    self.log = log
    writer = BatchWriter(
      name: "metrics", pool: pool, capacity: 32_768, batch: 4_096, lingerMilliseconds: 250,
      onTrouble: onTrouble
    ) { database, rows in
      try log.write(rows, to: database)
    }
  }

  /// False when older rows were lost for want of room.
  func append(_ rows: [MetricRow]) -> Bool { writer.append(contentsOf: rows) }

  var lost: Int { writer.counters.dropped }
  var written: Int { writer.counters.written }
  var pending: Int { writer.pending }
  func close() async { await writer.close() }

  /// Deletes series of which nothing is left; inside a transaction.
  func deleteEmptySeries(_ database: Database) throws { try log.deleteEmptySeries(database) }
}

/// What the writer remembers between batches: the numbers of series, and which stretches are to be rolled up.
final class MetricLog: Sendable {
  private struct State {
    var numbers: [SeriesKey: Int64] = [:]
    /// Series with new finer rows, by level and the start of the stretch.
    var touched: [Stretch: Set<Int64>] = [:]
    var hasCaughtUp = false
  }

  private struct Stretch: Hashable {
    let level: MetricLevel
    let start: Int64
  }

  private static let numbersMax = 16_384
  /// What a killed daemon may have left undone.
  private static let catchUp: Int64 = 7_200

  private let state = Mutex(State())

  func write(_ rows: [MetricRow], to database: Database) throws {
    // Works on a copy, which counts only once the transaction is on the disk.
    var next = state.withLock { $0 }
    guard let newest = rows.lazy.map(\.bucket.time).max() else { return }
    if !next.hasCaughtUp { try catchUp(&next, newest, database) }
    for row in rows {
      let number = try number(of: row.series, &next, database)
      try Self.put(row.bucket, number, .tenSeconds, database, merging: true)
      next.touched[Self.stretch(.minute, row.bucket.time), default: []].insert(number)
    }
    for level in [MetricLevel.minute, .hour] {
      let over = next.touched.keys.filter { $0.level == level && $0.start + level.rawValue <= newest }
      for stretch in over.sorted(by: { $0.start < $1.start }) {
        for number in next.touched.removeValue(forKey: stretch) ?? [] {
          try rollUp(number, stretch, database)
          if level == .minute { next.touched[Self.stretch(.hour, stretch.start), default: []].insert(number) }
        }
      }
    }
    let done = next
    database.afterNextTransaction { [self] _ in state.withLock { $0 = done } }
  }

  private static func stretch(_ level: MetricLevel, _ time: Int64) -> Stretch {
    Stretch(level: level, start: MetricResolution.start(of: time, step: level.rawValue))
  }

  /// Every stretch of the last hours counts as touched: an earlier daemon may have ended before it rolled it up.
  private func catchUp(_ state: inout State, _ newest: Int64, _ database: Database) throws {
    state.hasCaughtUp = true
    let from = newest - Self.catchUp
    for number in try Int64.fetchAll(database, sql: "SELECT id FROM metric_keys") {
      let times = try Int64.fetchAll(
        database,
        sql: """
          SELECT DISTINCT time_s / 60 * 60 FROM \(MetricLevel.tenSeconds.table)
          WHERE series = ? AND time_s >= ? AND time_s <= ?
          """, arguments: [number, from, newest])
      for time in times { state.touched[Self.stretch(.minute, time), default: []].insert(number) }
    }
  }

  private func rollUp(_ number: Int64, _ stretch: Stretch, _ database: Database) throws {
    guard let finer = stretch.level.finer else { return }
    let rows = try Self.rows(
      of: number, finer, from: stretch.start, to: stretch.start + stretch.level.rawValue, database)
    for bucket in MetricBucket.folded(rows, step: stretch.level.rawValue) {
      try Self.put(bucket, number, stretch.level, database, merging: false)
    }
  }

  /// The rows of a series from one second to another, the latter not included, in the order of time.
  static func rows(
    of number: Int64, _ level: MetricLevel, from: Int64, to: Int64, _ database: Database
  ) throws -> [MetricBucket] {
    let select = try database.cachedStatement(
      sql: """
        SELECT time_s, minimum, maximum, sum, count, last FROM \(level.table)
        WHERE series = ? AND time_s >= ? AND time_s < ? ORDER BY time_s
        """)
    return try Row.fetchAll(select, arguments: [number, from, to]).map { row in
      MetricBucket(
        time: row[0], minimum: row[1], maximum: row[2], sum: row[3], last: row[5], count: max(1, row[4]))
    }
  }

  private static func put(
    _ bucket: MetricBucket, _ number: Int64, _ level: MetricLevel, _ database: Database, merging: Bool
  ) throws {
    // Two buckets of the same ten seconds: the daemon was restarted, or the clock was set back.
    let conflict =
      merging
      ? """
      minimum = min(minimum, excluded.minimum), maximum = max(maximum, excluded.maximum),
      sum = sum + excluded.sum, count = count + excluded.count, last = excluded.last
      """
      : """
      minimum = excluded.minimum, maximum = excluded.maximum, sum = excluded.sum, count = excluded.count,
      last = excluded.last
      """
    let insert = try database.cachedStatement(
      sql: """
        INSERT INTO \(level.table) (series, time_s, minimum, maximum, sum, count, last) VALUES (?,?,?,?,?,?,?)
        ON CONFLICT DO UPDATE SET \(conflict)
        """)
    insert.setUncheckedArguments([
      number, bucket.time, bucket.minimum, bucket.maximum, bucket.sum, bucket.count, bucket.last,
    ])
    try insert.execute()
  }

  private func number(of key: SeriesKey, _ state: inout State, _ database: Database) throws -> Int64 {
    if let number = state.numbers[key] { return number }
    let arguments: StatementArguments = [key.source, key.origin.rawValue, key.name, key.labelsJSON]
    try database.execute(
      sql: "INSERT OR IGNORE INTO metric_keys (source, origin, name, labels) VALUES (?,?,?,?)",
      arguments: arguments)
    let number =
      try Int64.fetchOne(
        database,
        sql: "SELECT id FROM metric_keys WHERE source = ? AND origin = ? AND name = ? AND labels = ?",
        arguments: arguments) ?? 0
    // Labels that never repeat must not fill the memory.
    if state.numbers.count >= Self.numbersMax { state.numbers = [:] }
    state.numbers[key] = number
    return number
  }

  func deleteEmptySeries(_ database: Database) throws {
    let empty = MetricLevel.allCases.map {
      "NOT EXISTS (SELECT 1 FROM \($0.table) WHERE series = metric_keys.id)"
    }
    try database.execute(sql: "DELETE FROM metric_keys WHERE \(empty.joined(separator: " AND "))")
    // Only one transaction writes at a time, so no batch uses a number that has just gone.
    if database.changesCount > 0 { state.withLock { $0.numbers = [:] } }
  }
}
