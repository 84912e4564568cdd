import Model
import Testing

@testable import Accounts

@Suite struct PINTests {
  @Test func `there is no default, and what is set must be a PIN`() async throws {
    let accounts = try Office().open()
    #expect(await reason { try await accounts.checkPIN("841921", by: "x", from: "a") } == .pinNotSet)
    #expect(await reason { try await accounts.checkPIN(nil, by: "x", from: "a") } == .pinRequired)
    for bad in ["123", "12a4", "1234567890123", "0000", "１２３４"] {
      #expect(await reason { try await accounts.setPIN(bad, by: "x") } == .badPIN)
    }
    try await accounts.setPIN("841921", by: "local:0")
    try await accounts.checkPIN("841921", by: "x", from: "a")
  }

  @Test func `five wrong ones lock it for 15 minutes, for the right one and over a restart too`() async throws
  {
    let office = try Office()
    let accounts = try office.open()
    try await accounts.setPIN("841921", by: "local:0")
    // The right one is known by now, and must not pass from memory while it is locked.
    try await accounts.checkPIN("841921", by: "x", from: "a")
    for _ in 0..<4 {
      #expect(await reason { try await accounts.checkPIN("841920", by: "x", from: "a") } == .pinWrong)
    }
    #expect(await reason { try await accounts.checkPIN("841920", by: "x", from: "a") } == .pinLocked)
    #expect(await reason { try await accounts.checkPIN("841921", by: "x", from: "a") } == .pinLocked)
    let reopened = try office.open()
    office.pass(899)
    #expect(await reason { try await reopened.checkPIN("841921", by: "x", from: "a") } == .pinLocked)
    office.pass(1)
    try await reopened.checkPIN("841921", by: "x", from: "a")
  }

  @Test func `a right one in between starts the count anew`() async throws {
    let accounts = try Office().open()
    try await accounts.setPIN("841921", by: "local:0")
    for _ in 0..<3 {
      for _ in 0..<4 {
        #expect(await reason { try await accounts.checkPIN("1234", by: "x", from: "a") } == .pinWrong)
      }
      try await accounts.checkPIN("841921", by: "x", from: "a")
    }
  }

  @Test func `another PIN takes the place of the old one at once, and ends a lock`() async throws {
    let accounts = try Office().open()
    try await accounts.setPIN("841921", by: "local:0")
    try await accounts.checkPIN("841921", by: "x", from: "a")
    for _ in 0..<5 { _ = await reason { try await accounts.checkPIN("1234", by: "x", from: "a") } }
    try await accounts.setPIN("5678", by: "local:0")
    #expect(await reason { try await accounts.checkPIN("841921", by: "x", from: "a") } == .pinWrong)
    try await accounts.checkPIN("5678", by: "x", from: "a")
  }

  @Test func `a clock that was set back locks for no longer than a lock takes`() {
    var attempts = AttemptGuard()
    for _ in 0..<5 { attempts.failed(now: 1_000_000) }
    #expect(attempts.remaining(now: 1_000_000) == 900)
    #expect(attempts.remaining(now: 1_000_899) == 1)
    #expect(attempts.remaining(now: 1_000_900) == nil)
    #expect(attempts.remaining(now: 5) == 900)
  }
}
