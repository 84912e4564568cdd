import Testing

@testable import Accounts

@Suite struct BudgetTests {
  @Test func `so many at once, then so many a second`() {
    var budget = RequestBudget(capacity: 3, perSecond: 2)
    for _ in 0..<3 { #expect(budget.take("a", now: 0) == nil) }
    #expect(budget.take("a", now: 0) == 1)
    #expect(budget.take("b", now: 0) == nil, "another key has its own")
    #expect(budget.take("a", now: 499) == 1)
    #expect(budget.take("a", now: 500) == nil)
    #expect(budget.take("a", now: 500) == 1)
  }

  @Test func `a clock that stands still or goes back gives nothing`() {
    var budget = RequestBudget(capacity: 1, perSecond: 1)
    #expect(budget.take("a", now: 10_000) == nil)
    #expect(budget.take("a", now: 0) == 1)
    #expect(budget.take("a", now: 10_999) == 1)
    #expect(budget.take("a", now: 11_000) == nil)
  }

  @Test func `what does not count is given back, and never more than there was`() {
    var budget = RequestBudget(capacity: 2, perSecond: 1)
    _ = budget.take("a", now: 0)
    budget.giveBack("a")
    budget.giveBack("a")
    #expect(
      budget.take("a", now: 0) == nil && budget.take("a", now: 0) == nil && budget.take("a", now: 0) == 1)
  }

  @Test func `a flood of keys shares one bucket instead of all memory`() {
    var budget = RequestBudget(capacity: 1, perSecond: 0.001, keysMax: 100)
    let passed = (0..<10_000).count { budget.take("\($0)", now: 0) == nil }
    #expect(passed == 101)
    // Those that are full again make room.
    #expect(budget.take("late", now: 2_000_000) == nil)
  }

  @Test func `a stored hash is checked before it is trusted`() throws {
    let cost = PasswordHash.Cost(logN: 4, blockSize: 8, parallelism: 1)
    let hash = try PasswordHash("correct horse", cost: cost)
    let read = try #require(PasswordHash(text: hash.text))
    #expect(try read.matches("correct horse") && !read.matches("correct hors"))
    #expect(try PasswordHash("correct horse", cost: cost).text != hash.text, "each has a salt of its own")
    let parts = hash.text.split(separator: "$").map(String.init)
    for text in [
      "", "$scrypt$", "$scrypt$ln=40,r=8,p=1$\(parts[2])$\(parts[3])",
      "$scrypt$ln=4,r=8$\(parts[2])$\(parts[3])",
      "$argon2$\(parts[1])$\(parts[2])$\(parts[3])", "$scrypt$\(parts[1])$\(parts[2])$AAAA",
    ] {
      #expect(PasswordHash(text: text) == nil, "\(text)")
    }
  }

  /// RFC 7914, section 12: the third vector's parameters, through the text form.
  @Test func `scrypt is scrypt`() throws {
    let salt = Base64URL.encode(Array("SodiumChloride".utf8))
    let expected: [UInt8] = [
      0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48, 0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb, 0xfd,
      0xa8,
      0xfb, 0xba, 0x90, 0x4f, 0x8e, 0x3e, 0xa9, 0xb5, 0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2,
    ]
    let stored = try #require(
      PasswordHash(text: "$scrypt$ln=14,r=8,p=1$\(salt)$\(Base64URL.encode(expected))"))
    #expect(try stored.matches("pleaseletmein"))
  }
}
