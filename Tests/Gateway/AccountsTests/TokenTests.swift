import Crypto
import Model
import Testing

@testable import Accounts

@Suite struct TokenTests {
  @Test func `an access token ends with its time, and a refresh token brings the next`() async throws {
    let office = try Office()
    let accounts = try await office.openWithTrader()
    let first = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    office.pass(899)
    _ = try accounts.principal(bearer: first.accessToken)
    office.pass(1)
    #expect(await reason { try accounts.principal(bearer: first.accessToken) } == .tokenExpired)
    let second = try await accounts.refresh(first.refreshToken, from: "a")
    #expect(second.refreshToken != first.refreshToken)
    #expect(try accounts.principal(bearer: second.accessToken).name == "trader@local")
    office.pass(30 * 86_400)
    #expect(await reason { try await accounts.refresh(second.refreshToken, from: "a") } == .tokenExpired)
  }

  @Test func `a refresh token that is used twice ends its login, and no other`() async throws {
    let office = try Office()
    let accounts = try await office.openWithTrader()
    let stolen = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    let other = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "b")
    let next = try await accounts.refresh(stolen.refreshToken, from: "a")
    #expect(await reason { try await accounts.refresh(stolen.refreshToken, from: "thief") } == .tokenReused)
    #expect(await reason { try await accounts.refresh(next.refreshToken, from: "a") } == .tokenInvalid)
    #expect(await reason { try accounts.principal(bearer: next.accessToken) } == .tokenInvalid)
    // Also one that opens the file later knows of it.
    #expect(await reason { try office.open().principal(bearer: next.accessToken) } == .tokenInvalid)
    _ = try accounts.principal(bearer: other.accessToken)
    #expect(try await accounts.audit(before: nil, limit: 1).first?.entry.outcome == "token_reused")
  }

  @Test func `a logout ends one login at once`() async throws {
    let accounts = try await Office().openWithTrader()
    let one = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    let two = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    try await accounts.logOut(refreshToken: one.refreshToken, from: "a")
    try await accounts.logOut(refreshToken: "nothing", from: "a")
    #expect(await reason { try accounts.principal(bearer: one.accessToken) } == .tokenInvalid)
    _ = try accounts.principal(bearer: two.accessToken)
  }

  @Test func `a user's oldest login ends where there are too many`() async throws {
    let office = try Office()
    var settings = AccountSettings()
    settings.loginsPerMinute = 1_000
    _ = try await office.openWithTrader()
    let accounts = try office.open(settings)
    let first = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    for _ in 0..<Accounts.loginsMax {
      _ = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    }
    #expect(await reason { try accounts.principal(bearer: first.accessToken) } == .tokenInvalid)
  }

  @Test func `no other text is a token, whatever algorithm it names`() async throws {
    let accounts = try await Office().openWithTrader()
    let good = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
      .accessToken
    let parts = good.split(separator: ".").map(String.init)
    let none = Base64URL.encode(Array(#"{"alg":"none","typ":"JWT"}"#.utf8))
    let admin = Base64URL.encode(Array(#"{"sub":"1","sid":1,"typ":"access","iat":1,"exp":9999999999}"#.utf8))
    let forged = AccessToken(userID: 1, session: 1, issued: 1, expires: 9_999_999_999)
      .signed(with: SymmetricKey(size: .bits256), email: "trader@local", role: .admin)
    for text in [
      "", ".", "..", "a.b.c", "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])",
      "\(parts[0]).\(admin).\(parts[2])", good + "=", String(good.dropLast()), good + "." + parts[2], forged,
      String(repeating: "x", count: 5_000), "rbot_", "rbot_x_y", "rbot__",
    ] {
      #expect(await reason { try accounts.principal(bearer: text) } == .tokenInvalid, "\(text.prefix(40))")
    }
  }

  @Test func `a service token does what its scopes say, until it is rotated or revoked`() async throws {
    let office = try Office()
    let accounts = try office.open()
    let expires = Timestamp(nanoseconds: 1_700_003_600 * 1_000_000_000)
    let (token, text) = try await accounts.addServiceToken(
      name: "grafana", scopes: [.market, .events], expires: expires, by: "local:0")
    let principal = try accounts.principal(bearer: text)
    #expect(principal.permissions == [.market, .events] && principal.subject == "token:grafana")
    let (_, rotated) = try await accounts.rotateServiceToken("grafana", expires: expires, by: "local:0")
    #expect(await reason { try accounts.principal(bearer: text) } == .tokenInvalid)
    let reopened = try office.open()
    #expect(try reopened.principal(bearer: rotated).permissions == token.scopes)
    #expect(try await reopened.serviceTokens().first?.lastUsed != nil)
    office.pass(3_600)
    #expect(await reason { try accounts.principal(bearer: rotated) } == .tokenExpired)
    try await accounts.revokeServiceToken("grafana", by: "local:0")
    #expect(await reason { try accounts.principal(bearer: rotated) } == .tokenInvalid)
    #expect(await reason { try await accounts.revokeServiceToken("grafana", by: "x") } == .unknownToken)
  }

  @Test func `a service token cannot administer, come twice, or end before it begins`() async throws {
    let accounts = try Office().open()
    func add(_ name: String, _ scopes: Set<Permission>, _ expires: Timestamp? = nil) async -> AccountRefusal
      .Reason?
    {
      await reason {
        try await accounts.addServiceToken(name: name, scopes: scopes, expires: expires, by: "x")
      }
    }
    #expect(await add("a", [.administer]) == .badScope)
    #expect(await add("a", []) == .badScope)
    #expect(await add("a b", [.read]) == .badName)
    #expect(await add("a", [.read], Timestamp(nanoseconds: 5)) == .badExpiry)
    #expect(await add("a", [.read]) == nil)
    #expect(await add("a", [.read]) == .nameTaken)
  }

  @Test func `base64 for URLs has one text for each value`() {
    for bytes in [[], [0], [255, 255], [1, 2, 3], Array(0...255)] as [[UInt8]] {
      #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
    }
    #expect(Base64URL.encode(Array("any carnal pleas".utf8)) == "YW55IGNhcm5hbCBwbGVhcw")
    for text in ["A", "AB", "AAB", "A=", "A+", "é", "AAAAA"] {
      #expect(Base64URL.decode(text) == nil, "\(text)")
    }
  }
}
