import Accounts
import Model

/// What the audit log is told of guardrails that kept orders from the market. A value; its time is the caller's.
///
/// The first refusal of an account for a reason is a row at once; those that follow are one row with their number when
/// a second is over. While they do not end the row comes after two seconds, four, and so on to a minute, because the
/// audit log is for ever and a program that tries again without end must not fill the disk.
struct RefusalAudit: Sendable {
  private static let keysMax = 256
  private static let pauseMax = 60

  private struct Key: Hashable {
    let account: String
    let reason: String
  }

  private struct Tally {
    /// How many refusals the rows so far stand for, of all that the desk has counted.
    var told: Int64 = 0
    /// Of what the desk does not count: entries that were cancelled when they were reached.
    var others: Int64 = 0
    /// When there may be another row, in seconds since 1970; nil while there is nothing to wait for.
    var due: Int64?
    var pause = 1
    var message = ""
  }

  private var tallies: [Key: Tally] = [:]

  /// Whether ``takeDue(at:all:refused:)`` has something to do later.
  var isActive: Bool { tallies.contains { $0.value.due != nil } }

  /// Takes note of a refusal.
  ///
  /// - Parameters:
  ///   - refused: how many refusals of the account for the reason the desk has counted; nil: it does not count this one.
  ///   - now: the wall clock.
  /// - Returns: The row to write at once, if any.
  mutating func take(
    account: String, reason: String, message: String, refused: Int64?, now: Timestamp
  ) -> AuditEntry? {
    var key = Key(account: account, reason: reason)
    var refused = refused
    // Accounts come and go; beyond so many they share a row.
    if tallies[key] == nil, tallies.count >= Self.keysMax {
      key = Key(account: "…", reason: reason)
      refused = nil
    }
    var tally = tallies[key] ?? Tally()
    defer { tallies[key] = tally }
    if refused == nil { tally.others += 1 }
    tally.message = message
    guard tally.due == nil else { return nil }
    tally.pause = 1
    tally.due = Self.second(now) + 1
    return Self.entry(key, &tally, refused, now)
  }

  /// The rows of those whose time is over; with `all` of every one that has counted something.
  ///
  /// - Parameter refused: how many refusals the desk has counted of an account for a reason.
  mutating func takeDue(
    at now: Timestamp, all: Bool = false, refused: (_ account: String, _ reason: String) -> Int64
  ) -> [AuditEntry] {
    let second = Self.second(now)
    let due = tallies.filter { $0.value.due.map { all || $0 <= second } ?? false }
    var entries: [AuditEntry] = []
    for (key, before) in due.sorted(by: { ($0.key.account, $0.key.reason) < ($1.key.account, $1.key.reason) })
    {
      var tally = before
      if let entry = Self.entry(key, &tally, refused(key.account, key.reason), now) {
        entries.append(entry)
        tally.pause = min(before.pause * 2, Self.pauseMax)
        tally.due = second + Int64(tally.pause)
      } else {
        tally.due = nil
      }
      tallies[key] = tally
    }
    return entries
  }

  private static func second(_ time: Timestamp) -> Int64 { time.nanoseconds / 1_000_000_000 }

  private static func entry(
    _ key: Key, _ tally: inout Tally, _ refused: Int64?, _ now: Timestamp
  ) -> AuditEntry? {
    let refused = max(tally.told, refused ?? tally.told)
    let count = refused - tally.told + tally.others
    tally.told = refused
    tally.others = 0
    guard count > 0 else { return nil }
    return AuditEntry(
      time: now, actor: "account:\(key.account)", action: "order_refused", subject: key.account,
      detail: count == 1 ? tally.message : "\(count) orders; the last: \(tally.message)", outcome: key.reason)
  }
}
