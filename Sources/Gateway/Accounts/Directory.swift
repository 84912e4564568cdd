import Crypto
import Synchronization

/// Who there is, in memory: what every request asks, so that none waits for the database.
///
/// The database is written first, then this; both by ``Accounts`` alone.
final class Directory: Sendable {
  struct User: Sendable {
    var email: String
    var role: Role
    /// Access tokens from before are void: the password was changed since. Seconds since 1970.
    var validFrom: Int64
  }

  struct Service: Sendable {
    var name: String
    var hash: [UInt8]
    var scopes: Set<Permission>
    var expires: Int64?
    /// When it was used last, and whether the database knows.
    var used: Int64?
    var isUseStored = true
  }

  private struct State {
    var users: [Int64: User] = [:]
    var services: [String: Service] = [:]
    /// Logins that ended, until the last access token of theirs has expired.
    var ended: [Int64: Int64] = [:]
  }

  private let key: SymmetricKey
  private let state = Mutex(State())

  init(key: SymmetricKey) { self.key = key }

  /// Who shows this token.
  ///
  /// - Parameter now: seconds since 1970.
  func principal(bearer text: String, now: Int64) throws(AccountRefusal) -> Principal {
    if text.hasPrefix(ServiceTokenText.prefix) { return try service(text, now) }
    guard let token = AccessToken(text, key: key) else {
      throw AccountRefusal(.tokenInvalid, "this is no token of this gateway: log in with POST /auth/login")
    }
    guard now < token.expires else {
      throw AccountRefusal(
        .tokenExpired, "the access token has expired: get another one with POST /auth/refresh")
    }
    let user = state.withLock { state in state.ended[token.session] == nil ? state.users[token.userID] : nil }
    guard let user, token.issued >= user.validFrom else {
      throw AccountRefusal(.tokenInvalid, "the login that this token belongs to has ended: log in again")
    }
    return Principal(
      kind: .user(id: token.userID, role: user.role), name: user.email, permissions: user.role.permissions)
  }

  private func service(_ text: String, _ now: Int64) throws(AccountRefusal) -> Principal {
    guard let token = ServiceTokenText(text) else {
      throw AccountRefusal(.tokenInvalid, "this is no service token: one is made with rbotctl token create")
    }
    let hash = Secret.hash(token.secret)
    let found: Service? = state.withLock { state in
      guard let service = state.services[token.id], Secret.equal(service.hash, hash) else { return nil }
      // To the minute is enough, and spares the database.
      if now - (service.used ?? 0) >= 60 {
        state.services[token.id]?.used = now
        state.services[token.id]?.isUseStored = false
      }
      return service
    }
    guard let found else {
      throw AccountRefusal(.tokenInvalid, "this service token does not exist (any more): rbotctl token list")
    }
    if let expires = found.expires, now >= expires {
      throw AccountRefusal(
        .tokenExpired, "the service token \(found.name) has expired: rbotctl token rotate \(found.name)")
    }
    return Principal(kind: .service(id: token.id), name: found.name, permissions: found.scopes)
  }

  func sign(_ token: AccessToken, email: String, role: Role) -> String {
    token.signed(with: key, email: email, role: role)
  }

  /// From when on access tokens of a user count; seconds since 1970.
  func validFrom(_ user: Int64) -> Int64 { state.withLock { $0.users[user]?.validFrom ?? 0 } }

  /// Whether anybody has an account yet.
  var hasUsers: Bool { state.withLock { !$0.users.isEmpty } }

  // MARK: - What Accounts tells it

  func set(_ user: User?, _ id: Int64) { state.withLock { $0.users[id] = user } }
  func set(_ service: Service?, _ id: String) { state.withLock { $0.services[id] = service } }

  /// - Parameter until: when its last access token has expired; seconds since 1970.
  func end(_ logins: [Int64], until: Int64, now: Int64) {
    state.withLock { state in
      state.ended = state.ended.filter { $0.value > now }
      for login in logins { state.ended[login] = until }
    }
  }

  /// The uses that the database does not know yet; it does from now on.
  func takeUses() -> [(id: String, used: Int64)] {
    state.withLock { state in
      var uses: [(String, Int64)] = []
      for (id, service) in state.services where !service.isUseStored {
        state.services[id]?.isUseStored = true
        if let used = service.used { uses.append((id, used)) }
      }
      return uses
    }
  }
}

/// A service token as its owner holds it: `rbot_<id>_<secret>`.
struct ServiceTokenText {
  static let prefix = "rbot_"
  let id: String
  let secret: String

  init(id: String, secret: String) {
    self.id = id
    self.secret = secret
  }

  init?(_ text: String) {
    let parts = text.dropFirst(Self.prefix.count).split(separator: "_", maxSplits: 1)
    guard text.hasPrefix(Self.prefix), text.utf8.count <= 128, parts.count == 2 else { return nil }
    self.init(id: String(parts[0]), secret: String(parts[1]))
  }

  var text: String { "\(Self.prefix)\(id)_\(secret)" }
}
