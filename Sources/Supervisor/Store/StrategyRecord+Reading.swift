import GRDB
import Model

extension StrategyRecord {
  /// All that are remembered.
  ///
  /// - Parameter passedOver: generations that may have been given out and were not recorded.
  static func all(_ database: Database, passedOver: Generation) throws -> [StrategyRecord] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT name, wanted, paused, generation, enabled, over, over_reason, over_ns, frozen, folder
        FROM strategies
        """)
    return rows.map { row in
      StrategyRecord(
        name: row[0], isWanted: row[1], isPaused: row[2], generation: (row[3] as Generation) + passedOver,
        isEnabled: row[4], over: over(row), isFrozen: row[8], folder: row[9])
    }
  }

  private static func over(_ row: Row) -> Over? {
    guard let word = row[5] as String?, let state = WorkerState(rawValue: word), let since = row[7] as Int64?
    else { return nil }
    return Over(state: state, reason: row[6], since: Timestamp(nanoseconds: since))
  }
}
