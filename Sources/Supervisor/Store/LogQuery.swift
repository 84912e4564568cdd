import GRDB
public import Model

/// Which stored lines to read.
public struct LogQuery: Sendable {
  /// Strategies, `rbotd` or `gateway`; nil for all.
  public var sources: [String]?
  public var severity = Severity.debug
  public var since: Timestamp?
  /// Only lines with a lower id: those that came later are in memory still.
  public var before: Int64?
  /// The last so many.
  public var limit = 100

  public init() {}

  func fetch(_ database: Database) throws -> [LogEntry] {
    var conditions: [String] = []
    var arguments: [any DatabaseValueConvertible] = []
    if let sources {
      conditions.append("source IN (\(sources.map { _ in "?" }.joined(separator: ",")))")
      arguments += sources as [any DatabaseValueConvertible]
    }
    if severity > .debug {
      conditions.append("level >= ?")
      arguments.append(severity.rawValue)
    }
    if let since {
      conditions.append("time_ns >= ?")
      arguments.append(since.nanoseconds)
    }
    if let before {
      conditions.append("id < ?")
      arguments.append(before)
    }
    let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    arguments.append(limit)
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT id, time_ns, source, run, stream, level, message, fields FROM logs \(filter)
        ORDER BY id DESC LIMIT ?
        """,
      arguments: StatementArguments(arguments))
    return rows.reversed().map { row in
      LogEntry(
        id: row[0], time: Timestamp(nanoseconds: row[1]), source: row[2], run: row[3],
        stream: LogStream(rawValue: row[4]) ?? .log, severity: Severity(rawValue: row[5]) ?? .info,
        message: row[6], fieldsJSON: row[7])
    }
  }
}
