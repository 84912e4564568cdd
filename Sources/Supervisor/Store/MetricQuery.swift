import GRDB
public import Storage

/// A question about the past of one metric.
public struct MetricQuery: Sendable {
  /// A strategy's name, `rbotd` or `gateway`.
  public var source: String
  public var name: String
  /// Whether a series with these labels (a JSON object's text, or empty) is wanted.
  public var matches: @Sendable (String) -> Bool
  /// The first second, since 1970.
  public var since: Int64
  /// The second before which it ends.
  public var until: Int64
  /// The present.
  public var now: Int64
  /// Points are at least that many seconds apart.
  public var step: Int64

  public init(
    source: String, name: String, since: Int64, until: Int64, now: Int64, step: Int64 = 0,
    matches: @escaping @Sendable (String) -> Bool = { _ in true }
  ) {
    self.source = source
    self.name = name
    self.matches = matches
    self.since = since
    self.until = until
    self.now = now
    self.step = step
  }
}

/// The past of one series.
public struct MetricHistory: Sendable {
  public let series: SeriesKey
  /// Seconds between points; where nothing was told there is none.
  public let step: Int64
  /// In the order of time.
  public let points: [MetricBucket]
}

extension MetricQuery {
  /// Points of one series.
  static let pointsMax: Int64 = 2_000
  /// Points of all series of an answer, which must fit into one message.
  static let pointsInAll: Int64 = 8_000
  static let seriesMax = 100

  /// The series, and how many more there are.
  func fetch(_ database: Database, _ retention: MetricRetention) throws -> (
    found: [MetricHistory], more: Int
  ) {
    let rows = try Row.fetchAll(
      database,
      sql: "SELECT id, origin, labels FROM metric_keys WHERE source = ? AND name = ? ORDER BY origin, labels",
      arguments: [source, name]
    ).filter { matches($0[2]) }
    let shown = rows.prefix(Self.seriesMax)
    let resolution = MetricResolution(
      since: since, until: until, now: now, asked: step,
      pointsMax: min(Self.pointsMax, Self.pointsInAll / Int64(max(1, shown.count))), retention: retention)
    let found = try shown.map { row in
      let points = try Self.rows(of: row[0], resolution.level, from: since, to: until, database)
      return MetricHistory(
        series: SeriesKey(
          source: source, origin: MetricOrigin(rawValue: row[1]) ?? .strategy, name: name, labelsJSON: row[2]),
        step: resolution.step, points: MetricBucket.folded(points, step: resolution.step))
    }
    return (found, rows.count - shown.count)
  }

  /// The rows of a level, and behind its last one what only finer levels have yet.
  private static func rows(
    of number: Int64, _ level: MetricLevel, from: Int64, to: Int64, _ database: Database
  ) throws -> [MetricBucket] {
    let start = MetricResolution.start(of: from, step: level.rawValue)
    let rows = try MetricLog.rows(of: number, level, from: start, to: to, database)
    guard let finer = level.finer else { return rows }
    let rest = rows.last.map { $0.time + level.rawValue } ?? start
    return try rows + Self.rows(of: number, finer, from: rest, to: to, database)
  }
}

extension SupervisorStore {
  /// Queues finished buckets; false when some were lost, because the disk has not taken what came before.
  @discardableResult
  public func append(_ rows: [MetricRow]) -> Bool { metrics.append(rows) }

  /// The past of a metric: at most 100 series, and how many more there are.
  public func history(_ query: MetricQuery) throws(StorageError) -> (
    found: [MetricHistory], more: Int
  ) {
    do {
      return try pool.read { [retention] database in try query.fetch(database, retention.metrics) }
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }

  /// Deletes rows beyond their time, some series in each transaction, and series of which none are left.
  func pruneMetrics(_ now: Int64) {
    let numbers = (try? pool.read { try Int64.fetchAll($0, sql: "SELECT id FROM metric_keys") }) ?? []
    for start in stride(from: 0, to: numbers.count, by: 16) {
      let some = numbers[start..<min(start + 16, numbers.count)]
      try? pool.write { [retention] database in
        for level in MetricLevel.allCases {
          let delete = try database.cachedStatement(
            sql: "DELETE FROM \(level.table) WHERE series = ? AND time_s < ?")
          for number in some {
            try delete.execute(arguments: [number, now - retention.metrics.seconds(level)])
          }
        }
        _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum(512)")
      }
    }
    try? pool.write { database in try metrics.deleteEmptySeries(database) }
  }
}
