import GRDB
public import Model
public import Storage

/// The candles that quotes made, in `market.sqlite`: written from a thread of their own, so that nobody who trades ever
/// waits for them, and bounded by age and size.
///
/// They are for looking at. What a crash takes is at most the last second's, and a file that cannot be written loses
/// candles, counted, and nothing else.
public final class MarketStore: Sendable {
  /// Feeds whose candles are kept beside the current one's.
  private static let feedsKept = 8
  private static let pending = 50_000

  private let pool: DatabasePool
  private let feed: Int64
  private let retention: CandleRetention
  private let writer: BatchWriter<Candle>

  /// Opens the file or makes it.
  ///
  /// - Parameters:
  ///   - identity: which feed; candles of different ones are never mixed.
  ///   - onTrouble: called from the writer's thread with the first failure of a row, and with nil when it is over.
  public init(
    path: String, feed identity: String, retention: CandleRetention,
    onTrouble: @escaping @Sendable (StorageError?) -> Void = { _ in }
  ) throws(StorageError) {
    let pool = try DatabaseFile.open(at: path, durability: .normal, migrator: MarketSchema.migrator)
    do {
      feed = try pool.write { database in try Self.feed(identity, database) }
    } catch {
      throw StorageError(error, path: path)
    }
    self.pool = pool
    self.retention = retention
    let feed = feed
    writer = BatchWriter(
      name: "candles", pool: pool, capacity: Self.pending, batch: 4_096, lingerMilliseconds: 250,
      onTrouble: onTrouble
    ) { database, candles in try Self.write(candles, of: feed, database) }
  }

  /// The number of a feed, which is the one that was used last from now on.
  private static func feed(_ identity: String, _ database: Database) throws -> Int64 {
    let next = (try Int64.fetchOne(database, sql: "SELECT max(used) FROM feeds") ?? 0) + 1
    try database.execute(
      sql: """
        INSERT INTO feeds (identity, used) VALUES (?, ?) ON CONFLICT (identity) DO UPDATE SET used = excluded.used
        """, arguments: [identity, next])
    try database.execute(
      sql: """
        DELETE FROM candles WHERE series IN
          (SELECT series.id FROM series JOIN feeds ON feeds.id = feed WHERE used <= :oldest);
        DELETE FROM series WHERE feed IN (SELECT id FROM feeds WHERE used <= :oldest);
        DELETE FROM feeds WHERE used <= :oldest;
        """, arguments: ["oldest": next - 1 - Int64(feedsKept)])
    return try Int64.fetchOne(database, sql: "SELECT id FROM feeds WHERE identity = ?", arguments: [identity])
      ?? 0
  }

  // MARK: - Writing

  /// Queues complete candles; never waits.
  public func append(_ candles: [Candle]) { writer.append(contentsOf: candles) }

  /// What became of them.
  public var counters: BatchWriter<Candle>.Counters { writer.counters }

  /// Writes what waits and ends the thread.
  public func close() async { await writer.close() }

  private static func write(_ candles: [Candle], of feed: Int64, _ database: Database) throws {
    var known: [SeriesKey: Int64] = [:]
    // One that was begun in the middle, after a crash, does not take the place of the whole one.
    let statement = try database.cachedStatement(
      sql: """
        INSERT INTO candles VALUES (?,?,?,?,?,?,?) ON CONFLICT (series, start) DO UPDATE SET
          open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
          volume = excluded.volume WHERE excluded.volume >= volume
        """)
    for candle in candles {
      let key = SeriesKey(instrument: candle.instrument, granularity: candle.granularity)
      let series = try known[key] ?? series(key, feed, database)
      known[key] = series
      try statement.execute(
        arguments: [
          series, candle.start.nanoseconds / 1_000_000_000, candle.open.description, candle.high.description,
          candle.low.description, candle.close.description, candle.volume,
        ])
    }
  }

  private struct SeriesKey: Hashable {
    let instrument: String
    let granularity: Granularity
  }

  private static func series(_ key: SeriesKey, _ feed: Int64, _ database: Database) throws -> Int64 {
    let arguments: StatementArguments = [feed, key.instrument, key.granularity.rawValue]
    let find = "SELECT id FROM series WHERE feed = ? AND instrument = ? AND granularity = ?"
    if let id = try Int64.fetchOne(database, sql: find, arguments: arguments) { return id }
    try database.execute(
      sql: "INSERT INTO series (feed, instrument, granularity) VALUES (?,?,?)", arguments: arguments)
    return database.lastInsertedRowID
  }

  // MARK: - Reading

  /// Stored candles, oldest first.
  ///
  /// - Parameters:
  ///   - from: the earliest start; then the first `limit` are given, else the last.
  ///   - before: the time before which they start.
  public func candles(
    _ instrument: String, _ granularity: Granularity, from: Timestamp? = nil, before: Timestamp? = nil,
    limit: Int
  ) throws(StorageError) -> [Candle] {
    try read { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT start, open, high, low, close, volume FROM candles
          WHERE series = (SELECT id FROM series WHERE feed = ? AND instrument = ? AND granularity = ?)
            AND start >= ? AND start < ? ORDER BY start \(from == nil ? "DESC" : "ASC") LIMIT ?
          """)
      let rows = try Row.fetchCursor(
        statement,
        arguments: [
          feed, instrument, granularity.rawValue, Self.seconds(from) ?? .min,
          Self.seconds(before) ?? .max, limit,
        ])
      var candles: [Candle] = []
      while let row = try rows.next() {
        candles.append(try Candle(instrument, granularity, row))
      }
      return from == nil ? candles.reversed() : candles
    }
  }

  /// Whole seconds; a start that is later than a second's beginning is not of that second.
  private static func seconds(_ time: Timestamp?) -> Int64? {
    time.map { $0.advanced(nanoseconds: 999_999_999).nanoseconds / 1_000_000_000 }
  }

  private func read<Value>(_ body: (Database) throws -> Value) throws(StorageError) -> Value {
    do {
      return try pool.read(body)
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }

  // MARK: - Bounds

  /// Deletes what is too old, counted from the latest candle of its kind, and where the file is still too large what
  /// is younger; returns how many went.
  @discardableResult
  public func prune() throws(StorageError) -> Int {
    var deleted = 0
    do {
      for halvings in 0..<16 {
        for (series, bound) in try bounds(halvings: halvings) { deleted += try delete(series, below: bound) }
        if try pool.read(Pruning.usedBytes) <= retention.bytesMax { break }
      }
    } catch {
      throw StorageError(error, path: pool.path)
    }
    return deleted
  }

  /// For each series the start below which its candles are too old.
  private func bounds(halvings: Int) throws -> [(series: Int64, start: Int64)] {
    try pool.read { database in
      let rows = try Row.fetchAll(
        database,
        sql: "SELECT id, granularity, (SELECT max(start) FROM candles WHERE series = series.id) FROM series")
      return rows.compactMap { row in
        guard let granularity = Granularity(rawValue: row[1]), let last = row[2] as Int64? else { return nil }
        return (row[0], last - max(granularity.seconds, retention.age(granularity) >> Int64(halvings)))
      }
    }
  }

  private func delete(_ series: Int64, below start: Int64) throws -> Int {
    var deleted = 0
    while true {
      let count = try pool.write { database in
        try database.execute(
          sql: """
            DELETE FROM candles WHERE series = ? AND start IN
              (SELECT start FROM candles WHERE series = ? AND start < ? ORDER BY start LIMIT 2000)
            """, arguments: [series, series, start])
        let count = database.changesCount
        if count > 0 { _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum(512)") }
        return count
      }
      deleted += count
      if count < 2_000 { return deleted }
    }
  }
}

extension Candle {
  fileprivate init(_ instrument: String, _ granularity: Granularity, _ row: Row) throws {
    func amount(_ column: Int) throws -> Amount {
      guard let amount = Amount(row[column] as String) else { throw UnreadableCandle() }
      return amount
    }
    self.init(
      instrument: instrument, granularity: granularity,
      start: Timestamp(nanoseconds: (row[0] as Int64) * 1_000_000_000), open: try amount(1),
      high: try amount(2), low: try amount(3), close: try amount(4), volume: row[5], isComplete: true)
  }
}

/// A row that does not read back: the file was changed by another hand.
private struct UnreadableCandle: Error, CustomStringConvertible {
  let description = "a price of a stored candle is no number"
}
