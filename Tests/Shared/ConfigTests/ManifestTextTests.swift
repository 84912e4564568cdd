import Testing

@testable import Config

@Suite struct ManifestTextTests {
  private func set(_ text: String, _ key: String..., to value: ConfigValue) throws -> String {
    var manifest = try ManifestText(path: "strategy.toml", text: text)
    try manifest.set(key, to: value)
    return manifest.text
  }

  @Test func aValueIsReplacedAndEverythingElseStays() throws {
    let text =
      "# mine\r\nname = \"a\"\r\n  enabled   =  true   # while I try\r\n\r\n[limits]\r\nmemory='1GB'\r\n"
    #expect(
      try set(text, "enabled", to: .bool(false)) == text.replacing("=  true ", with: "=  false "))
  }

  @Test func aMissingKeyStandsBehindTheNameWithTheFilesOwnLineEnds() throws {
    #expect(
      try set("name = \"a\"\r\nrun = 's.py'\r\n", "enabled", to: .bool(false))
        == "name = \"a\"\r\nenabled = false\r\nrun = 's.py'\r\n")
    #expect(try set("name = \"a\"", "enabled", to: .bool(false)) == "name = \"a\"\nenabled = false\n")
  }

  @Test func aKeyOfTheSameNameInATableIsLeftAlone() throws {
    let text = "name = \"a\"\n[params]\nenabled = true\n"
    #expect(
      try set(text, "enabled", to: .bool(false))
        == "name = \"a\"\nenabled = false\n[params]\nenabled = true\n")
  }

  @Test func keysInsideStringsAreNoKeys() throws {
    let text = "name = \"a\"\nnote = \"\"\"\nenabled = true\n\"\"\"\nenabled = true\n"
    #expect(
      try set(text, "enabled", to: .bool(false)).hasSuffix("\nenabled = true\n\"\"\"\nenabled = false\n"))
  }

  @Test(arguments: [
    ("name = \"a\"\n[restart]\n# how\n", "name = \"a\"\n[restart]\npolicy = \"never\"\n# how\n"),
    ("name = \"a\"\n[restart]", "name = \"a\"\n[restart]\npolicy = \"never\"\n"),
    ("restart = { limit = 1 }\n", "restart = { policy = \"never\", limit = 1 }\n"),
    ("restart = {}\n", "restart = { policy = \"never\" }\n"),
    ("restart = { policy = \"always\" } # x\n", "restart = { policy = \"never\" } # x\n"),
    (
      "a = 1\nrestart.healthy_after = \"1s\"\n[b]\n",
      "a = 1\nrestart.policy = \"never\"\nrestart.healthy_after = \"1s\"\n[b]\n"
    ),
    ("a = 1", "a = 1\n\n[restart]\npolicy = \"never\"\n"),
    (
      "[restart.backoff]\nfactor = 2\n",
      "[restart.backoff]\nfactor = 2\n\n[restart]\npolicy = \"never\"\n"
    ),
  ])
  func aKeyOfATableIsSetHoweverTheTableIsWritten(_ before: String, _ after: String) throws {
    #expect(try set(before, "restart", "policy", to: .string("never")) == after)
  }

  @Test func whatCannotBeSetIsRefusedAndNothingIsChanged() throws {
    var text = try ManifestText(path: "strategy.toml", text: "restart = 1\n")
    #expect(throws: ManifestText.CannotSet.self) { try text.set(["restart", "policy"], to: .bool(true)) }
    #expect(text.text == "restart = 1\n")
  }

  @Test func valuesOfEveryKindAreWritten() throws {
    let value = ConfigValue.table([
      "text": .string("a \"b\" \\ \u{7}"), "list": .array([.integer(1), .integer(2)]), "a b": .number(0.5),
    ])
    let text = try set("", "params", to: value)
    #expect(text == "params = { \"a b\" = 0.5, list = [1, 2], text = \"a \\\"b\\\" \\\\ \\u0007\" }\n")
  }
}
