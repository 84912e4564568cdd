import Foundation
import GRDB
public import Model

/// Which lines to read, and how far to look for them.
public struct LogQuery: Sendable {
  public var filter = LogFilter()
  /// Only lines with a lower id.
  public var before: Int64?
  /// The last so many.
  public var limit = 100
  /// How many bytes of lines are looked through at the most, and for how long.
  public var bytesMax = 256 << 20
  public var patience = Duration.seconds(3)

  public init() {}
}

/// What was found.
public struct LogPage: Sendable {
  /// In the order of their ids.
  public var entries: [LogEntry] = []
  /// Where the search ended before it had looked at everything: lines with lower ids were not looked at.
  public var stoppedBefore: Int64?
  /// The time of the last line that it looked at, when it ended early.
  public var stoppedAt: Timestamp?
}

extension LogQuery {
  /// Reads the newest lines that match, out of the file and of what is not in it yet.
  ///
  /// - Parameter waiting: blocks on their way to the file; some of them may have arrived there.
  func fetch(_ database: Database, waiting: [LogBlock]) throws -> LogPage {
    let ids = Int64.min...((before ?? .max) - 1)
    var scan = LogScan(filter: filter, direction: .backward, ids: ids, limit: limit)
    var budget = Budget(bytes: bytesMax, patience: patience)
    var taken = Set<Int64>()
    var memory = waiting.filter { $0.firstID <= ids.upperBound }.sorted { $0.lastID < $1.lastID }
    if let before {
      // Blocks that reach over the bound: those that were open when it was given out.
      let rows = try LogRows(
        database, "last_id >= ? AND first_id < ?", [before, before], order: "last_id", until: before)
      while let row = try rows.next() {
        taken.insert(row.lastID)
        scan.take(row.block)
      }
    }
    let rows = try LogRows(database, filter, "last_id < ?", [before ?? .max], order: "last_id DESC")
    while let row = try rows.next() {
      while let block = memory.last, block.lastID >= row.lastID {
        memory.removeLast()
        if taken.insert(block.lastID).inserted { scan.take(block) }
      }
      if scan.isComplete(next: max(row.lastID, memory.last?.lastID ?? .min)) { break }
      guard taken.insert(row.lastID).inserted else { continue }
      guard budget.spend(row.bytes) else {
        return LogPage(
          entries: scan.entries, stoppedBefore: row.lastID + 1,
          stoppedAt: Timestamp(nanoseconds: row.lastTime))
      }
      scan.take(row.block)
    }
    while let block = memory.popLast() {
      if taken.insert(block.lastID).inserted { scan.take(block) }
    }
    return LogPage(entries: scan.entries, stoppedBefore: scan.isCut ? scan.entries.first?.id : nil)
  }
}

/// What comes after a line.
public struct LogContinued: Sendable {
  /// In the order of their ids.
  public var entries: [LogEntry]
  /// Up to this id everything has been looked at.
  public var reached: Int64
  /// Lines up to there that are not to be had any more: deleted to make room, or lost because the disk took nothing.
  public var gone: Int
}

/// What comes after a line: for readers that fell behind.
struct LogContinuation: Sendable {
  var filter = LogFilter()
  var after: Int64
  /// The last line that counts; what is newer reaches the reader in another way.
  var upTo: Int64
  var limit = 16_384
  var bytesMax = 8 << 20

  /// The next lines, up to which id everything has been looked at, and how many up to there are gone.
  func fetch(_ database: Database, waiting: [LogBlock], losses: LogLosses) throws -> LogContinued {
    guard after < upTo else { return LogContinued(entries: [], reached: upTo, gone: 0) }
    var scan = LogScan(
      filter: filter, direction: .forward, ids: after + 1...upTo, limit: limit, bytesMax: bytesMax)
    var budget = Budget(bytes: bytesMax, patience: .seconds(1))
    var taken = Set<Int64>()
    func found(reached: Int64) -> LogContinued {
      let gone = losses.count(filter, after: after, upTo: reached, except: taken)
      return LogContinued(entries: scan.entries, reached: reached, gone: gone)
    }
    var memory = waiting.filter { $0.lastID > after }.sorted { $0.lastID > $1.lastID }
    var floor = after
    let rows = try LogRows(database, filter, "last_id > ?", [after], order: "last_id")
    while let row = try rows.next() {
      while let block = memory.last, block.lastID <= row.lastID {
        memory.removeLast()
        if taken.insert(block.lastID).inserted { scan.take(block) }
      }
      if row.floor > upTo || scan.isComplete(next: row.floor) { break }
      // Between two floors nothing overlaps: there it may end without losing anything.
      if row.floor > floor, !budget.spend(0) {
        return found(reached: row.floor - 1)
      }
      floor = row.floor
      guard taken.insert(row.lastID).inserted else { continue }
      _ = budget.spend(row.bytes)
      scan.take(row.block)
    }
    while let block = memory.popLast() {
      if scan.isComplete(next: block.floor) { break }
      if taken.insert(block.lastID).inserted { scan.take(block) }
    }
    let entries = scan.entries
    let isFull = entries.count >= limit || scan.isCut
    return found(reached: isFull ? entries.last?.id ?? upTo : upTo)
  }
}

/// What one search may cost.
private struct Budget {
  private var bytes: Int
  private let end: ContinuousClock.Instant

  init(bytes: Int, patience: Duration) {
    self.bytes = bytes
    end = .now + patience
  }

  /// False when it is used up.
  mutating func spend(_ count: Int) -> Bool {
    bytes -= count
    return bytes > 0 && .now < end
  }
}

/// Rows of `log_blocks`, one after the other; a row's lines are read from the disk only when they are asked for.
private final class LogRows {
  struct Found {
    let row: Row
    var lastID: Int64 { row[0] }
    var floor: Int64 { row[2] }
    var lastTime: Int64 { row[5] }
    var bytes: Int { row[10] }

    var block: LogBlock {
      LogBlock(
        source: row[3], firstID: row[1], lastID: row[0], floor: row[2], times: Self.range(row[4], row[5]),
        runs: Self.range(row[6], row[7]), severities: row[8], streams: row[9], lines: 0,
        data: Self.bytes(of: row))
    }

    private static func bytes(of row: Row) -> [UInt8] {
      (try? row.withUnsafeData(atIndex: 11) { data in data.map { [UInt8]($0) } ?? [] }) ?? []
    }

    private static func range(_ low: Int64, _ high: Int64) -> ClosedRange<Int64> {
      low <= high ? low...high : low...low
    }
  }

  private let cursor: RowCursor
  private let floorMax: Int64

  convenience init(
    _ database: Database, _ filter: LogFilter, _ condition: String,
    _ arguments: [any DatabaseValueConvertible],
    order: String
  ) throws {
    var conditions = [condition]
    var arguments = arguments
    func add(_ text: String, _ values: any DatabaseValueConvertible...) {
      conditions.append(text)
      arguments += values
    }
    if let sources = filter.sources {
      if sources.count == 1, let source = sources.first {
        add("source = ?", source)
      } else {
        // In the order of ids without sorting: the index of sources is of no use for several.
        conditions.append("+source IN (\(sources.map { _ in "?" }.joined(separator: ",")))")
        arguments += sources.sorted() as [any DatabaseValueConvertible]
      }
    }
    if filter.severity > .debug { add("severities >> ? > 0", filter.severity.rawValue) }
    if let streams = filter.streams { add("streams & ? != 0", LogFilter.mask(streams)) }
    if let since = filter.since { add("last_ns >= ?", since.nanoseconds) }
    if let until = filter.until { add("first_ns <= ?", until.nanoseconds) }
    if let run = filter.run { add("first_run <= ? AND last_run >= ?", run, run) }
    try self.init(database, conditions.joined(separator: " AND "), arguments, order: order, until: .max)
  }

  init(
    _ database: Database, _ condition: String, _ arguments: [any DatabaseValueConvertible], order: String,
    until floorMax: Int64
  ) throws {
    self.floorMax = floorMax
    cursor = try Row.fetchCursor(
      database,
      sql: """
        SELECT last_id, first_id, floor, source, first_ns, last_ns, first_run, last_run, severities, streams, bytes,
          data FROM log_blocks WHERE \(condition) ORDER BY \(order)
        """,
      arguments: StatementArguments(arguments))
  }

  /// Ends at the first row whose floor is at the bound or above.
  func next() throws -> Found? {
    guard let row = try cursor.next() else { return nil }
    let found = Found(row: row)
    return found.floor < floorMax ? found : nil
  }
}
