import Foundation
import GRDB
public import Model

/// What a login is answered with.
public struct Session: Hashable, Sendable {
  public let user: User
  /// Shown with every request, as `Authorization: Bearer …` or as a cookie.
  public let accessToken: String
  /// Shown once, to get the next two.
  public let refreshToken: String
  public let accessExpires: Timestamp
  public let refreshExpires: Timestamp
}

extension Accounts {
  /// Lets somebody in who knows a user's password.
  ///
  /// Every try is in the audit log. More than a few a minute, for one user or from one address, are refused unseen.
  public func logIn(email: String, password: String, from origin: String) throws(AccountRefusal) -> Session {
    let email = String(email.prefix(254)).lowercased()
    try budget(email, origin)
    let found = try read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM users WHERE email = ?", arguments: [email])
    }
    let stored = found.flatMap { PasswordHash(text: $0["password"]) }
    let isRight = try (stored ?? decoy).matches(String(password.prefix(1_024)))
    guard isRight, stored != nil else {
      try record(entry("login", by: "anybody", from: origin, on: email, outcome: .invalidCredentials))
      throw AccountRefusal(.invalidCredentials, "the email address or the password is wrong")
    }
    let user = try user(email)
    let entry = entry("login", by: "user:\(email)", from: origin, on: email)
    let now = now
    let expires = now + settings.refreshSeconds
    let refresh = Secret.text()
    let (login, ended) = try write { database in
      try Self.prune(database, now: now)
      let ended = try Self.endLogins(
        of: user.id, keeping: Self.loginsMax - 1, why: "too many logins", now: now, database)
      try database.execute(
        sql: "INSERT INTO logins (user, created_s) VALUES (?, ?)", arguments: [user.id, now])
      let login = database.lastInsertedRowID
      try Self.insert(refresh, login: login, expires: expires, database)
      try AuditStore.append(entry, to: database)
      return (login, ended)
    }
    forget(ended)
    return try session(user, login: login, refresh: refresh, expires: expires)
  }

  /// Exchanges a refresh token for the next one, with a new access token.
  ///
  /// One that was exchanged before is in two hands: its whole login ends.
  public func refresh(_ token: String, from origin: String) throws(AccountRefusal) -> Session {
    let now = now
    let hash = Data(Secret.hash(token))
    let next = Secret.text()
    let expires = now + settings.refreshSeconds
    let outcome: Refreshed = try write { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT r.login, r.expires_s, r.used_s, l.user, l.ended_s FROM refresh_tokens r JOIN logins l ON l.id = r.login
          WHERE r.hash = ?
          """, arguments: [hash])
      guard let row, row["ended_s"] as Int64? == nil else { return .refused(Self.loginEnded) }
      let (login, user): (Int64, Int64) = (row["login"], row["user"])
      if row["used_s"] as Int64? != nil {
        let email = try String.fetchOne(
          database, sql: "SELECT email FROM users WHERE id = ?", arguments: [user])
        try Self.end(login, why: "refresh token used twice", now: now, database)
        try AuditStore.append(
          self.entry("refresh", by: "anybody", from: origin, on: email ?? "", outcome: .tokenReused),
          to: database)
        return .reused(login)
      }
      guard now < row["expires_s"] else {
        return .refused(AccountRefusal(.tokenExpired, "the refresh token has expired: log in again"))
      }
      try database.execute(
        sql: "UPDATE refresh_tokens SET used_s = ? WHERE hash = ?", arguments: [now, hash])
      try Self.insert(next, login: login, expires: expires, database)
      return .renewed(login, user: user)
    }
    switch outcome {
    case .refused(let refusal): throw refusal
    case .reused(let login):
      forget([login])
      throw AccountRefusal(
        .tokenReused,
        "this refresh token was used before, so its login has been ended for safety: log in again")
    case .renewed(let login, let id):
      let found = try users().first { $0.id == id }
      guard let found else { throw Self.loginEnded }
      return try session(found, login: login, refresh: next, expires: expires)
    }
  }

  private enum Refreshed {
    case refused(AccountRefusal)
    case reused(Int64)
    case renewed(Int64, user: Int64)
  }

  private static let loginEnded = AccountRefusal(
    .tokenInvalid, "this refresh token belongs to no login, or to one that has ended: log in again")

  /// Ends the login that a refresh token belongs to. One that is unknown is as good as ended.
  public func logOut(refreshToken token: String, from origin: String) throws(AccountRefusal) {
    let now = now
    let ended: Int64? = try write { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT l.id, u.email FROM refresh_tokens r JOIN logins l ON l.id = r.login JOIN users u ON u.id = l.user
          WHERE r.hash = ? AND l.ended_s IS NULL
          """, arguments: [Data(Secret.hash(token))])
      guard let row else { return nil }
      try Self.end(row[0], why: "logged out", now: now, database)
      let email: String = row[1]
      try AuditStore.append(self.entry("logout", by: "user:\(email)", from: origin, on: email), to: database)
      return row[0]
    }
    if let ended { forget([ended]) }
  }

  // MARK: -

  private func session(
    _ user: User, login: Int64, refresh: String, expires: Int64
  ) throws(AccountRefusal) -> Session {
    let now = now
    // Issued in the second in which the password was changed, it must count as after it.
    let issued = max(now, directory.validFrom(user.id))
    let token = AccessToken(
      userID: user.id, session: login, issued: issued, expires: now + settings.accessSeconds)
    return Session(
      user: user, accessToken: directory.sign(token, email: user.email, role: user.role),
      refreshToken: refresh,
      accessExpires: Timestamp(seconds: token.expires), refreshExpires: Timestamp(seconds: expires))
  }

  private func budget(_ email: String, _ origin: String) throws(AccountRefusal) {
    let milliseconds = clock().nanoseconds / 1_000_000
    let waits = ["user " + email, "from " + origin].compactMap { logins.take($0, now: milliseconds) }
    guard let wait = waits.max() else { return }
    throw AccountRefusal(
      .tooManyAttempts,
      "too many logins were tried for this user or from this address: try again in \(wait) s",
      retryAfterSeconds: wait)
  }

  /// Access tokens of these logins are void from now on.
  func forget(_ logins: [Int64]) {
    if !logins.isEmpty { directory.end(logins, until: now + settings.accessSeconds, now: now) }
  }

  private static func insert(_ token: String, login: Int64, expires: Int64, _ database: Database) throws {
    try database.execute(
      sql: "INSERT INTO refresh_tokens (hash, login, expires_s) VALUES (?, ?, ?)",
      arguments: [Data(Secret.hash(token)), login, expires])
  }

  private static func end(_ login: Int64, why: String, now: Int64, _ database: Database) throws {
    try database.execute(
      sql: "UPDATE logins SET ended_s = ?, why = ? WHERE id = ?", arguments: [now, why, login])
  }

  /// Ends a user's logins but for the newest ones.
  static func endLogins(
    of user: Int64, keeping newest: Int = 0, why: String, now: Int64, _ database: Database
  ) throws -> [Int64] {
    let open = try Int64.fetchAll(
      database, sql: "SELECT id FROM logins WHERE user = ? AND ended_s IS NULL ORDER BY id DESC",
      arguments: [user])
    let ended = Array(open.dropFirst(newest))
    for login in ended { try end(login, why: why, now: now, database) }
    return ended
  }

  /// Forgets what can mean nothing any more: expired tokens, and logins without any.
  private static func prune(_ database: Database, now: Int64) throws {
    try database.execute(sql: "DELETE FROM refresh_tokens WHERE expires_s <= ?", arguments: [now])
    try database.execute(
      sql: """
        DELETE FROM logins WHERE created_s < ? AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE login = logins.id)
        """, arguments: [now - 86_400])
  }
}
