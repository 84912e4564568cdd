import GRDB
import Model
import Synchronization

/// Whoever wants to open a slot: told from the writer's thread once the disk has it, and whether it is his.
final class SlotClaim: Sendable {
  private let taken = Atomic(false)
  private let answer: @Sendable (Bool) -> Void

  init(_ answer: @escaping @Sendable (Bool) -> Void) { self.answer = answer }

  /// Set while it is written; a batch may be written more than once before it is committed.
  var isTaken: Bool {
    get { taken.load(ordering: .acquiring) }
    set { taken.store(newValue, ordering: .releasing) }
  }

  func tell() { answer(isTaken) }
}

extension SlotRecord {
  static let columns = """
    id, name, slot_s, until_s, count, trigger, outcome, reason, due_ns, decided_ns, started_ns, ended_ns, run, exit,
    lateness_ms, owes_square_off
    """

  /// Writes the row, new or as it is now. A second row of the same slot is left out: the first decision holds.
  func write(to database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO slots (\(Self.columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
        ON CONFLICT (id) DO UPDATE SET until_s = excluded.until_s, count = excluded.count,
          outcome = excluded.outcome, reason = excluded.reason, started_ns = excluded.started_ns,
          ended_ns = excluded.ended_ns, run = excluded.run, exit = excluded.exit,
          lateness_ms = excluded.lateness_ms, owes_square_off = excluded.owes_square_off
        ON CONFLICT DO NOTHING
        """,
      arguments: [
        id, name, second, until, count, trigger.rawValue, outcome.rawValue, reason, due.nanoseconds,
        decided.nanoseconds, started?.nanoseconds, ended?.nanoseconds, run, exit, latenessMilliseconds,
        owesSquareOff,
      ])
  }

  /// Whether this row, and no other one of its slot, is in the table.
  func isThere(in database: Database) throws -> Bool {
    try Bool.fetchOne(
      database, sql: "SELECT EXISTS (SELECT 1 FROM slots WHERE id = ? AND name = ? AND slot_s = ?)",
      arguments: [id, name, second]) ?? false
  }

  /// Nil where a newer version has written words that this one does not know.
  init?(_ row: Row) {
    guard let trigger = SlotTrigger(rawValue: row["trigger"]),
      let outcome = SlotOutcome(rawValue: row["outcome"])
    else { return nil }
    self.init(
      id: row["id"], name: row["name"], second: row["slot_s"], until: row["until_s"], count: row["count"],
      trigger: trigger, outcome: outcome, reason: row["reason"], due: Timestamp(nanoseconds: row["due_ns"]),
      decided: Timestamp(nanoseconds: row["decided_ns"]))
    started = (row["started_ns"] as Int64?).map(Timestamp.init(nanoseconds:))
    ended = (row["ended_ns"] as Int64?).map(Timestamp.init(nanoseconds:))
    run = row["run"]
    exit = row["exit"]
    owesSquareOff = row["owes_square_off"]
  }
}

extension ScheduleRecord {
  func write(to database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO schedules (name, definition, decided_s, boot_id) VALUES (?,?,?,?)",
      arguments: [name, definition, decided, boot])
  }
}
