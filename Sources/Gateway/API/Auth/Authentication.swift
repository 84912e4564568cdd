import Accounts
import Hummingbird

/// Finds out who is behind a request; what he may do is each route's to ask.
struct Authentication: RouterMiddleware {
  let accounts: Accounts
  /// Whether everybody may look (`anonymous_read`).
  let anonymousRead: Bool
  /// What a request's body may have.
  let bodyBytesMax: Int

  func handle(
    _ request: Request, context: ArenaContext,
    next: (Request, ArenaContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    context.bodyBytesMax = bodyBytesMax
    context.credential = Credential(
      token: Self.token(request), isLocal: Self.isLocal(request, context.origin),
      looks: request.method == .get || request.method == .head)
    context.identity = identity(of: context.credential)
    return try await next(request, context)
  }

  /// Who shows a token; where none is shown, whether looking takes one.
  func identity(of credential: Credential) -> ArenaContext.Identity {
    if let token = credential.token {
      do throws(AccountRefusal) {
        return .known(try accounts.principal(bearer: token))
      } catch {
        return .refused(error)
      }
    }
    let hasUsers = accounts.hasUsers
    let mayLook = anonymousRead || (!hasUsers && credential.isLocal)
    return mayLook && credential.looks ? .known(.anybody) : .anonymous(hasUsers: hasUsers)
  }

  /// The same, where nobody is no answer.
  ///
  /// - Throws: ``Answer`` with 401.
  func principal(of credential: Credential) throws(Answer) -> Principal {
    switch identity(of: credential) {
    case .known(let principal): return principal
    case .refused(let refusal): throw Answer(refusal)
    case .anonymous(let hasUsers): throw ArenaContext.loginNeeded(hasUsers: hasUsers)
    }
  }

  /// Whether it was sent on this machine. What a proxy forwards comes from its own address, and says so.
  private static func isLocal(_ request: Request, _ origin: String) -> Bool {
    let isForwarded = request.headers.contains { field in
      field.name.canonicalName == "forwarded" || field.name.canonicalName.hasPrefix("x-forwarded-")
    }
    return !isForwarded && (HostRule.isLoopback(origin) || origin.hasPrefix("::ffff:127."))
  }

  /// The header's before the cookie's: a program that sends one means it.
  private static func token(_ request: Request) -> String? {
    if let header = request.headers[.authorization] {
      let parts = header.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer" else { return header }
      return String(parts[1])
    }
    return request.cookie(SessionCookies.access)
  }
}

/// What a request shows of who is behind it; kept for as long as a stream lives, as it may lose its worth.
struct Credential: Sendable {
  var token: String?
  /// Whether it was sent on this machine.
  var isLocal: Bool
  /// Whether it wants to look only.
  var looks = true
}

extension Request {
  /// The value of a cookie; the first of that name.
  func cookie(_ name: String) -> String? {
    for header in headers[values: .cookie] {
      for part in header.split(separator: ";") {
        let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
        if pair.count == 2, pair[0] == name { return String(pair[1]) }
      }
    }
    return nil
  }
}

/// The cookies that a browser keeps of a login. Scripts cannot read them, and no other site can have them sent.
enum SessionCookies {
  static let access = "access_token"
  static let refresh = "refresh_token"

  /// - Parameter isSecure: whether the browser may send them over TLS alone.
  static func headers(_ session: Session, now: Int64, isSecure: Bool) -> [String] {
    [
      cookie(access, session.accessToken, path: "/", seconds: session.accessExpires.seconds - now),
      cookie(refresh, session.refreshToken, path: "/auth", seconds: session.refreshExpires.seconds - now),
    ].map { isSecure ? $0 + "; Secure" : $0 }
  }

  /// Makes a browser forget both.
  static let cleared = [
    cookie(access, "", path: "/", seconds: 0), cookie(refresh, "", path: "/auth", seconds: 0),
  ]

  private static func cookie(_ name: String, _ value: String, path: String, seconds: Int64) -> String {
    "\(name)=\(value); Path=\(path); Max-Age=\(max(0, seconds)); HttpOnly; SameSite=Strict"
  }
}
