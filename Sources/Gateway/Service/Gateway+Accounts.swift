public import Accounts
import Model
import NIOCore
public import Wire

/// What a person at this machine may do to accounts, over the control socket: who may use that socket owns the daemon,
/// and needs no login.
extension Gateway {
  /// Whether anybody can log in; nil where that cannot be read.
  public nonisolated func hasUsers() async -> Bool? {
    try? await !accounts.isEmpty()
  }

  static let accountMethods: Set<String> = [
    "user.list", "user.add", "user.passwd", "user.role", "user.remove", "token.list", "token.create",
    "token.rotate", "token.revoke", "pin.set", "audit.list", "audit.verify",
  ]

  /// Answers once it is on the disk; the desk goes on meanwhile.
  func manageAccounts(_ method: String, _ params: JSON, _ responder: Responder) {
    let accounts = accounts
    let answered = NIOLoopBound(responder, eventLoop: loop)
    let loop = loop
    Task {
      let result: Result<JSON, RPCError>
      do {
        result = .success(try await AccountQuestion(accounts: accounts, params: params).answer(method))
      } catch let refusal as AccountRefusal {
        result = .failure(.refused(refusal.reason.rawValue, refusal.message))
      } catch {
        result = .failure(error as? RPCError ?? .internalError("\(error)"))
      }
      loop.execute {
        switch result {
        case .success(let json): answered.value.succeed { $0.value(json) }
        case .failure(let error): answered.value.fail(error)
        }
      }
    }
  }
}

/// One question about accounts.
struct AccountQuestion {
  let accounts: Accounts
  let params: JSON

  func answer(_ method: String) async throws -> JSON {
    let actor = try params.string("by")
    switch method {
    case "user.list": return ["users": .array(try await accounts.users().map(\.json))]
    case "user.add":
      let user = try await accounts.addUser(
        email: try params.string("email"), password: try params.string("password"),
        role: try params.word("role"), by: actor)
      return ["user": user.json]
    case "user.passwd":
      try await accounts.setPassword(
        of: try params.string("email"), to: try params.string("password"), by: actor)
    case "user.role":
      try await accounts.setRole(of: try params.string("email"), to: try params.word("role"), by: actor)
    case "user.remove": try await accounts.removeUser(try params.string("email"), by: actor)
    case "token.list": return ["tokens": .array(try await accounts.serviceTokens().map(\.json))]
    case "token.create":
      let made = try await accounts.addServiceToken(
        name: try params.string("name"), scopes: try scopes(),
        expires: try params.optionalTimestamp("expires"),
        by: actor)
      return ["token": made.token.json, "secret": .string(made.text)]
    case "token.rotate":
      let made = try await accounts.rotateServiceToken(
        try params.string("name"), expires: try params.optionalTimestamp("expires"), by: actor)
      return ["token": made.token.json, "secret": .string(made.text)]
    case "token.revoke": try await accounts.revokeServiceToken(try params.string("name"), by: actor)
    case "pin.set": try await accounts.setPIN(try params.string("pin"), by: actor)
    case "audit.list": return try await audit()
    case "audit.verify": return (try await accounts.verifyAudit()).json
    default: throw RPCError.unknownMethod(method)
    }
    return [:]
  }

  private func scopes() throws(RPCError) -> Set<Permission> {
    var scopes: Set<Permission> = []
    for word in try params.optionalStrings("scopes") ?? [] {
      guard let scope = Permission(rawValue: word) else {
        throw .refused("bad_scope", "there is no scope \(word.prefix(32)): see rbotctl token create --help")
      }
      scopes.insert(scope)
    }
    return scopes
  }

  private func audit() async throws -> JSON {
    let limit = min(max(try params.optionalInt("limit") ?? 100, 1), 1_000)
    let rows = try await accounts.audit(
      before: try params.optionalInt("before").map(Int64.init), limit: limit + 1)
    let shown = rows.prefix(limit)
    return [
      "audit": .array(shown.map(\.json)), "more": .bool(rows.count > limit),
      "before": shown.last.map { .int($0.id) } ?? .null,
    ]
  }
}

extension User {
  /// As the control protocol and HTTP write it.
  public var json: JSON {
    [
      "id": .int(id), "email": .string(email), "role": .string(role.rawValue),
      "created": .string("\(created)"),
    ]
  }
}

extension ServiceToken {
  /// Everything but the secret.
  public var json: JSON {
    [
      "id": .string(id), "name": .string(name),
      "scopes": .array(scopes.map(\.rawValue).sorted().map(JSON.string)),
      "created": .string("\(created)"), "expires": JSON(expires.map { "\($0)" }),
      "last_used": JSON(lastUsed.map { "\($0)" }),
    ]
  }
}

extension AuditRow {
  /// As the control protocol and HTTP write it.
  public var json: JSON {
    [
      "id": .int(id), "time": .string("\(entry.time)"), "actor": .string(entry.actor),
      "origin": .string(entry.origin), "action": .string(entry.action), "subject": .string(entry.subject),
      "detail": .string(entry.detail), "outcome": .string(entry.outcome),
    ]
  }
}

extension AuditVerdict {
  fileprivate var json: JSON {
    switch self {
    case .whole(let rows, let last): ["whole": true, "rows": .int(rows), "last": .string(last)]
    case .broken(let id, let why): ["whole": false, "row": .int(id), "why": .string(why)]
    }
  }
}
