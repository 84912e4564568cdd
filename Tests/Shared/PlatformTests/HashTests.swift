import Platform
import Testing

@Suite struct Hashes {
  @Test(
    "SHA-256 gives the published digests",
    arguments: [
      (1, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      (1, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        1_000_000, "a",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func vectors(count: Int, part: String, digest: String) {
    let message = String(repeating: part, count: count)
    #expect(SHA256.hex(message) == digest)
  }

  @Test("Lengths around the padding's edge differ in their digests and are 64 digits long")
  func edges() {
    let digests = (54...66).map { SHA256.hex(String(repeating: "x", count: $0)) }
    #expect(Set(digests).count == digests.count)
    #expect(digests.allSatisfy { $0.count == 64 })
  }

  @Test("Tokens are 64 hex digits and never the same")
  func tokens() throws {
    let tokens = try (0..<100).map { _ in try SecureRandom.token() }
    #expect(Set(tokens).count == 100)
    #expect(tokens.allSatisfy { $0.count == 64 && $0.allSatisfy(\.isHexDigit) })
  }
}
