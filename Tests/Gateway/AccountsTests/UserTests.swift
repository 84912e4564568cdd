import Model
import Testing

@testable import Accounts

@Suite struct UserTests {
  @Test func `the first user comes by himself, and every other one by somebody`() async throws {
    let accounts = try Office().open()
    #expect(try await accounts.isEmpty())
    let first = try await accounts.addUser(
      email: "Trader@Local", password: "correct horse", role: .trader, by: nil)
    #expect(first.email == "trader@local" && first.role == .trader)
    let second = await reason {
      try await accounts.addUser(email: "b@local", password: "correct horse", role: .admin, by: nil)
    }
    #expect(second == .registrationClosed)
    _ = try await accounts.addUser(email: "b@local", password: "correct horse", role: .admin, by: "local:0")
    #expect(try await accounts.users().map(\.email) == ["b@local", "trader@local"])
  }

  @Test(arguments: [
    ("nobody", "correct horse", AccountRefusal.Reason.badEmail), ("a@", "correct horse", .badEmail),
    ("a b@c", "correct horse", .badEmail), ("a@b", "short", .weakPassword),
    ("a@b", String(repeating: "x", count: 2_000), .weakPassword),
  ])
  func `an address or a password that will not do is refused`(
    email: String, password: String, expected: AccountRefusal.Reason
  ) async throws {
    let accounts = try Office().open()
    #expect(
      await reason { try await accounts.addUser(email: email, password: password, role: .viewer, by: "x") }
        == expected)
    #expect(try await accounts.isEmpty())
  }

  @Test func `one address has one user, however it is written`() async throws {
    let accounts = try await Office().openWithTrader()
    let again = await reason {
      try await accounts.addUser(email: "TRADER@local", password: "correct horse", role: .viewer, by: "x")
    }
    #expect(again == .emailTaken)
  }

  @Test func `a right password logs in, a wrong one and an unknown user look alike`() async throws {
    let accounts = try await Office().openWithTrader()
    let session = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    let principal = try accounts.principal(bearer: session.accessToken)
    #expect(principal.subject == "user:trader@local")
    #expect(principal.may(.trade) && !principal.may(.administer))
    for (email, password) in [("trader@local", "correct horse "), ("nobody@local", "correct horse")] {
      #expect(
        await reason { try await accounts.logIn(email: email, password: password, from: "a") }
          == .invalidCredentials)
    }
  }

  @Test func `a sixth login within a minute is refused unseen, for a user and for an address`() async throws {
    let office = try Office()
    let accounts = try await office.openWithTrader()
    for number in 0..<5 {
      _ = await reason { try await accounts.logIn(email: "trader@local", password: "x", from: "a\(number)") }
    }
    do {
      _ = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "b")
      Issue.record("it passed")
    } catch {
      #expect(error.reason == .tooManyAttempts && error.retryAfterSeconds == 12)
    }
    for number in 0..<5 {
      _ = await reason { try await accounts.logIn(email: "u\(number)@local", password: "x", from: "c") }
    }
    #expect(
      await reason { try await accounts.logIn(email: "new@local", password: "x", from: "c") }
        == .tooManyAttempts)
    office.pass(12)
    _ = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "d")
  }

  @Test func `a changed role counts from the next request on, also after a restart`() async throws {
    let office = try Office()
    let accounts = try await office.openWithTrader()
    let session = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    try await accounts.setRole(of: "trader@local", to: .viewer, by: "local:0")
    #expect(try !accounts.principal(bearer: session.accessToken).may(.trade))
    #expect(try !office.open().principal(bearer: session.accessToken).may(.trade))
  }

  @Test func `a changed password ends every login, and a new one in the same second works`() async throws {
    let office = try Office()
    let accounts = try await office.openWithTrader()
    let old = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    try await accounts.setPassword(of: "trader@local", to: "battery staple", by: "local:0")
    #expect(await reason { try accounts.principal(bearer: old.accessToken) } == .tokenInvalid)
    #expect(await reason { try await accounts.refresh(old.refreshToken, from: "a") } == .tokenInvalid)
    let new = try await accounts.logIn(email: "trader@local", password: "battery staple", from: "a")
    #expect(try accounts.principal(bearer: new.accessToken).name == "trader@local")
    #expect(await reason { try office.open().principal(bearer: old.accessToken) } == .tokenInvalid)
  }

  @Test func `a removed user is out at once, and the last admin stays`() async throws {
    let accounts = try await Office().openWithTrader()
    _ = try await accounts.addUser(email: "admin@local", password: "correct horse", role: .admin, by: "x")
    let session = try await accounts.logIn(email: "trader@local", password: "correct horse", from: "a")
    try await accounts.removeUser("trader@local", by: "user:admin@local")
    #expect(await reason { try accounts.principal(bearer: session.accessToken) } == .tokenInvalid)
    #expect(await reason { try await accounts.removeUser("admin@local", by: "x") } == .lastAdmin)
    #expect(
      await reason { try await accounts.setRole(of: "admin@local", to: .viewer, by: "x") } == .lastAdmin)
    #expect(await reason { try await accounts.removeUser("trader@local", by: "x") } == .unknownUser)
  }
}
