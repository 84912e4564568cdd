import Foundation
import GRDB
public import Model

/// A program's token: what it may do, until when. Its secret is shown once, when it is made.
public struct ServiceToken: Hashable, Sendable {
  public let id: String
  public let name: String
  public let scopes: Set<Permission>
  public let created: Timestamp
  /// Nil: until it is revoked.
  public let expires: Timestamp?
  /// To the minute; nil: never.
  public let lastUsed: Timestamp?
}

extension Accounts {
  /// All of them, by name.
  public func serviceTokens() throws(AccountRefusal) -> [ServiceToken] {
    try storeUses()
    return try read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM service_tokens ORDER BY name").map {
        ServiceRow($0).token
      }
    }
  }

  /// Makes one.
  ///
  /// - Returns: the token, and the text that its owner shows; the text is nowhere else.
  public func addServiceToken(
    name: String, scopes: Set<Permission>, expires: Timestamp?, by actor: String, from origin: String = ""
  ) throws(AccountRefusal) -> (token: ServiceToken, text: String) {
    try AccountRules.tokenName(name)
    try check(scopes, expires)
    let id = Secret.bytes(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    let text = ServiceTokenText(id: id, secret: Secret.text())
    let row = ServiceRow(
      id: id, name: name, hash: Secret.hash(text.secret), scopes: scopes, created: now,
      expires: expires.map { $0.nanoseconds / 1_000_000_000 }, used: nil)
    let entry = entry("token_created", by: actor, from: origin, on: name, row.scopesText)
    try write { database in
      let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM service_tokens") ?? 0
      guard count < Self.serviceTokensMax else {
        throw AccountRefusal(
          .tooMany, "there are \(count) service tokens, the most there can be: revoke one first")
      }
      let known = try Int.fetchOne(
        database, sql: "SELECT 1 FROM service_tokens WHERE name = ?", arguments: [name])
      guard known == nil else {
        throw AccountRefusal(
          .nameTaken, "there is a token \(name) already: rbotctl token rotate \(name) renews it")
      }
      try row.insert(database)
      try AuditStore.append(entry, to: database)
    }
    directory.set(row.service, id)
    return (row.token, text.text)
  }

  /// Gives a token another secret; the old one is void at once.
  public func rotateServiceToken(
    _ name: String, expires: Timestamp?, by actor: String, from origin: String = ""
  ) throws(AccountRefusal) -> (token: ServiceToken, text: String) {
    var row = try service(name)
    try check(row.scopes, expires)
    let text = ServiceTokenText(id: row.id, secret: Secret.text())
    row.hash = Secret.hash(text.secret)
    row.expires = expires.map { $0.nanoseconds / 1_000_000_000 }
    let (changed, entry) = (row, entry("token_rotated", by: actor, from: origin, on: name))
    try write { database in
      try database.execute(
        sql: "UPDATE service_tokens SET hash = ?, expires_s = ? WHERE id = ?",
        arguments: [Data(changed.hash), changed.expires, changed.id])
      try AuditStore.append(entry, to: database)
    }
    directory.set(row.service, row.id)
    return (row.token, text.text)
  }

  /// Takes a token away.
  public func revokeServiceToken(_ name: String, by actor: String, from origin: String = "")
    throws(AccountRefusal)
  {
    let row = try service(name)
    let entry = entry("token_revoked", by: actor, from: origin, on: name)
    try write { database in
      try database.execute(sql: "DELETE FROM service_tokens WHERE id = ?", arguments: [row.id])
      try AuditStore.append(entry, to: database)
    }
    directory.set(nil as Directory.Service?, row.id)
  }

  private func check(_ scopes: Set<Permission>, _ expires: Timestamp?) throws(AccountRefusal) {
    guard !scopes.isEmpty, !scopes.contains(.administer) else {
      let all = Permission.allCases.filter { $0 != .administer }.map(\.rawValue).joined(separator: ", ")
      throw AccountRefusal(.badScope, "a service token needs at least one scope of: \(all)")
    }
    if let expires, expires <= clock() {
      throw AccountRefusal(.badExpiry, "expires lies in the past (\(expires)): give a later time, or none")
    }
  }

  private func service(_ name: String) throws(AccountRefusal) -> ServiceRow {
    let found = try read { database in
      try Row.fetchOne(database, sql: "SELECT * FROM service_tokens WHERE name = ?", arguments: [name])
        .map(ServiceRow.init)
    }
    guard let found else {
      throw AccountRefusal(
        .unknownToken, "there is no service token \(String(name.prefix(64))): rbotctl token list shows them")
    }
    return found
  }

  /// Writes down when tokens were used; called now and then.
  public func storeUses() throws(AccountRefusal) {
    let uses = directory.takeUses()
    guard !uses.isEmpty else { return }
    try write { database in
      for use in uses {
        try database.execute(
          sql: "UPDATE service_tokens SET used_s = ? WHERE id = ?", arguments: [use.used, use.id])
      }
    }
  }
}

/// A service token as it is stored.
struct ServiceRow: Sendable {
  var id: String
  var name: String
  var hash: [UInt8]
  var scopes: Set<Permission>
  var created: Int64
  var expires: Int64?
  var used: Int64?

  var scopesText: String { scopes.map(\.rawValue).sorted().joined(separator: " ") }

  var service: Directory.Service {
    Directory.Service(name: name, hash: hash, scopes: scopes, expires: expires, used: used)
  }

  var token: ServiceToken {
    ServiceToken(
      id: id, name: name, scopes: scopes, created: Timestamp(seconds: created),
      expires: expires.map(Timestamp.init(seconds:)), lastUsed: used.map(Timestamp.init(seconds:)))
  }

  func insert(_ database: Database) throws {
    try database.execute(
      sql: "INSERT INTO service_tokens VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [id, name, Data(hash), scopesText, created, expires, used])
  }
}

extension ServiceRow {
  init(_ row: Row) {
    self.init(
      id: row["id"], name: row["name"], hash: Array(row["hash"] as Data),
      scopes: Set(
        (row["scopes"] as String).split(separator: " ").compactMap { Permission(rawValue: String($0)) }),
      created: row["created_s"], expires: row["expires_s"], used: row["used_s"])
  }
}
