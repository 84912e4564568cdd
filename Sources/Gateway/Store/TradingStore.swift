import GRDB
public import Model
public import Storage
import Synchronization
public import Trading

/// The gateway's memory, `trading.sqlite`: orders with every change of state, fills, open trades, sub-accounts,
/// events and how far the feed was played.
///
/// Every commit is on the disk before it returns. The methods block; only ``DeskLookup``'s are meant to be
/// called from an event loop.
public final class TradingStore: Sendable {
  private let pool: DatabasePool
  private let path: String
  private let marks: Mutex<JournalMarks>
  /// For the one question that each order with an id of its client's asks, on the gateway's loop: it takes no
  /// transaction, as one statement sees one state anyway.
  private let lookups: DatabaseQueue
  private let checkpointer: Checkpointer

  /// Opens the file, or makes it.
  public init(path: String) throws(StorageError) {
    pool = try DatabaseFile.open(
      at: path, durability: .full, readers: 4, checkpointPages: 16_000, migrator: Schema.migrator)
    self.path = path
    do {
      marks = Mutex(try pool.read { try JournalMarks($0) })
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      lookups = try DatabaseQueue(path: path, configuration: configuration)
      checkpointer = try Checkpointer(path: path)
    } catch {
      throw StorageError(error, path: path)
    }
  }

  /// The sequence number of the latest committed event; 0 before the first.
  public var lastEventSequence: Int64 { marks.withLock { $0.event } }

  /// Writes all entries in one transaction and returns the events of each, numbered.
  ///
  /// After an error nothing of it is in the file.
  public func commit(_ entries: [JournalEntry]) throws(StorageError) -> [[StoredEvent]] {
    let before = marks.withLock { $0 }
    do {
      let (stored, after, rows) = try pool.writeWithoutTransaction { database in
        var stored: [[StoredEvent]] = []
        stored.reserveCapacity(entries.count)
        var (after, rows) = (before, 0)
        try database.inTransaction(.immediate) {
          var writer = JournalWriter(database, before)
          for entry in entries { stored.append(try writer.write(entry)) }
          try writer.finish()
          for entry in entries where !entry.equity.isEmpty {
            try EquityRows.write(entry.equity, to: database)
          }
          (after, rows) = (writer.marks, writer.rowCount)
          return .commit
        }
        return (stored, after, rows)
      }
      marks.withLock { $0 = after }
      checkpointer.wrote(rows)
      return stored
    } catch {
      throw StorageError(error, path: path)
    }
  }

  /// What the order desk starts from.
  ///
  /// - Parameter rememberedOrders: How many final orders to load at most.
  public func load(rememberedOrders: Int) throws(StorageError) -> TradingSnapshot {
    try read { database in
      let open = try Order.all(database, "WHERE is_final = 0 ORDER BY number")
      let recent = try Order.all(
        database, "WHERE is_final = 1 ORDER BY number DESC LIMIT ?", [rememberedOrders + 1])
      let marks = try JournalMarks(database)
      let lastFill = try Int64.fetchOne(database, sql: "SELECT max(id) FROM fills") ?? 0
      let time = try Int64.fetchOne(database, sql: "SELECT time FROM feed")
      return TradingSnapshot(
        openOrders: open, recentOrders: recent.prefix(rememberedOrders).reversed(),
        hasOlderOrders: recent.count > rememberedOrders,
        trades: try Row.fetchAll(database, sql: "SELECT * FROM trades ORDER BY id").map { try Trade($0) },
        accounts: try Row.fetchAll(database, sql: "SELECT * FROM balances").map { try SubAccount($0) },
        rates: try Row.fetchAll(database, sql: "SELECT * FROM rates").map { row in
          ConversionRate(
            currency: try row.value("currency", "rates"), rate: try row.amount("rate", "rates"))
        },
        flattenings: try Row.fetchAll(database, sql: "SELECT * FROM flattenings ORDER BY strategy")
          .map { try Flattening($0) },
        charter: try Row.fetchOne(database, sql: "SELECT * FROM charter").map { try Charter($0) },
        executions: try Self.executions(database),
        nextOrderNumber: marks.order + 1, nextFillID: lastFill + 1, nextTradeID: marks.trade + 1,
        marketTime: time.map { Timestamp(nanoseconds: $0) })
    }
  }

  /// Ids of executions that are booked, oldest first: those of open orders, however old, and the latest of others.
  private static func executions(_ database: Database) throws -> [String] {
    try String.fetchAll(
      database,
      sql: """
        SELECT execution_id FROM fills WHERE execution_id IS NOT NULL AND (
          id IN (SELECT id FROM fills WHERE execution_id IS NOT NULL ORDER BY id DESC LIMIT 10000)
          OR order_id IN (SELECT id FROM orders WHERE is_final = 0))
        ORDER BY id
        """)
  }

  /// How far the last feed was played; nil in an empty journal.
  public func feedPosition() throws(StorageError) -> FeedPosition? {
    try read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM feed").map { try FeedPosition($0) }
    }
  }

  func write<Value>(_ body: (Database) throws -> Value) throws(StorageError) -> Value {
    do {
      return try pool.write(body)
    } catch {
      throw StorageError(error, path: path)
    }
  }

  func read<Value>(_ body: (Database) throws -> Value) throws(StorageError) -> Value {
    do {
      return try pool.read(body)
    } catch {
      throw StorageError(error, path: path)
    }
  }
}

// MARK: - Questions

extension TradingStore {
  /// Orders, newest first.
  ///
  /// - Parameters:
  ///   - strategy: Nil for all.
  ///   - route: Only those that came in by this broker's route, its trades' exits left out; nil for all.
  ///   - openOnly: Leaves out those that are final.
  ///   - before: Only orders with a lower number: the next page after one that ended there.
  public func orders(
    strategy: String?, route: String? = nil, openOnly: Bool, before: Int64? = nil, limit: Int
  ) throws(StorageError) -> [Order] {
    try read { database in
      let condition =
        (strategy == nil ? "1" : "strategy = :s") + (openOnly ? " AND is_final = 0" : "")
        + (before == nil ? "" : " AND number < :before")
        + (route == nil ? "" : " AND route = :route AND role IN ('entry', 'close')")
      var arguments = Self.arguments(strategy, before, limit)
      if let route { arguments += ["route": route] }
      return try Order.all(database, "WHERE \(condition) ORDER BY number DESC LIMIT :limit", arguments)
    }
  }

  /// Fills, newest first.
  ///
  /// - Parameter before: Only fills with a lower id: the next page after one that ended there.
  public func fills(
    strategy: String?, before: Int64? = nil, limit: Int
  ) throws(StorageError) -> [Fill] {
    try read { database in
      let condition =
        (strategy == nil ? "1" : "strategy = :s") + (before == nil ? "" : " AND id < :before")
      return try Row.fetchAll(
        database, sql: "SELECT * FROM fills WHERE \(condition) ORDER BY id DESC LIMIT :limit",
        arguments: Self.arguments(strategy, before, limit)
      ).map { try Fill($0) }
    }
  }

  /// Events after a sequence number, oldest first.
  public func events(after sequence: Int64, limit: Int) throws(StorageError) -> [StoredEvent] {
    try read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
        arguments: [sequence, limit]
      ).map { try StoredEvent($0) }
    }
  }

  /// Every committed state of an order, oldest first.
  public func history(ofOrder number: Int64) throws(StorageError) -> [OrderHistoryLine] {
    try read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM order_history WHERE order_number = ? ORDER BY seq", arguments: [number]
      ).map { try OrderHistoryLine($0) }
    }
  }

  private static func arguments(
    _ strategy: String?, _ before: Int64?, _ limit: Int
  ) -> StatementArguments {
    var arguments: StatementArguments = ["limit": limit]
    if let strategy { arguments += ["s": strategy] }
    if let before { arguments += ["before": before] }
    return arguments
  }
}

extension TradingStore: DeskLookup {
  public func order(strategy: String, clientOrderID: String) throws(LookupFailure) -> Order? {
    do {
      let number = try lookups.unsafeRead { database in
        try Int64.fetchOne(
          try database.cachedStatement(sql: Self.numberOfClientOrder), arguments: [strategy, clientOrderID])
      }
      guard let number else { return nil }
      return try look { try Order.all($0, "WHERE number = ?", [number]).first }
    } catch let failure as LookupFailure {
      throw failure
    } catch {
      throw LookupFailure(StorageError(error, path: path).message)
    }
  }

  /// Answered from the index alone, which has no ids that the gateway made.
  private static let numberOfClientOrder = """
    SELECT number FROM orders WHERE strategy = ? AND client_order_id = ? AND fingerprint <> ''
    """

  public func order(id: String) throws(LookupFailure) -> Order? {
    // The number is a part of the id, and the table's key.
    guard let number = id.split(separator: "-").last.flatMap({ Int64($0) }) else { return nil }
    return try look { database in
      try Order.all(database, "WHERE number = ? AND id = ?", [number, id]).first
    }
  }

  private func look(_ body: (Database) throws -> Order?) throws(LookupFailure) -> Order? {
    do throws(StorageError) {
      return try read(body)
    } catch {
      throw LookupFailure(error.message)
    }
  }
}

extension Order {
  fileprivate static func all(
    _ database: Database, _ clause: String, _ arguments: StatementArguments = StatementArguments()
  ) throws -> [Order] {
    let statement = try database.cachedStatement(sql: "SELECT * FROM orders " + clause)
    return try Row.fetchAll(statement, arguments: arguments).map { try Order($0) }
  }
}
