/// Why somebody is not let in, or may not change what he wants to.
public struct AccountRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// A stable word, each with one HTTP status.
  public enum Reason: String, Sendable, CaseIterable {
    // 400: the request itself
    case badEmail = "bad_email"
    case weakPassword = "weak_password"
    case badPIN = "bad_pin"
    case badName = "bad_name"
    case badScope = "bad_scope"
    case badExpiry = "bad_expiry"
    // 401: who are you
    case invalidCredentials = "invalid_credentials"
    case tokenInvalid = "token_invalid"
    case tokenExpired = "token_expired"
    case tokenReused = "token_reused"
    // 403: known, and not allowed
    case registrationClosed = "registration_closed"
    case pinRequired = "pin_required"
    case pinNotSet = "pin_not_set"
    case pinWrong = "pin_wrong"
    case pinLocked = "pin_locked"
    // 404 and 409: what it is about
    case unknownUser = "unknown_user"
    case unknownToken = "unknown_token"
    case emailTaken = "email_taken"
    case nameTaken = "name_taken"
    case lastAdmin = "last_admin"
    case tooMany = "too_many"
    // 429
    case tooManyAttempts = "too_many_attempts"
    // 503
    case storage = "storage_failed"
  }

  public let reason: Reason
  /// What happened, and what to do.
  public let message: String
  /// When another try makes sense, in seconds from now.
  public let retryAfterSeconds: Int64?

  init(_ reason: Reason, _ message: String, retryAfterSeconds: Int64? = nil) {
    self.reason = reason
    self.message = message
    self.retryAfterSeconds = retryAfterSeconds
  }

  public var description: String { message }
}
