import Accounts
import GatewayService
import Hummingbird
import Model
import Wire

/// `/auth/…`: making users, and letting them in and out.
struct AuthRoutes: Sendable {
  let accounts: Accounts
  /// Whether this is TLS.
  let isSecure: Bool

  func add(to router: Router<ArenaContext>) {
    let auth = router.group("auth")
    auth.post("register", use: register)
    auth.post("login", use: logIn)
    auth.post("refresh", use: refresh)
    auth.post("logout", use: logOut)
  }

  /// For admins, and for whoever comes first.
  @Sendable private func register(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let body = try await request.jsonObject(context: context)
    let (email, password) = (try body.text("email"), try body.text("password"))
    let word = try body.optionalText("role") ?? Role.viewer.rawValue
    guard let role = Role(rawValue: word) else {
      throw Answer(
        .badRequest, "bad_field",
        "role must be one of \(Role.allCases.map(\.rawValue).joined(separator: ", ")), not \(word.prefix(32))"
      )
    }
    var actor: String?
    if try await !accounts.isEmpty() { actor = try context.principal(.administer).subject }
    let user = try await accounts.addUser(
      email: email, password: password, role: role, by: actor, from: context.origin)
    return .json(.created, ["ok": true, "user": user.json])
  }

  @Sendable private func logIn(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let body = try await request.jsonObject(context: context)
    let session = try await accounts.logIn(
      email: try body.text("email"), password: try body.text("password"), from: context.origin)
    return answer(session)
  }

  @Sendable private func refresh(_ request: Request, _ context: ArenaContext) async throws -> Response {
    guard let token = try await refreshToken(request, context) else {
      throw Answer(.badRequest, "missing_field", "refresh_token is missing")
    }
    return answer(try await accounts.refresh(token, from: context.origin))
  }

  @Sendable private func logOut(_ request: Request, _ context: ArenaContext) async throws -> Response {
    if let token = try await refreshToken(request, context) {
      try await accounts.logOut(refreshToken: token, from: context.origin)
    }
    return withCookies(.json(.ok, ["ok": true]), SessionCookies.cleared)
  }

  /// From the body where there is one, else from the browser's cookie.
  private func refreshToken(_ request: Request, _ context: ArenaContext) async throws -> String? {
    if request.headers[.contentLength].flatMap({ Int($0) }) ?? 0 > 0 {
      let body = try await request.jsonObject(context: context)
      if let token = try body.optionalText("refresh_token") { return token }
    }
    return request.cookie(SessionCookies.refresh)
  }

  private func answer(_ session: Session) -> Response {
    let now = WallClock.now.seconds
    let response = Response.json(
      .ok,
      [
        "ok": true, "access_token": .string(session.accessToken), "token_type": "bearer",
        "expires_in": .int(session.accessExpires.seconds - now),
        "refresh_token": .string(session.refreshToken), "user": session.user.json,
      ])
    return withCookies(response, SessionCookies.headers(session, now: now, isSecure: isSecure))
  }

  private func withCookies(_ response: Response, _ cookies: [String]) -> Response {
    var response = response
    for cookie in cookies { response.headers.append(.init(name: .setCookie, value: cookie)) }
    return response
  }
}

extension Timestamp {
  /// Whole seconds since 1970.
  var seconds: Int64 { nanoseconds / 1_000_000_000 }
}
