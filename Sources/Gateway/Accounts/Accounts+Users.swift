import GRDB
public import Model

/// A person with a login.
public struct User: Hashable, Sendable {
  public let id: Int64
  public let email: String
  public let role: Role
  public let created: Timestamp
}

extension Accounts {
  /// All users, by address.
  public func users() throws(AccountRefusal) -> [User] {
    try read { try Row.fetchAll($0, sql: "SELECT * FROM users ORDER BY email").map(User.init) }
  }

  /// Makes a user.
  ///
  /// - Parameters:
  ///   - actor: who does it, as the audit log names him; nil for somebody without a login, who may make the first user
  ///     and no other.
  ///   - origin: the address that the request came from.
  public func addUser(
    email: String, password: String, role: Role, by actor: String?, from origin: String = ""
  ) throws(AccountRefusal) -> User {
    let email = try AccountRules.email(email)
    try AccountRules.password(password, lengthMin: settings.passwordLengthMin)
    if actor == nil { try refuseUnlessEmpty() }
    let hash = try PasswordHash(password, cost: cost).text
    let entry = entry(
      "user_added", by: actor ?? "anybody", from: origin, on: email,
      "role \(role.rawValue)" + (actor == nil ? ", the first user" : ""))
    let now = now
    let user = try write { database in
      let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM users") ?? 0
      // Asked again: another first user may have come while the password was hashed.
      if actor == nil, count > 0 { throw Self.registrationClosed }
      guard count < Self.usersMax else {
        throw AccountRefusal(.tooMany, "there are \(count) users, the most there can be: remove one first")
      }
      let known = try Int.fetchOne(database, sql: "SELECT 1 FROM users WHERE email = ?", arguments: [email])
      guard known == nil else { throw AccountRefusal(.emailTaken, "there is a user \(email) already") }
      try database.execute(
        sql: "INSERT INTO users (email, password, role, created_s, valid_from_s) VALUES (?, ?, ?, ?, 0)",
        arguments: [email, hash, role.rawValue, now])
      let id = database.lastInsertedRowID
      try AuditStore.append(entry, to: database)
      return User(id: id, email: email, role: role, created: Timestamp(seconds: now))
    }
    directory.set(.init(email: email, role: role, validFrom: 0), user.id)
    return user
  }

  private func refuseUnlessEmpty() throws(AccountRefusal) {
    guard try isEmpty() else { throw Self.registrationClosed }
  }

  private static let registrationClosed = AccountRefusal(
    .registrationClosed,
    "there are users already, so an admin has to make this one: POST /auth/register with an"
      + " admin's token, or rbotctl user add")

  /// Gives a user another password, and ends all that was begun with the old one.
  public func setPassword(
    of email: String, to password: String, by actor: String, from origin: String = ""
  ) throws(AccountRefusal) {
    try AccountRules.password(password, lengthMin: settings.passwordLengthMin)
    let hash = try PasswordHash(password, cost: cost).text
    let user = try user(email)
    let entry = entry("password_changed", by: actor, from: origin, on: user.email)
    let (now, validFrom) = (now, now + 1)
    let ended = try write { database in
      try database.execute(
        sql: "UPDATE users SET password = ?, valid_from_s = ? WHERE id = ?",
        arguments: [hash, validFrom, user.id])
      let ended = try Self.endLogins(of: user.id, why: "password changed", now: now, database)
      try AuditStore.append(entry, to: database)
      return ended
    }
    directory.set(.init(email: user.email, role: user.role, validFrom: validFrom), user.id)
    forget(ended)
  }

  /// Gives a user another role, at once: his next request has it.
  public func setRole(of email: String, to role: Role, by actor: String, from origin: String = "")
    throws(AccountRefusal)
  {
    let user = try user(email)
    let entry = entry(
      "role_changed", by: actor, from: origin, on: user.email, "\(user.role.rawValue) to \(role.rawValue)")
    let validFrom = try write { database in
      if role != .admin { try Self.keepAnAdmin(without: user.id, database) }
      try database.execute(
        sql: "UPDATE users SET role = ? WHERE id = ?", arguments: [role.rawValue, user.id])
      try AuditStore.append(entry, to: database)
      return try Int64.fetchOne(
        database, sql: "SELECT valid_from_s FROM users WHERE id = ?", arguments: [user.id]) ?? 0
    }
    directory.set(.init(email: user.email, role: role, validFrom: validFrom), user.id)
  }

  /// Removes a user; his tokens are void at once.
  public func removeUser(_ email: String, by actor: String, from origin: String = "") throws(AccountRefusal) {
    let user = try user(email)
    let entry = entry("user_removed", by: actor, from: origin, on: user.email)
    try write { database in
      try Self.keepAnAdmin(without: user.id, database)
      try database.execute(sql: "DELETE FROM users WHERE id = ?", arguments: [user.id])
      try AuditStore.append(entry, to: database)
    }
    directory.set(nil, user.id)
  }

  func user(_ email: String) throws(AccountRefusal) -> User {
    let found = try read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM users WHERE email = ?", arguments: [email.lowercased()])
        .map(User.init)
    }
    guard let found else {
      throw AccountRefusal(
        .unknownUser, "there is no user \(String(email.prefix(64))): rbotctl user list shows them")
    }
    return found
  }

  /// Where there was an admin, one stays: else nobody could manage users over HTTP any more.
  private static func keepAnAdmin(without id: Int64, _ database: Database) throws {
    let admins = try Int64.fetchAll(database, sql: "SELECT id FROM users WHERE role = 'admin'")
    guard admins == [id] else { return }
    throw AccountRefusal(.lastAdmin, "this is the last admin: make another one first")
  }
}

extension User {
  fileprivate init(_ row: Row) {
    self.init(
      id: row["id"], email: row["email"], role: Role(rawValue: row["role"]) ?? .viewer,
      created: Timestamp(seconds: row["created_s"]))
  }
}

extension Timestamp {
  /// So many seconds after 1970-01-01T00:00:00Z.
  init(seconds: Int64) { self = Timestamp(nanoseconds: 0).advanced(seconds: seconds) }
}
