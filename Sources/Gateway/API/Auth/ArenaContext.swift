import Accounts
import Hummingbird
import NIOCore

/// What is known of a request beside what it says: where it came from, and who is behind it.
struct ArenaContext: RequestContext {
  /// What the token that was shown, if any, came to.
  enum Identity: Sendable {
    case anonymous(hasUsers: Bool)
    case known(Principal)
    case refused(AccountRefusal)
  }

  var coreContext: CoreRequestContextStorage
  /// The address of the peer, without its port.
  let origin: String
  var identity = Identity.anonymous(hasUsers: true)
  var credential = Credential(token: nil, isLocal: false, looks: false)
  /// The connection that it came on.
  let channel: any Channel
  /// Bytes that its body may have.
  var bodyBytesMax = 1_048_576

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    origin = source.channel.remoteAddress?.ipAddress ?? "local"
  }

  /// Who is behind it, where he may do that.
  ///
  /// While no user exists, whoever asks from this machine may look (`.market`, `.read` and `.events` of a GET); so
  /// may everybody with `anonymous_read`. His name is then ``Accounts/Principal/anybody``.
  ///
  /// - Throws: ``Answer`` with 401 for nobody, 403 for somebody who may not.
  func principal(_ permission: Permission) throws(Answer) -> Principal {
    switch identity {
    case .known(let principal):
      guard principal.may(permission) else {
        if principal.kind == .anybody { throw Self.loginNeeded(hasUsers: true) }
        throw Answer(
          .forbidden, "forbidden",
          "\(principal.name) may not \(permission.rawValue) here: that takes another role or scope")
      }
      return principal
    case .refused(let refusal): throw Answer(refusal)
    case .anonymous(let hasUsers): throw Self.loginNeeded(hasUsers: hasUsers)
    }
  }

  static func loginNeeded(hasUsers: Bool) -> Answer {
    Answer(
      .unauthorized, "unauthorized",
      hasUsers
        ? "this needs a login: POST /auth/login, then send the access token as Authorization: Bearer …"
        : "this needs a login, and there is no user yet: make the first user with rbotctl user add or POST "
          + "/auth/register, then log in with POST /auth/login")
  }
}

/// An answer that ends a request early: an error in the shape that all have.
struct Answer: Error {
  let status: HTTPResponse.Status
  let error: String
  let message: String
  var retryAfterSeconds: Int64?

  init(_ status: HTTPResponse.Status, _ error: String, _ message: String) {
    self.status = status
    self.error = error
    self.message = message
  }

  init(_ refusal: AccountRefusal) {
    self.init(refusal.reason.status, refusal.reason.rawValue, refusal.message)
    retryAfterSeconds = refusal.retryAfterSeconds
  }

  var response: Response {
    var response = Response.failure(status, error, message)
    if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
    if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    return response
  }
}

extension AccountRefusal.Reason {
  /// The HTTP status that says it.
  var status: HTTPResponse.Status {
    switch self {
    case .badEmail, .weakPassword, .badPIN, .badName, .badScope, .badExpiry: .badRequest
    case .invalidCredentials, .tokenInvalid, .tokenExpired, .tokenReused: .unauthorized
    case .registrationClosed, .pinRequired, .pinNotSet, .pinWrong, .pinLocked: .forbidden
    case .unknownUser, .unknownToken: .notFound
    case .emailTaken, .nameTaken, .lastAdmin, .tooMany: .conflict
    case .tooManyAttempts: .tooManyRequests
    case .storage: .serviceUnavailable
    }
  }
}
