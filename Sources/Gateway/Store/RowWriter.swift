import GRDB
import GRDBSQLite
import Model
import Trading

/// Writes rows with statements that stay prepared.
///
/// The texts of a row are written side by side into memory that is kept from row to row, and bound where they lie: no
/// string, no array and no copy inside SQLite is made for any of them. Used within one transaction, by one thread.
struct RowWriter: ~Copyable {
  /// Where a text of the row lies in the memory.
  private struct Text {
    let column: Int32
    let start: Int
    let count: Int
  }

  private let database: Database
  private var statements: [Statement?]
  private var memory = TextMemory(capacity: 16_384)
  private var texts: [Text] = []
  private var handle: OpaquePointer?
  private var column: Int32 = 0
  /// How many rows so far.
  private(set) var written = 0

  init(_ database: Database) {
    self.database = database
    statements = Array(repeating: nil, count: JournalStatement.allCases.count)
    texts.reserveCapacity(32)
  }

  deinit {
    // The statements outlive the memory that they were bound to.
    for case let statement? in statements { sqlite3_clear_bindings(statement.sqliteStatement) }
  }

  /// Begins a row; as many values as the statement has parameters follow, in their order.
  mutating func begin(_ kind: JournalStatement) throws {
    if let known = statements[kind.rawValue] {
      handle = known.sqliteStatement
    } else {
      let made = try database.cachedStatement(sql: kind.sql)
      statements[kind.rawValue] = made
      handle = made.sqliteStatement
    }
    memory.clear()
    texts.removeAll(keepingCapacity: true)
    column = 0
  }

  /// Writes the row that was begun.
  ///
  /// - Returns: How many rows that changed.
  @discardableResult
  mutating func finish() throws -> Int {
    for text in texts {
      // Without a destructor SQLite takes the text from where it is; it stays there until the next row.
      let start = (memory.base + text.start).assumingMemoryBound(to: CChar.self)
      sqlite3_bind_text(handle, text.column, start, Int32(text.count), nil)
    }
    assert(column == sqlite3_bind_parameter_count(handle), "not this row's number of values")
    let code = sqlite3_step(handle)
    sqlite3_reset(handle)
    guard code == SQLITE_DONE else {
      throw DatabaseError(
        resultCode: ResultCode(rawValue: code),
        message: String(cString: sqlite3_errmsg(database.sqliteConnection)),
        sql: sqlite3_sql(handle).map { String(cString: $0) })
    }
    written += 1
    return Int(sqlite3_changes(database.sqliteConnection))
  }

  // MARK: - Values

  mutating func put(_ value: Int64) {
    column += 1
    sqlite3_bind_int64(handle, column, value)
  }

  mutating func null() {
    column += 1
    sqlite3_bind_null(handle, column)
  }

  mutating func put(_ value: Int64?) { if let value { put(value) } else { null() } }
  mutating func put(_ value: Int) { put(Int64(value)) }
  mutating func put(_ value: Int?) { put(value.map(Int64.init)) }
  mutating func put(_ value: Bool) { put(Int64(value ? 1 : 0)) }
  mutating func put(_ value: Timestamp) { put(value.nanoseconds) }
  mutating func put(_ value: Timestamp?) { put(value?.nanoseconds) }
  mutating func put(_ word: some RawRepresentable<String>) { put(word.rawValue) }
  mutating func put(_ text: String?) { if let text { put(text) } else { null() } }
  mutating func put(_ amount: Amount?) { if let amount { put(amount) } else { null() } }

  mutating func put(_ text: String) {
    let start = memory.count
    memory.append(text)
    note(start)
  }

  mutating func put(_ amount: Amount) {
    let start = memory.count
    memory.append(amount)
    note(start)
  }

  /// Writes a payload's JSON and returns it.
  mutating func put(_ payload: [EventField]) -> String {
    let start = memory.count
    memory.append(payload)
    note(start)
    let bytes = UnsafeRawBufferPointer(start: memory.base + start, count: memory.count - start)
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func note(_ start: Int) {
    column += 1
    texts.append(Text(column: column, start: start, count: memory.count - start))
  }
}
