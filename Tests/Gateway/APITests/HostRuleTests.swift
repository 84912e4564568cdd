import Testing

@testable import API

/// Which names a server answers to.
@Suite struct HostRuleTests {
  @Test(
    arguments: [
      ("localhost:8787", true), ("127.0.0.1", true), ("[::1]:8787", true), ("Trading.Example:8787", true),
      ("10.0.0.5:8787", false), ("[fd00::5]", false), ("evil.example", false), ("127.evil.example", false),
      ("", false),
    ])
  func loopbackAnswersToItselfAndTheNamesInTheSettings(authority: String, isTaken: Bool) {
    #expect(HostRule(listener: "127.0.0.1", hosts: ["trading.example"]).takes(authority) == isTaken)
  }

  @Test(
    arguments: [
      ("localhost:8787", true), ("10.0.0.5:8787", true), ("[fd00::5]:8787", true), ("trading.example", true),
      ("box.local:8787", true), ("evil.example", false), ("10.evil.example:8787", false),
      ("[evil.example]", false), ("", false),
    ])
  func othersAnswerToAddressesTheirOwnNameAndTheNamesInTheSettings(authority: String, isTaken: Bool) {
    #expect(HostRule(listener: "box.local", hosts: ["trading.example"]).takes(authority) == isTaken)
  }
}
