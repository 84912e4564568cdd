import Crypto
import Foundation
import GRDB
import Synchronization

/// The PIN, which has no default, and without which no real order passes.
extension Accounts {
  /// Whether somebody has set one.
  public func hasPIN() throws(AccountRefusal) -> Bool { try pinHash() != nil }

  /// Sets it, or another one; a lock ends with that, for who may set it need not guess it.
  public func setPIN(_ pin: String, by actor: String, from origin: String = "") throws(AccountRefusal) {
    try AccountRules.pin(pin)
    let hash = try PasswordHash(pin, cost: cost).text
    let entry = entry("pin_set", by: actor, from: origin)
    try write { database in
      try database.execute(
        sql: "INSERT INTO secrets VALUES ('pin', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        arguments: [Data(hash.utf8)])
      try Self.store(AttemptGuard(), database)
      try AuditStore.append(entry, to: database)
    }
    pinCache.clear()
  }

  /// Passes where the PIN is right.
  ///
  /// A right one is remembered as a keyed hash in memory, so that an order does not wait for scrypt; a wrong one always
  /// does, counts, and is in the audit log. After five in a row none is looked at for 15 minutes, the right one
  /// neither.
  public nonisolated func checkPIN(
    _ pin: String?, by actor: String, from origin: String
  ) async throws(AccountRefusal) {
    guard let pin, !pin.isEmpty else {
      throw AccountRefusal(.pinRequired, "this needs the PIN: send it as pin, or in the header X-PIN")
    }
    if pinCache.knows(pin) { return }
    try await checkSlowly(pin, actor, origin)
  }

  /// The same for what stops everything, which nobody may be kept from: it passes, and the audit log says so, while no
  /// PIN is set, and while it is locked. A wrong one is refused as everywhere.
  public nonisolated func checkPINToStop(
    _ pin: String?, by actor: String, from origin: String
  ) async throws(AccountRefusal) {
    if let pin, pinCache.knows(pin) { return }
    if try await stopsWithoutPIN(actor, origin) { return }
    try await checkPIN(pin, by: actor, from: origin)
  }

  private func stopsWithoutPIN(_ actor: String, _ origin: String) throws(AccountRefusal) -> Bool {
    let why: String
    if try pinHash() == nil {
      why = "no PIN has been set yet"
    } else if try storedAttempts().remaining(now: now) != nil {
      why = "the PIN is locked after too many wrong tries"
    } else {
      return false
    }
    // A disk that is full does not keep anybody from stopping either.
    try? record(entry("stopped_without_pin", by: actor, from: origin, why))
    return true
  }

  private func checkSlowly(_ pin: String, _ actor: String, _ origin: String) throws(AccountRefusal) {
    guard let hash = try pinHash() else {
      throw AccountRefusal(.pinNotSet, "no PIN has been set yet: set one with rbotctl pin set")
    }
    let now = now
    var attempts = try storedAttempts()
    if let wait = attempts.remaining(now: now) { throw Self.locked(wait) }
    if try hash.matches(String(pin.prefix(64))) {
      if attempts != AttemptGuard() {
        attempts.succeeded()
        try store(attempts, nil)
      }
      return pinCache.remember(pin)
    }
    attempts.failed(now: now)
    pinCache.clear()
    try store(attempts, entry("pin_tried", by: actor, from: origin, outcome: .pinWrong))
    if let wait = attempts.remaining(now: now) { throw Self.locked(wait) }
    throw AccountRefusal(
      .pinWrong, "the PIN is wrong; \(attempts.triesLeft) more wrong tries lock it for 15 minutes")
  }

  private static func locked(_ seconds: Int64) -> AccountRefusal {
    AccountRefusal(
      .pinLocked,
      "the PIN is locked for another \(seconds) s after too many wrong tries; rbotctl pin set sets a new one",
      retryAfterSeconds: seconds)
  }

  private func pinHash() throws(AccountRefusal) -> PasswordHash? {
    try read { try Data.fetchOne($0, sql: "SELECT value FROM secrets WHERE name = 'pin'") }
      .flatMap { PasswordHash(text: String(decoding: $0, as: UTF8.self)) }
  }

  private func storedAttempts() throws(AccountRefusal) -> AttemptGuard {
    try read { database in
      let row = try Row.fetchOne(database, sql: "SELECT wrong, locked_until_s FROM guards WHERE name = 'pin'")
      return row.map { AttemptGuard(wrong: $0[0], lockedUntil: $0[1]) } ?? AttemptGuard()
    }
  }

  private func store(_ attempts: AttemptGuard, _ entry: AuditEntry?) throws(AccountRefusal) {
    try write { database in
      try Self.store(attempts, database)
      if let entry { try AuditStore.append(entry, to: database) }
    }
  }

  private static func store(_ attempts: AttemptGuard, _ database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO guards VALUES ('pin', ?, ?)",
      arguments: [attempts.wrong, attempts.lockedUntil])
  }
}

/// The PIN that was right last, as a hash under a key that this process alone has.
final class PINCache: Sendable {
  private let key = SymmetricKey(size: .bits256)
  private let code = Mutex<[UInt8]?>(nil)

  func knows(_ pin: String) -> Bool {
    let held = code.withLock { $0 }
    return held.map { Secret.equal($0, hash(pin)) } ?? false
  }

  func remember(_ pin: String) { code.withLock { $0 = hash(pin) } }

  /// The next one is checked in full.
  func clear() { code.withLock { $0 = nil } }

  private func hash(_ pin: String) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: Array(pin.utf8), using: key))
  }
}
