import Testing

@testable import Runtime

@Suite("Lines of what a process prints") struct LineSplitterTests {
  private static let most = LineSplitter.bytesMax

  /// What comes out when the bytes come in pieces of that many.
  private func lines(_ text: String, inPiecesOf size: Int, finished: Bool = true) -> [String] {
    var splitter = LineSplitter()
    var found: [String] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { piece in
        splitter.split(piece) { found.append(String(decoding: $0, as: UTF8.self)) }
      }
    }
    if finished { splitter.finish { found.append(String(decoding: $0, as: UTF8.self)) } }
    return found
  }

  @Test(
    "However they are cut on their way, the lines are the same",
    arguments: [1, 2, 3, 7, 8_191, 8_192, 8_193, 100_000])
  func pieces(_ size: Int) {
    let long = String(repeating: "x", count: Self.most * 2 + 5)
    let text = "first\n\nthird\r\n\(long)\nlast without end"
    let cut = [Self.most, Self.most, 5].map { String(repeating: "x", count: $0) }
    #expect(lines(text, inPiecesOf: size) == ["first", "", "third"] + cut + ["last without end"])
  }

  @Test("A line of exactly the most is one line, with no empty one behind it", arguments: [0, 1])
  func exact(_ more: Int) {
    let text = String(repeating: "y", count: Self.most + more) + "\nz\n"
    let found = lines(text, inPiecesOf: 4_096)
    #expect(found.map(\.utf8.count) == [Self.most] + (more == 0 ? [] : [1]) + [1])
  }

  @Test("A character is not cut in two")
  func characters() {
    let text = String(repeating: "é", count: Self.most) + "\n"
    let found = lines("a" + text, inPiecesOf: 1_000_000)
    #expect(found.joined() + "\n" == "a" + text && !found.joined().contains("\u{FFFD}"))
  }

  @Test("What has no end yet waits for it")
  func waits() {
    #expect(lines("half", inPiecesOf: 10, finished: false).isEmpty)
  }

  @Test("After a piece that was thrown away, the rest of its last line is too")
  func skipped() {
    var splitter = LineSplitter()
    var found: [String] = []
    func take(_ text: String, skips: Bool) {
      Array(text.utf8).withUnsafeBytes { bytes in
        let line = { (line: UnsafeRawBufferPointer) in found.append(String(decoding: line, as: UTF8.self)) }
        if skips { splitter.skip(bytes, line) } else { splitter.split(bytes, line) }
      }
    }
    take("before", skips: false)
    take("lost\nlost too", skips: true)
    take(" and its end\nwhole\n", skips: false)
    #expect(found == ["before", "whole"])
  }
}
