public import GRDB

/// Deletes old rows in small transactions, so that nobody who writes waits long.
public struct Pruning: Sendable {
  /// The table; a name of the program's own, never one that came from outside.
  public let table: String
  /// Its column that rises with age's end: a time or a row number.
  public let column: String
  /// Rows in one transaction.
  public let chunk: Int

  public init(table: String, column: String, chunk: Int = 2_000) {
    self.table = table
    self.column = column
    self.chunk = chunk
  }

  /// Deletes every row whose column is below `bound` and returns how many there were.
  ///
  /// - Parameter chunks: How many transactions at most; call again when the result is `chunks * chunk`.
  @discardableResult
  public func delete(below bound: Int64, chunks: Int = .max, from pool: DatabasePool) throws(StorageError)
    -> Int
  {
    try repeated(chunks, pool) { database in
      try database.execute(
        sql: """
          DELETE FROM \(table) WHERE rowid IN
            (SELECT rowid FROM \(table) WHERE \(column) < ? ORDER BY \(column) LIMIT ?)
          """,
        arguments: [bound, chunk])
      return database.changesCount
    }
  }

  /// Deletes the oldest rows until the file's used pages take at most `bytes`, and returns how many went.
  @discardableResult
  public func shrink(toBytes bytes: Int64, chunks: Int = .max, in pool: DatabasePool) throws(StorageError)
    -> Int
  {
    try repeated(chunks, pool) { database in
      guard try Self.usedBytes(database) > bytes else { return 0 }
      try database.execute(
        sql: "DELETE FROM \(table) WHERE rowid IN (SELECT rowid FROM \(table) ORDER BY \(column) LIMIT ?)",
        arguments: [chunk])
      return database.changesCount
    }
  }

  /// Bytes in pages that hold something.
  public static func usedBytes(_ database: Database) throws -> Int64 {
    let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
    let free = try Int64.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
    let size = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0
    return (pages - free) * size
  }

  private func repeated(
    _ chunks: Int, _ pool: DatabasePool, _ step: @escaping @Sendable (Database) throws -> Int
  ) throws(StorageError) -> Int {
    var total = 0
    do {
      for _ in 0..<chunks {
        let deleted = try pool.write { database in
          let deleted = try step(database)
          // Gives a bounded number of emptied pages back to the disk.
          if deleted > 0 { _ = try Row.fetchAll(database, sql: "PRAGMA incremental_vacuum(512)") }
          return deleted
        }
        total += deleted
        if deleted == 0 { break }
      }
    } catch {
      throw StorageError(error, path: pool.path)
    }
    return total
  }
}
