import Testing

@testable import Config

@Suite struct KeyLineTests {
  @Test("Every way to write a key is found on its line")
  func places() {
    let text = """
      # a = 1
      name = "x = 2"   # name = "y"
      command = [
        "a", # b = 3
        "]",
      ]

      [restart]
      policy = 'it''s'
      backoff = { initial = "1s", max = "2s" }
      limit.bursts = 5
      [ "odd key" . inner ]
      text = \"\"\"
      a = 1
      [table]
      \\\"\"\" \"\"\"
      last = 1979-05-27T07:32:00Z
      [[list]]
      item = 1
      """
    let lines = KeyLines(text)
    #expect(lines.line(["a"]) == nil)
    #expect(lines.line(["name"]) == 2)
    #expect(lines.line(["command"]) == 3)
    #expect(lines.line(["restart"]) == 8)
    #expect(lines.line(["restart", "policy"]) == 9)
    #expect(lines.line(["restart", "backoff", "max"]) == 10)
    #expect(lines.line(["restart", "limit", "bursts"]) == 11)
    #expect(lines.line(["odd key", "inner", "text"]) == 13)
    #expect(lines.line(["odd key", "inner", "last"]) == 17)
    #expect(lines.line(["list", "item"]) == 19)
  }

  @Test("A key that is absent has the line of the table around it")
  func absent() {
    #expect(KeyLines("a = 1\n[b]\nc = 1").line(["b", "missing"]) == 2)
  }

  @Test(
    "Text that is not TOML ends the walk too",
    arguments: ["[", "= =", "\"", "a = [", "a = {", "}}]]", "a = \"\\", "'''"])
  func garbage(text: String) { _ = KeyLines(text) }
}
