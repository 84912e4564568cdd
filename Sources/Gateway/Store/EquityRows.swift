import GRDB
public import Model
public import Storage

/// What an account was worth at a moment.
public struct EquitySample: Hashable, Sendable {
  /// Why it was taken; decides how long it is kept.
  public enum Kind: Int64, CaseIterable, Sendable {
    /// Something was filled just before.
    case fill = 0
    case minute = 1
    case quarterHour = 2

    /// How long samples of this kind are kept.
    public var keptSeconds: Int64 {
      switch self {
      case .fill: 2 * 86_400
      case .minute: 7 * 86_400
      case .quarterHour: 400 * 86_400
      }
    }
  }

  /// Nil for the sum of all.
  public let strategy: String?
  public let kind: Kind
  public let time: Timestamp
  public let equity: Money
  public let balance: Money

  public init(strategy: String?, kind: Kind, time: Timestamp, equity: Money, balance: Money) {
    self.strategy = strategy
    self.kind = kind
    self.time = time
    self.equity = equity
    self.balance = balance
  }
}

extension TradingStore {
  /// The curve of an account, oldest first: of each `step` the last sample.
  ///
  /// - Parameters:
  ///   - strategy: nil for the sum of all.
  ///   - step: in seconds, at least 1.
  ///   - limit: the latest so many.
  public func equity(
    of strategy: String?, since: Timestamp, until: Timestamp, step: Int64, limit: Int
  ) throws(StorageError) -> [EquitySample] {
    try read { database in
      // Of a group SQLite takes the other columns from the row with the greatest time.
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT max(time) AS time, kind, equity, balance FROM equity
          WHERE strategy = ? AND time >= ? AND time < ?
          GROUP BY time / ? ORDER BY time DESC LIMIT ?
          """,
        arguments: [
          strategy ?? "", since.nanoseconds, until.nanoseconds, max(1, step) * 1_000_000_000, limit,
        ])
      return try rows.reversed().map { row in
        EquitySample(
          strategy: strategy, kind: EquitySample.Kind(rawValue: row["kind"]) ?? .minute,
          time: Timestamp(nanoseconds: try row.value("time", "equity")),
          equity: try row.amount("equity", "equity"), balance: try row.amount("balance", "equity"))
      }
    }
  }
}

/// Writes samples within a transaction of the journal.
enum EquityRows {
  static let schema = """
    CREATE TABLE equity (
      strategy TEXT NOT NULL,
      time INTEGER NOT NULL,
      kind INTEGER NOT NULL,
      equity TEXT NOT NULL,
      balance TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX equity_curve ON equity (strategy, time);
    CREATE INDEX equity_age ON equity (kind, time);
    """

  static func write(_ samples: [EquitySample], to database: Database) throws {
    let insert = try database.cachedStatement(sql: "INSERT OR REPLACE INTO equity VALUES (?,?,?,?,?)")
    for sample in samples {
      try insert.execute(arguments: [
        sample.strategy ?? "", sample.time.nanoseconds, sample.kind.rawValue, sample.equity.description,
        sample.balance.description,
      ])
    }
    // Each minute; few at a time, as a commit waits for it.
    guard let last = samples.last, last.kind != .fill else { return }
    let delete = try database.cachedStatement(
      sql:
        "DELETE FROM equity WHERE rowid IN (SELECT rowid FROM equity WHERE kind = ? AND time < ? LIMIT 500)")
    for kind in EquitySample.Kind.allCases {
      try delete.execute(arguments: [
        kind.rawValue, last.time.nanoseconds - kind.keptSeconds * 1_000_000_000,
      ])
    }
  }
}
