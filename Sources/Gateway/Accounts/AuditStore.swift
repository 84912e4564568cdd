import Foundation
import GRDB
import Model

/// What `rbotctl audit verify` found.
public enum AuditVerdict: Hashable, Sendable {
  /// Every row follows from the one before; so many there are, and the last one's hash in hex, to be noted elsewhere:
  /// who cuts rows off the end leaves a chain that is whole.
  case whole(rows: Int64, last: String)
  /// The first row that does not, and why.
  case broken(id: Int64, why: String)
}

/// The audit log's rows in the database.
struct AuditStore {
  /// Longer texts are cut: they come from outside.
  private static let textMax = 1_024

  /// Adds an entry within the caller's transaction.
  static func append(_ entry: AuditEntry, to database: Database) throws {
    var entry = entry
    for text in [\AuditEntry.actor, \.origin, \.action, \.subject, \.detail, \.outcome]
    where entry[keyPath: text].utf8.count > textMax {
      entry[keyPath: text] = String(entry[keyPath: text].prefix(textMax / 4)) + "…"
    }
    let last = try Row.fetchOne(database, sql: "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    let id = (last?["id"] as Int64? ?? 0) + 1
    let previous = (last?["hash"] as Data?).map(Array.init) ?? AuditChain.origin
    let hash = Data(AuditChain.hash(id, entry, after: previous))
    try database.execute(
      sql: "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        id, entry.time.nanoseconds, entry.actor, entry.origin, entry.action, entry.subject, entry.detail,
        entry.outcome, hash,
      ])
  }

  /// Newest first, at most `limit`, those before `before`.
  static func rows(_ database: Database, before: Int64?, limit: Int) throws -> [AuditRow] {
    try Row.fetchAll(
      database, sql: "SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
      arguments: [before ?? .max, limit]
    ).map(row)
  }

  /// Reads every row.
  static func verify(_ database: Database) throws -> AuditVerdict {
    var (previous, id) = (AuditChain.origin, Int64(0))
    let rows = try Row.fetchCursor(database, sql: "SELECT * FROM audit ORDER BY id")
    while let next = try rows.next() {
      let row = row(next)
      guard row.id == id + 1 else { return .broken(id: id + 1, why: "row \(id + 1) is missing") }
      id = row.id
      guard row.hash == AuditChain.hash(id, row.entry, after: previous) else {
        return .broken(id: id, why: "row \(id) is not what it was when it was written")
      }
      previous = row.hash
    }
    return .whole(rows: id, last: previous.map { String($0, radix: 16).leftPadded }.joined())
  }

  private static func row(_ row: Row) -> AuditRow {
    AuditRow(
      id: row["id"],
      entry: AuditEntry(
        time: Timestamp(nanoseconds: row["time_ns"]), actor: row["actor"], origin: row["origin"],
        action: row["action"], subject: row["subject"], detail: row["detail"], outcome: row["outcome"]),
      hash: Array(row["hash"] as Data))
  }
}

extension String {
  fileprivate var leftPadded: String { count == 1 ? "0" + self : self }
}
