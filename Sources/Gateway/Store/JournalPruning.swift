import GRDB
public import Model
public import Storage

/// What may go from the journal: everything older, and beyond a size the oldest.
public struct JournalBounds: Hashable, Sendable {
  /// Events before it go.
  public var events: Timestamp
  /// Orders that have ended, with their history, and fills before it go.
  public var orders: Timestamp
  /// Bytes in use by the file beyond which the oldest go before their time, events first.
  public var bytesMax: Int64

  public init(events: Timestamp, orders: Timestamp, bytesMax: Int64) {
    self.events = events
    self.orders = orders
    self.bytesMax = bytesMax
  }
}

/// How many rows went.
public struct PrunedRows: Hashable, Sendable {
  public var events = 0
  public var orders = 0
  public var fills = 0
  /// Lines of orders' histories.
  public var changes = 0
  /// Whether more is to go: the call stopped at its bound.
  public var hasMore = false

  public var sum: Int { events + orders + fills + changes }
}

extension TradingStore {
  /// Rows that one transaction looks at, so that an order that comes meanwhile waits for some milliseconds at most.
  private static let chunk = 500

  /// Deletes what is out of bounds, in small transactions.
  ///
  /// What is open is never touched: working orders, and of each open trade the order and the fills that made it, with
  /// their history; nor is the newest row of a table, by which the next one is numbered.
  ///
  /// - Parameter transactions: how many at most.
  public func prune(_ bounds: JournalBounds, transactions: Int = 40) throws(StorageError) -> PrunedRows {
    var pruned = PrunedRows()
    var left = transactions
    try each(.events, before: bounds.events, &left) { pruned.events += $0 }
    try each(.orders, before: bounds.orders, &left) { pruned.orders += $0 }
    try each(.fills, before: bounds.orders, &left) { pruned.fills += $0 }
    try each(.changes, before: bounds.orders, &left) { pruned.changes += $0 }
    while left > 0, try usedBytes() > bounds.bytesMax {
      let any = Timestamp(nanoseconds: .max)
      var one = 1
      let before = pruned.sum
      try each(.events, before: any, &one) { pruned.events += $0 }
      if pruned.sum == before {
        one = 3
        try each(.orders, before: any, &one, rounds: 1) { pruned.orders += $0 }
        try each(.fills, before: any, &one, rounds: 1) { pruned.fills += $0 }
        try each(.changes, before: any, &one, rounds: 1) { pruned.changes += $0 }
      }
      left -= 1
      // Everything that is left is open.
      if pruned.sum == before { break }
    }
    pruned.hasMore = left <= 0
    return pruned
  }

  private func usedBytes() throws(StorageError) -> Int64 { try read { try Pruning.usedBytes($0) } }

  /// Goes through a table from its oldest row on until one is young enough.
  private func each(
    _ table: PrunedTable, before bound: Timestamp, _ transactions: inout Int, rounds: Int = .max,
    _ count: (Int) -> Void
  ) throws(StorageError) {
    var after: Int64 = 0
    var rounds = rounds
    while transactions > 0, rounds > 0 {
      let (last, deleted) = try write { database in
        try table.prune(after: after, before: bound.nanoseconds, rows: Self.chunk, database)
      }
      count(deleted)
      guard let last else { return }
      after = last
      transactions -= 1
      rounds -= 1
    }
  }
}

/// A table whose oldest rows go; its key rises with age's end.
private enum PrunedTable {
  case events
  case orders
  case fills
  case changes

  private var name: String {
    switch self {
    case .events: "events"
    case .orders: "orders"
    case .fills: "fills"
    case .changes: "order_history"
    }
  }

  private var key: String {
    switch self {
    case .events, .changes: "seq"
    case .orders: "number"
    case .fills: "id"
    }
  }

  private var time: String {
    switch self {
    case .events: "ts"
    case .orders: "updated"
    case .fills, .changes: "time"
    }
  }

  /// What of the old rows goes.
  private var condition: String {
    switch self {
    case .events: "1"
    case .orders: "is_final = 1 AND id NOT IN (SELECT entry_order_id FROM trades)"
    case .fills:
      // An order that still works is asked for its executions, which must not be booked again.
      "(trade_id IS NULL OR trade_id NOT IN (SELECT id FROM trades))"
        + " AND order_id NOT IN (SELECT id FROM orders WHERE is_final = 0)"
    case .changes: "order_number NOT IN (SELECT number FROM orders)"
    }
  }

  /// Deletes what is old among the next rows.
  ///
  /// - Returns: The key to go on after, nil where a row was young enough or none is left; and how many rows went.
  func prune(
    after: Int64, before bound: Int64, rows: Int, _ database: Database
  ) throws -> (last: Int64?, deleted: Int) {
    let found = try Row.fetchAll(
      try database.cachedStatement(
        sql: "SELECT \(key), \(time) FROM \(name) WHERE \(key) > ? ORDER BY \(key) LIMIT ?"),
      arguments: [after, rows + 1])
    // The newest row of the table numbers the next one, so it stays.
    var old = found.prefix { ($0[1] as Int64) < bound }.prefix(rows)
    if old.count == found.count { old = old.dropLast() }
    guard let last = old.last else { return (nil, 0) }
    let end: Int64 = last[0]
    try database.execute(
      sql: "DELETE FROM \(name) WHERE \(key) > ? AND \(key) <= ? AND (\(condition))", arguments: [after, end])
    return (old.count == rows ? end : nil, database.changesCount)
  }
}
