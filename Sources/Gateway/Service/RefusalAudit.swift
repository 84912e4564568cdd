import Accounts
import Model

/// What the audit log is told of guardrails that kept orders from the market. A value; its time is the caller's.
///
/// The first refusal of an account for a reason is a row at once; those that follow are counted, and are one row when
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
    /// When those that were counted become a row, or the reason is forgotten; seconds since 1970.
    var due: Int64
    var pause: Int
    var count = 0
    var message = ""
  }

  private var tallies: [Key: Tally] = [:]

  /// Whether ``takeDue(at:all:)`` has something to do later.
  var isEmpty: Bool { tallies.isEmpty }

  /// Counts a refusal.
  ///
  /// - Parameters:
  ///   - count: how many it stands for.
  ///   - now: the wall clock.
  /// - Returns: The row to write at once, if any.
  mutating func take(account: String, reason: String, message: String, count: Int, now: Timestamp)
    -> AuditEntry?
  {
    var key = Key(account: account, reason: reason)
    // Names of accounts come from outside; beyond so many they share a row.
    if tallies[key] == nil, tallies.count >= Self.keysMax { key = Key(account: "…", reason: reason) }
    guard var tally = tallies[key] else {
      tallies[key] = Tally(due: Self.second(now) + 1, pause: 1)
      return Self.entry(key, message, count, now)
    }
    tally.count += count
    tally.message = message
    tallies[key] = tally
    return nil
  }

  /// The rows of those whose time is over; with `all` of every one that has counted something.
  mutating func takeDue(at now: Timestamp, all: Bool = false) -> [AuditEntry] {
    let second = Self.second(now)
    var entries: [AuditEntry] = []
    let due = tallies.filter { all || $0.value.due <= second }
    for (key, tally) in due.sorted(by: { ($0.key.account, $0.key.reason) < ($1.key.account, $1.key.reason) })
    {
      guard tally.count > 0 else {
        tallies[key] = nil
        continue
      }
      entries.append(Self.entry(key, tally.message, tally.count, now))
      let pause = min(tally.pause * 2, Self.pauseMax)
      tallies[key] = Tally(due: second + Int64(pause), pause: pause)
    }
    return entries
  }

  private static func second(_ time: Timestamp) -> Int64 { time.nanoseconds / 1_000_000_000 }

  private static func entry(_ key: Key, _ message: String, _ count: Int, _ now: Timestamp) -> AuditEntry {
    AuditEntry(
      time: now, actor: "account:\(key.account)", action: "order_refused", subject: key.account,
      detail: count == 1 ? message : "\(count) orders; the last: \(message)", outcome: key.reason)
  }
}
