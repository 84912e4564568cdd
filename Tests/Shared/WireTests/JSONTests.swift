import Model
import NIOCore
import Testing
import Wire

@Suite("JSON")
struct JSONTests {
  @Test("numbers keep the digits of their text")
  func digits() throws {
    let value = try JSON.parse(#"{"price":1.16550,"big":123456789012345678901234567890,"small":1e-9}"#)
    #expect(value["price"] == .number("1.16550"))
    #expect(value["big"] == .number("123456789012345678901234567890"))
    #expect(try value.amount("price") == Amount("1.1655"))
    #expect(try value.amount("small") == Amount("0.000000001"))
    #expect(value.description == #"{"price":1.16550,"big":123456789012345678901234567890,"small":1e-9}"#)
  }

  @Test(
    "strings survive a round trip",
    arguments: ["", "plain", "a\"b\\c/\n\r\t\u{08}\u{1F}", "Größe €", "🟢📊", "\u{0}"])
  func strings(text: String) throws {
    #expect(try JSON.parse(JSON.string(text).description) == .string(text))
  }

  @Test(
    "escapes are read",
    arguments: [
      (#""\u0041\u00e9""#, "Aé"), (#""\ud83d\udcca""#, "📊"), (#""\ud83dx""#, "\u{FFFD}x"), (#""\/""#, "/"),
    ])
  func escapes(json: String, text: String) throws {
    #expect(try JSON.parse(json) == .string(text))
  }

  @Test(
    "what is no JSON is refused",
    arguments: [
      "", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "01", "1.", ".5", "1e", "-", "tru", "nulll", "\"\\x\"",
      "\"\\u12g4\"",
      "\"a\nb\"", "'a'", "[1 2]", "{\"a\":1,}", "{a:1}", "\"open", "1 2", "NaN", "+1", "\u{FEFF}1",
    ])
  func malformed(text: String) {
    #expect(throws: WireError.self) { try JSON.parse(text) }
  }

  @Test(
    "bytes that are not UTF-8 are refused",
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
      [0x22, 0xE2, 0x82, 0x22], [0x22, 0x80, 0x22],
    ] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    bytes.withUnsafeBytes { raw in
      _ = #expect(throws: WireError.self) { try JSON.parse(raw) }
    }
  }

  @Test("64 levels are read, 65 are refused")
  func nesting() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSON.parse(nested(64))
    #expect(throws: WireError.self) { try JSON.parse(nested(65)) }
  }

  @Test("of a repeated key the last counts")
  func repeated() throws {
    #expect(try JSON.parse(#"{"a":1,"a":2}"#)["a"] == 2)
  }

  @Test("random bytes never crash the reader")
  func fuzz() {
    var random = SplitMix(seed: 20_261_121)
    let alphabet = Array(#"{}[]",:\u0123456789eE+-.truefalsn "#.utf8) + [0x80, 0xC3, 0xFF, 0x00, 0x0A]
    for _ in 0..<20_000 {
      let bytes = (0..<Int(random.next() % 40)).map { _ in
        alphabet[Int(random.next() % UInt64(alphabet.count))]
      }
      bytes.withUnsafeBytes { raw in
        guard let value = try? JSON.parse(raw) else { return }
        #expect((try? JSON.parse(value.description)) == value)
      }
    }
  }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
