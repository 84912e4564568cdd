import GRDB
import Model
public import Storage

extension SupervisorStore {
  /// So many runs of each strategy are kept.
  public static let runsKept = 1_000

  /// The runs of one strategy, newest first.
  public func runs(of source: String, limit: Int) throws(StorageError) -> [RunRecord] {
    do {
      return try pool.read { database in
        try Row.fetchAll(
          database,
          sql: """
            SELECT id, source, generation, started_ns, pid, ready_ns, ended_ns, exit_code, signal, reason, expected
            FROM runs WHERE source = ? ORDER BY id DESC LIMIT ?
            """, arguments: [source, limit]
        ).map { row in
          var run = RunRecord(
            id: row[0], source: row[1], generation: row[2], started: Timestamp(nanoseconds: row[3]))
          run.pid = row[4]
          run.ready = (row[5] as Int64?).map(Timestamp.init(nanoseconds:))
          run.ended = (row[6] as Int64?).map(Timestamp.init(nanoseconds:))
          run.exitCode = row[7]
          run.signal = row[8]
          run.reason = row[9]
          run.isExpected = row[10]
          return run
        }
      }
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }

  /// Deletes the oldest runs of strategies that have too many, a strategy at a time.
  func pruneRuns() {
    let crowded = try? pool.read { database in
      try String.fetchAll(
        database, sql: "SELECT source FROM runs GROUP BY source HAVING count(*) > ?",
        arguments: [Self.runsKept])
    }
    for source in crowded ?? [] {
      _ = try? pool.write { database in
        try database.execute(
          sql: """
            DELETE FROM runs WHERE source = ?1 AND id <=
              (SELECT id FROM runs WHERE source = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
            """, arguments: [source, Self.runsKept])
      }
    }
  }
}
