import Crypto
public import Model

/// One thing that somebody did, or tried to do, and that matters afterwards.
public struct AuditEntry: Hashable, Sendable {
  public var time: Timestamp
  /// Who: `user:trader@local`, `token:grafana`, `local:0` (a user id over the control socket), `gateway`.
  public var actor: String
  /// From where: an address, or empty for this machine.
  public var origin: String
  /// What: `login`, `mode_switched`, `pin_set`.
  public var action: String
  /// On what or whom.
  public var subject: String
  /// Whatever else a person needs to understand it; never a secret.
  public var detail: String
  /// `ok`, or the reason word of the refusal.
  public var outcome: String

  public init(
    time: Timestamp, actor: String, origin: String = "", action: String, subject: String = "",
    detail: String = "",
    outcome: String = "ok"
  ) {
    self.time = time
    self.actor = actor
    self.origin = origin
    self.action = action
    self.subject = subject
    self.detail = detail
    self.outcome = outcome
  }
}

/// An entry in its place.
public struct AuditRow: Hashable, Sendable {
  /// Rises by one from 1, without a gap.
  public let id: Int64
  public let entry: AuditEntry
  /// The link: SHA-256 over the row before's and this entry.
  public let hash: [UInt8]
}

/// How the audit log's rows hang together.
enum AuditChain {
  /// What the first row follows.
  static let origin = [UInt8](repeating: 0, count: 32)

  /// Each text with its length before it, so that no two entries have the same bytes.
  static func hash(_ id: Int64, _ entry: AuditEntry, after previous: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: previous)
    func add(_ number: Int64) { withUnsafeBytes(of: number.bigEndian) { hash.update(bufferPointer: $0) } }
    add(id)
    add(entry.time.nanoseconds)
    for text in [entry.actor, entry.origin, entry.action, entry.subject, entry.detail, entry.outcome] {
      let bytes = Array(text.utf8)
      add(Int64(bytes.count))
      hash.update(data: bytes)
    }
    return Array(hash.finalize())
  }
}
