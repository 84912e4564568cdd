import NIOCore
import Testing
import Wire

@testable import API

/// How streams put their messages.
@Suite struct StreamFormatTests {
  /// Reads one unmasked text frame as RFC 6455 has it.
  private func payload(_ bytes: ByteBuffer) throws -> String {
    var frame = bytes
    let head = frame.readInteger(as: UInt8.self)
    #expect(head == 0x81)
    let short = frame.readInteger(as: UInt8.self)
    let long = short == 126 ? frame.readInteger(as: UInt16.self) : nil
    let longest = short == 127 ? frame.readInteger(as: UInt64.self) : nil
    let length = try #require(longest.map(Int.init) ?? long.map(Int.init) ?? short.map(Int.init))
    #expect(frame.readableBytes == length)
    return String(buffer: frame)
  }

  @Test(arguments: [0, 1, 125, 126, 127, 1_000, 65_535, 65_536, 200_000])
  func aFrameOfAnyLengthHoldsWhatWasWritten(_ length: Int) throws {
    let text = String((0..<length).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
    var buffer = ByteBuffer()
    StreamFormat.frame(into: &buffer) { $0.writeString(text) }
    #expect(try payload(buffer) == text)
  }

  @Test func severalFramesFollowOneAnother() throws {
    var buffer = ByteBuffer()
    for text in ["one", String(repeating: "2", count: 70_000), "three"] {
      StreamFormat.frame(into: &buffer) { $0.writeString(text) }
    }
    let (first, second) = (buffer.readSlice(length: 5), buffer.readSlice(length: 70_010))
    #expect(try payload(try #require(first)) == "one")
    #expect(try payload(try #require(second)).count == 70_000)
    #expect(try payload(buffer) == "three")
  }

  @Test func aServerSentMessageIsOneChunk() throws {
    let bytes = StreamFormat.serverSent.bytes(type: "heartbeat", payload: [:])
    let lines = String(buffer: bytes).split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(Int(lines[0], radix: 16) == lines[1].utf8.count)
    #expect(lines[1].hasPrefix("data: {\"source\":\"arena\",\"type\":\"heartbeat\""))
    #expect(lines[1].hasSuffix("}\n\n"))
  }

  @Test func nothingToSayIsNoChunkAtAll() {
    // An empty chunk would be the end of the body.
    #expect(StreamFormat.serverSent.bytes([], .all).readableBytes == 0)
  }

  @Test func aGoodbyeFitsIntoAControlFrame() {
    let frame = StreamFormat.close(1008, String(repeating: "ü", count: 500))
    #expect(frame.readableBytes <= 127)
  }
}
