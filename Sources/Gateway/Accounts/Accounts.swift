import Crypto
import Foundation
import GRDB
public import Model
public import NIOCore
public import Storage
import Synchronization

/// What a gateway's administrator may choose of logins.
public struct AccountSettings: Hashable, Sendable {
  /// How long an access token is good, in seconds.
  public var accessSeconds: Int64 = 15 * 60
  /// How long a refresh token is good, in seconds.
  public var refreshSeconds: Int64 = 30 * 86_400
  /// In characters. On a gateway that only its own machine reaches, less will do.
  public var passwordLengthMin = 10
  /// Logins that may be tried a minute, for one address and for one user each.
  public var loginsPerMinute = 5

  public init() {}
}

/// Users, their logins, service tokens and the PIN, kept in `accounts.sqlite` together with the audit log.
///
/// Everything that changes something is on the disk before it returns, with its row in the audit log in the same
/// transaction. It works on a loop that nobody else uses, for hashing a password takes long on purpose; who is behind a request
/// is answered from memory, on the caller's thread.
public actor Accounts {
  public static let usersMax = 1_000
  public static let serviceTokensMax = 1_000
  /// Of one user; the oldest login ends where another one begins.
  public static let loginsMax = 50

  let settings: AccountSettings
  let pool: DatabasePool
  let path: String
  let clock: @Sendable () -> Timestamp
  let directory: Directory
  nonisolated let pinCache = PINCache()
  var logins: RequestBudget
  /// Hashed for a user who does not exist, so that the time it takes tells nobody who does.
  let decoy: PasswordHash
  let cost: PasswordHash.Cost
  private nonisolated let loop: any EventLoop

  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  /// Opens the file, or makes it; blocks.
  ///
  /// - Parameters:
  ///   - loop: is blocked for as long as a question takes.
  ///   - clock: the wall clock.
  public init(
    path: String, settings: AccountSettings = AccountSettings(), on loop: any EventLoop,
    clock: @escaping @Sendable () -> Timestamp
  ) throws(StorageError) {
    try self.init(path: path, settings: settings, on: loop, cost: .standard, clock: clock)
  }

  /// - Parameter cost: of hashing; less than the standard is for tests.
  init(
    path: String, settings: AccountSettings, on loop: any EventLoop, cost: PasswordHash.Cost,
    clock: @escaping @Sendable () -> Timestamp
  ) throws(StorageError) {
    self.loop = loop
    self.settings = settings
    self.path = path
    self.clock = clock
    self.cost = cost
    logins = RequestBudget(
      capacity: settings.loginsPerMinute, perSecond: Double(settings.loginsPerMinute) / 60)
    pool = try DatabaseFile.open(
      at: path, durability: .full, readers: 2, migrator: AccountSchema.migrator)
    do {
      decoy = try PasswordHash(Secret.text(), cost: cost)
      let now = clock().nanoseconds / 1_000_000_000
      let accessSeconds = settings.accessSeconds
      directory = try pool.write { database in
        let directory = Directory(key: try Self.signingKey(database))
        try Self.fill(directory, database, now: now, accessSeconds: accessSeconds)
        return directory
      }
    } catch {
      throw StorageError(error, path: path)
    }
  }

  private static func signingKey(_ database: Database) throws -> SymmetricKey {
    if let stored = try Data.fetchOne(database, sql: "SELECT value FROM secrets WHERE name = 'signing key'") {
      return SymmetricKey(data: stored)
    }
    let made = Data(Secret.bytes(32))
    try database.execute(sql: "INSERT INTO secrets VALUES ('signing key', ?)", arguments: [made])
    return SymmetricKey(data: made)
  }

  private static func fill(
    _ directory: Directory, _ database: Database, now: Int64, accessSeconds: Int64
  ) throws {
    for row in try Row.fetchAll(database, sql: "SELECT id, email, role, valid_from_s FROM users") {
      // A role that this version does not know allows the least.
      directory.set(
        .init(email: row[1], role: Role(rawValue: row[2]) ?? .viewer, validFrom: row[3]), row[0])
    }
    for row in try Row.fetchAll(database, sql: "SELECT * FROM service_tokens") {
      directory.set(ServiceRow(row).service, row["id"])
    }
    let ended = try Int64.fetchAll(
      database, sql: "SELECT id FROM logins WHERE ended_s > ?", arguments: [now - accessSeconds])
    directory.end(ended, until: now + accessSeconds, now: now)
  }

  // MARK: - Asking

  /// Who shows this token: an access token, or a service token.
  public nonisolated func principal(bearer token: String) throws(AccountRefusal) -> Principal {
    try directory.principal(bearer: token, now: clock().nanoseconds / 1_000_000_000)
  }

  /// Whether anybody has an account yet, from memory.
  public nonisolated var hasUsers: Bool { directory.hasUsers }

  /// Whether nobody has an account yet: then whoever comes first may make one.
  public func isEmpty() throws(AccountRefusal) -> Bool {
    try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM users") } == 0
  }

  /// The audit log, newest first.
  ///
  /// - Parameter before: rows with a lower id only.
  public func audit(before: Int64?, limit: Int) throws(AccountRefusal) -> [AuditRow] {
    try read { try AuditStore.rows($0, before: before, limit: min(max(limit, 0), 1_000)) }
  }

  /// Whether every row of the audit log is as it was written.
  public func verifyAudit() throws(AccountRefusal) -> AuditVerdict { try read { try AuditStore.verify($0) } }

  /// Adds an entry; on the disk when this returns.
  public func record(_ entry: AuditEntry) throws(AccountRefusal) { try record([entry]) }

  /// Adds entries, all or none.
  public func record(_ entries: [AuditEntry]) throws(AccountRefusal) {
    guard !entries.isEmpty else { return }
    try write { database in
      for entry in entries { try AuditStore.append(entry, to: database) }
    }
  }

  /// Closes the file; nothing may be asked after that.
  public func close() {
    try? storeUses()
    // The last connection to go folds the log file into the database, which one that only reads cannot.
    pool.invalidateReadOnlyConnections()
    try? pool.close()
  }

  // MARK: - The database

  var now: Int64 { clock().nanoseconds / 1_000_000_000 }

  func entry(
    _ action: String, by actor: String, from origin: String, on subject: String = "", _ detail: String = "",
    outcome: AccountRefusal.Reason? = nil
  ) -> AuditEntry {
    AuditEntry(
      time: clock(), actor: actor, origin: origin, action: action, subject: subject, detail: detail,
      outcome: outcome?.rawValue ?? "ok")
  }

  func read<Value>(_ ask: (Database) throws -> Value) throws(AccountRefusal) -> Value {
    do { return try pool.read(ask) } catch { throw translated(error) }
  }

  /// One transaction; whatever is thrown undoes all of it.
  func write<Value>(_ change: (Database) throws -> Value) throws(AccountRefusal) -> Value {
    do { return try pool.write(change) } catch { throw translated(error) }
  }

  private func translated(_ error: any Error) -> AccountRefusal {
    if let refusal = error as? AccountRefusal { return refusal }
    return AccountRefusal(.storage, StorageError(error, path: path).message)
  }
}
