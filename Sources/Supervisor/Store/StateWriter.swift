import GRDB
import Model
import Storage

/// A change of what must not be lost.
enum StateChange: Sendable {
  case strategy(StrategyRecord)
  case removed(String)
  case user(String, UInt32)
  case run(RunRecord)
  case audit(AuditRecord)
  /// Runs that an earlier daemon could not end in the records.
  case closeOpenRuns(before: Int64, reason: String)
  /// A decision about a slot, and how far its schedule has come with it.
  case slot(SlotRecord, ScheduleRecord)
  /// The same; whoever claims it is told whether the slot is his.
  case claim(SlotRecord, ScheduleRecord, SlotClaim)
  case schedules([ScheduleRecord])
  case scheduleRemoved(String)
  /// No change: somebody wants to know when all that came before is on the disk.
  case mark(@Sendable () -> Void)
}

/// Writes state in the order in which it changed; the queue is apart from the logs', so no flood of lines delays
/// or displaces it, and each commit is on the disk before the next.
final class StateWriter: Sendable {
  private let writer: BatchWriter<StateChange>

  init(pool: DatabasePool, onTrouble: @escaping @Sendable (StorageError?) -> Void) {
    writer = BatchWriter(
      name: "state", pool: pool, capacity: 16_384, batch: 256, lingerMilliseconds: 0, onTrouble: onTrouble,
      onWritten: { changes in
        for change in changes {
          switch change {
          case .mark(let tell): tell()
          case .claim(_, _, let claim): claim.tell()
          default: break
          }
        }
      },
      write: { database, changes in
        for change in changes { try Self.write(change, to: database) }
      })
  }

  func append(_ change: StateChange) { writer.append(change) }
  var lost: Int { writer.counters.dropped }
  func close() async { await writer.close() }

  private static func write(_ change: StateChange, to database: Database) throws {
    switch change {
    case .strategy(let record):
      try database.execute(
        sql: """
          INSERT INTO strategies
            (name, wanted, paused, generation, enabled, over, over_reason, over_ns, frozen, folder)
          VALUES (?,?,?,?,?,?,?,?,?,?)
          ON CONFLICT (name) DO UPDATE SET wanted = excluded.wanted, paused = excluded.paused,
            generation = max(generation, excluded.generation), enabled = excluded.enabled,
            over = excluded.over, over_reason = excluded.over_reason, over_ns = excluded.over_ns,
            frozen = excluded.frozen, folder = excluded.folder
          """,
        arguments: [
          record.name, record.isWanted, record.isPaused, record.generation, record.isEnabled,
          record.over?.state.rawValue, record.over?.reason, record.over?.since.nanoseconds, record.isFrozen,
          record.folder,
        ])
    case .removed(let name):
      // The row stays: a strategy that comes back goes on counting, because its order ids hold the number. As one
      // that was not enabled: it runs if it comes back enabled.
      try database.execute(
        sql: """
          UPDATE strategies SET wanted = 0, enabled = 0, over = NULL, over_reason = NULL, over_ns = NULL,
            frozen = 0, folder = NULL
          WHERE name = ?
          """, arguments: [name])
    case .user(let name, let user):
      try database.execute(
        sql: "INSERT OR REPLACE INTO worker_users (name, uid) VALUES (?,?)", arguments: [name, Int64(user)])
    case .run(let run):
      try database.execute(
        sql: """
          INSERT OR REPLACE INTO runs
            (id, source, generation, pid, started_ns, ready_ns, ended_ns, exit_code, signal, reason, expected)
          VALUES (?,?,?,?,?,?,?,?,?,?,?)
          """,
        arguments: [
          run.id, run.source, run.generation, run.pid, run.started.nanoseconds, run.ready?.nanoseconds,
          run.ended?.nanoseconds, run.exitCode, run.signal, run.reason, run.isExpected,
        ])
    case .audit(let record):
      try database.execute(
        sql: "INSERT INTO audit (time_ns, uid, pid, command, subject, result) VALUES (?,?,?,?,?,?)",
        arguments: [
          record.time.nanoseconds, record.uid, record.pid, record.command, record.subject, record.result,
        ])
    case .closeOpenRuns(let before, let reason):
      try database.execute(
        sql: "UPDATE runs SET reason = ? WHERE ended_ns IS NULL AND reason IS NULL AND id < ?",
        arguments: [reason, before])
    case .slot(let slot, let schedule):
      try slot.write(to: database)
      try schedule.write(to: database)
    case .claim(let slot, let schedule, let claim):
      try slot.write(to: database)
      try schedule.write(to: database)
      claim.isTaken = try slot.isThere(in: database)
    case .schedules(let schedules):
      for schedule in schedules { try schedule.write(to: database) }
    case .scheduleRemoved(let name):
      try database.execute(sql: "DELETE FROM schedules WHERE name = ?", arguments: [name])
    case .mark: break
    }
  }
}
