import Accounts
import Hummingbird

/// Finds out who is behind a request; what he may do is each route's to ask.
struct Authentication: RouterMiddleware {
  let accounts: Accounts
  /// Whether everybody may look (`anonymous_read`).
  let anonymousRead: Bool

  func handle(
    _ request: Request, context: ArenaContext,
    next: (Request, ArenaContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    context.identity = identity(request, from: context.origin)
    return try await next(request, context)
  }

  /// Who shows the token that came with a request; where none came, whether looking takes one.
  ///
  /// - Parameter origin: the peer's address.
  func identity(_ request: Request, from origin: String) -> ArenaContext.Identity {
    if let token = Self.token(request) { return identity(token: token) }
    let hasUsers = accounts.hasUsers
    guard request.method == .get || request.method == .head else { return .anonymous(hasUsers: hasUsers) }
    if anonymousRead { return .known(.anybody) }
    return !hasUsers && Self.isLocal(request, origin) ? .known(.anybody) : .anonymous(hasUsers: hasUsers)
  }

  func identity(token: String) -> ArenaContext.Identity {
    do throws(AccountRefusal) {
      return .known(try accounts.principal(bearer: token))
    } catch {
      return .refused(error)
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

  static func headers(_ session: Session, now: Int64) -> [String] {
    [
      cookie(access, session.accessToken, path: "/", seconds: session.accessExpires.seconds - now),
      cookie(refresh, session.refreshToken, path: "/auth", seconds: session.refreshExpires.seconds - now),
    ]
  }

  /// Makes a browser forget both.
  static let cleared = [
    cookie(access, "", path: "/", seconds: 0), cookie(refresh, "", path: "/auth", seconds: 0),
  ]

  private static func cookie(_ name: String, _ value: String, path: String, seconds: Int64) -> String {
    "\(name)=\(value); Path=\(path); Max-Age=\(max(0, seconds)); HttpOnly; SameSite=Strict"
  }
}
