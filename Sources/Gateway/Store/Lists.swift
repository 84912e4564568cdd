import GRDB
public import Model
public import Storage

/// Which rows of a list are meant; what is nil does not matter.
public struct ListFilter: Hashable, Sendable {
  public var strategy: String?
  public var instrument: String?
  public var order: String?
  /// Of orders: the states that count.
  public var states: [OrderState]?
  public var isOpenOnly = false
  /// Of events: the types, and who it happened at.
  public var types: [String]?
  public var source: String?
  /// Not before, and before.
  public var since: Timestamp?
  public var until: Timestamp?

  public init() {}
}

/// A piece of a list, newest first.
public struct ListPage<Row: Sendable>: Sendable {
  public var rows: [Row]
  /// Rows with lower numbers than this come next; nil: there are none.
  public var next: Int64?

  public init(rows: [Row], next: Int64?) {
    self.rows = rows
    self.next = next
  }
}

/// Lists of any length, page by page.
///
/// A page looks at ``rowsLookedAt`` rows at the most, so that one that finds nothing costs no more than one that
/// finds much: it may hold fewer rows than asked for, even none, and still have a next one.
extension TradingStore {
  /// Rows that one page may look at.
  public static let rowsLookedAt: Int64 = 100_000

  /// Orders by number.
  public func orders(
    _ filter: ListFilter, before: Int64?, limit: Int
  ) throws(StorageError) -> ListPage<Order> {
    var wanted = Conditions()
    wanted.add("strategy = ?", filter.strategy)
    wanted.add("instrument = ?", filter.instrument)
    if filter.isOpenOnly { wanted.add("is_final = 0") }
    wanted.add("state", among: filter.states?.map(\.rawValue))
    wanted.add("created", from: filter.since, until: filter.until)
    // Open orders have an index of their own, which is short.
    let reach = filter.isOpenOnly ? Int64.max : Self.rowsLookedAt
    return try page(
      Table(name: "orders", key: "number", time: "created", reach: reach), wanted, filter, before, limit
    ) {
      try Order($0)
    }
  }

  /// Fills by their ids.
  public func fills(
    _ filter: ListFilter, before: Int64?, limit: Int
  ) throws(StorageError) -> ListPage<Fill> {
    var wanted = Conditions()
    wanted.add("strategy = ?", filter.strategy)
    wanted.add("instrument = ?", filter.instrument)
    wanted.add("order_id = ?", filter.order)
    wanted.add("time", from: filter.since, until: filter.until)
    return try page(
      Table(name: "fills", key: "id", time: "time", reach: Self.rowsLookedAt), wanted, filter, before, limit
    ) {
      try Fill($0)
    }
  }

  /// Events by their sequence numbers.
  public func events(
    _ filter: ListFilter, before: Int64?, limit: Int
  ) throws(StorageError) -> ListPage<StoredEvent> {
    var wanted = Conditions()
    wanted.add("strategy = ?", filter.strategy)
    wanted.add("source = ?", filter.source)
    wanted.add("type", among: filter.types)
    wanted.add("ts", from: filter.since, until: filter.until)
    return try page(
      Table(name: "events", key: "seq", time: "ts", reach: Self.rowsLookedAt), wanted, filter, before, limit
    ) {
      try StoredEvent($0)
    }
  }

  private struct Table {
    let name: String
    let key: String
    let time: String
    /// How many numbers a page goes back.
    let reach: Int64
  }

  private func page<Found: Sendable>(
    _ table: Table, _ wanted: Conditions, _ filter: ListFilter, _ before: Int64?, _ limit: Int,
    _ make: (Row) throws -> Found
  ) throws(StorageError) -> ListPage<Found> {
    try read { database in
      let last = try Int64.fetchOne(database, sql: "SELECT max(\(table.key)) FROM \(table.name)") ?? 0
      let top = min(before ?? .max, last + 1)
      let floor = table.reach == .max ? 0 : max(0, top - table.reach)
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT * FROM \(table.name) WHERE \(table.key) < ? AND \(table.key) >= ?\(wanted.sql)
          ORDER BY \(table.key) DESC LIMIT ?
          """, arguments: [top, floor] + wanted.arguments + [limit + 1])
      if rows.count > limit {
        let shown = rows.prefix(limit)
        return ListPage(rows: try shown.map(make), next: shown.last?[table.key])
      }
      let found = try rows.map(make)
      guard floor > 0 else { return ListPage(rows: found, next: nil) }
      // What is older than asked for need not be looked at; numbers and times rise together.
      let oldest = try Int64.fetchOne(
        database,
        sql: """
          SELECT \(table.time) FROM \(table.name) WHERE \(table.key) < ? ORDER BY \(table.key) DESC LIMIT 1
          """,
        arguments: [floor])
      guard let oldest, oldest >= filter.since?.nanoseconds ?? .min else {
        return ListPage(rows: found, next: nil)
      }
      return ListPage(rows: found, next: floor)
    }
  }
}

/// The conditions of a question, with their values.
private struct Conditions {
  private(set) var sql = ""
  private(set) var arguments = StatementArguments()

  mutating func add(_ condition: String) { sql += " AND " + condition }

  mutating func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
    guard let value else { return }
    add(condition)
    arguments += [value]
  }

  mutating func add(_ column: String, among values: [String]?) {
    guard let values, !values.isEmpty else { return }
    add("\(column) IN (\(values.map { _ in "?" }.joined(separator: ",")))")
    arguments += StatementArguments(values)
  }

  mutating func add(_ column: String, from since: Timestamp?, until: Timestamp?) {
    add("\(column) >= ?", since?.nanoseconds)
    add("\(column) < ?", until?.nanoseconds)
  }
}
