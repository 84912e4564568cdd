import Crypto
import NIOCore
import Wire

/// What an access token says: a JSON Web Token (RFC 7519), signed with HS256.
///
/// It is short-lived and is never looked up in the database; what can change meanwhile (the role, whether the user is
/// still there) is taken from memory, not from the token.
struct AccessToken: Hashable, Sendable {
  let userID: Int64
  /// The login that it came from.
  let session: Int64
  /// Seconds since 1970.
  let issued: Int64
  let expires: Int64

  /// Of every token that we sign; anything else is no token of ours, whatever algorithm it names.
  private static let header = Base64URL.encode(Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8))
  /// Longer is none of ours.
  static let lengthMax = 1_024

  func signed(with key: SymmetricKey, email: String, role: Role) -> String {
    let claims: JSON = [
      "sub": .string(String(userID)), "email": .string(email), "role": .string(role.rawValue),
      "sid": .int(session), "iat": .int(issued), "exp": .int(expires), "iss": "rbotd", "typ": "access",
    ]
    var buffer = ByteBuffer()
    buffer.writeJSON(claims)
    let body = Self.header + "." + Base64URL.encode(buffer.readableBytesView)
    let code = HMAC<SHA256>.authenticationCode(for: Array(body.utf8), using: key)
    return body + "." + Base64URL.encode(Array(code))
  }

  /// Reads a token that was signed with `key`; nil for any other text. Says nothing of its expiry.
  init?(_ text: String, key: SymmetricKey) {
    guard text.utf8.count <= Self.lengthMax else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == Self.header, let code = Base64URL.decode(parts[2]) else { return nil }
    let body = Array("\(parts[0]).\(parts[1])".utf8)
    guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: body, using: key),
      let bytes = Base64URL.decode(parts[1]),
      let claims = try? JSON.parse(String(decoding: bytes, as: UTF8.self)),
      claims["typ"]?.stringValue == "access", let user = claims["sub"]?.stringValue.flatMap({ Int64($0) }),
      let session = claims["sid"]?.intValue, let issued = claims["iat"]?.intValue,
      let expires = claims["exp"]?.intValue
    else { return nil }
    self.init(userID: user, session: Int64(session), issued: Int64(issued), expires: Int64(expires))
  }

  init(userID: Int64, session: Int64, issued: Int64, expires: Int64) {
    self.userID = userID
    self.session = session
    self.issued = issued
    self.expires = expires
  }
}
