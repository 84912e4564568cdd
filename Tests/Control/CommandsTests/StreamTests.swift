import IPC
import NIOCore
import Testing
import Wire

@testable import Commands

/// Streams, and daemons that misbehave.
@Suite struct StreamTests {
  private static func item(_ number: Int) -> JSON {
    [
      "id": .int(number), "time": "2026-11-21T11:55:27.021050Z", "strategy": "grid-bot", "run": 7,
      "stream": "log",
      "level": "info", "message": .string("line \(number)"), "fields": [:],
    ]
  }

  private static func send(_ count: Int, _ id: RequestID, _ connection: Connection) {
    guard case .number(let number) = id else { return }
    for index in 0..<count {
      connection.send(notification: "stream", ["id": .int(number), "item": item(index)])
    }
  }

  /// Sends so many items and ends the stream.
  private static func stream(_ count: Int, dropped: Int? = nil) -> FakeDaemon.Answer {
    { _, _, id, connection in
      send(count, id, connection)
      var end: JSONObject = JSONObject()
      end["items"] = .int(count)
      if let dropped { end["dropped"] = .int(dropped) }
      connection.reply(to: id, result: .object(end))
    }
  }

  @Test func logsPrintEachItemAndEnd() async throws {
    try await withDaemon(Self.stream(1_000)) { daemon in
      let (status, output) = await rbotctl(
        "logs", "grid-bot", "-n", "1000", "--level", "warning", "--since", "10m", "--socket", daemon.path)
      #expect(status == .done)
      #expect(output.lines.count == 1_000)
      #expect(output.lines.last == "12:55:27.021 grid-bot line 999")
      #expect(
        daemon.requests.first?.params == [
          "names": ["grid-bot"], "follow": false, "lines": 1_000, "level": "warning",
          "since": "2026-11-21T11:50:00.000000Z",
        ])
    }
  }

  @Test func streamsAsJSONAreOneObjectPerLine() async throws {
    try await withDaemon(Self.stream(2)) { daemon in
      let (_, output) = await rbotctl("logs", "--json", "--socket", daemon.path)
      #expect(output.written == Self.item(0).description + "\n" + Self.item(1).description + "\n")
    }
  }

  @Test func whatWasDroppedIsSaid() async throws {
    try await withDaemon(Self.stream(1, dropped: 12)) { daemon in
      let (status, output) = await rbotctl("events", "--after", "5", "--socket", daemon.path)
      #expect(status == .done)
      #expect(output.complained.contains("12 events are missing"))
      #expect(daemon.requests.first?.params == ["follow": false, "after": 5, "limit": 100])
    }
  }

  @Test func howFarBehindAReaderIsIsSaidBesideTheLines() async throws {
    let answer: FakeDaemon.Answer = { _, _, id, connection in
      guard case .number(let number) = id else { return }
      Self.send(1, id, connection)
      for count in [1_234_567, 0] {
        connection.send(notification: "stream", ["id": .int(number), "behind": .int(count)])
      }
      connection.send(notification: "stream", ["id": .int(number), "dropped": 4_000])
      connection.reply(to: id, result: ["items": 1])
    }
    try await withDaemon(answer) { daemon in
      let (_, output) = await rbotctl("logs", "-f", "--socket", daemon.path)
      #expect(output.lines.count == 1)
      #expect(output.complained.hasPrefix("rbotctl: … 1,234,567 lines behind\nrbotctl: no longer behind\n"))
      #expect(output.complained.contains("4,000 lines are missing here"))
      let (_, json) = await rbotctl("logs", "-f", "--json", "--socket", daemon.path)
      #expect(json.complained.hasPrefix("{\"behind\":1234567}\n{\"behind\":0}\n{\"dropped\":4000}\n"))
    }
  }

  @Test func aFollowerEndsWith4WhenTheDaemonGoesAway() async throws {
    let answer: FakeDaemon.Answer = { _, _, id, connection in
      Self.send(3, id, connection)
      connection.close()
    }
    try await withDaemon(answer) { daemon in
      let (status, output) = await rbotctl("logs", "-f", "--socket", daemon.path)
      #expect(status == .unreachable)
      #expect(output.lines.count == 3)
      #expect(output.complained.contains("the connection to rbotd at \(daemon.path) broke"))
    }
  }

  @Test func aFollowerEndsWith4WhenTheDaemonEndsTheStream() async throws {
    try await withDaemon(Self.stream(1)) { daemon in
      let (status, output) = await rbotctl("events", "-f", "--socket", daemon.path)
      #expect(status == .unreachable)
      #expect(output.complained == "rbotctl: rbotd ended the stream\n")
    }
  }

  @Test func aReaderThatLeavesEndsItSilently() async throws {
    let answer: FakeDaemon.Answer = { _, _, id, connection in Self.send(100, id, connection) }
    try await withDaemon(answer) { daemon in
      let (status, output) = await rbotctl(
        "logs", "-f", "--socket", daemon.path, output: Capture(bytesMax: 200))
      #expect(status == .done)
      #expect(output.complained.isEmpty)
    }
  }

  @Test func itemsOfAnotherStreamAreIgnored() async throws {
    let answer: FakeDaemon.Answer = { _, _, id, connection in
      connection.send(notification: "stream", ["id": 999, "item": Self.item(1)])
      connection.send(notification: "gossip", [:])
      connection.reply(to: id, result: ["items": 0])
    }
    try await withDaemon(answer) { daemon in
      let (status, output) = await rbotctl("logs", "--socket", daemon.path)
      #expect(status == .done)
      #expect(output.written.isEmpty)
    }
  }

  @Test(arguments: ["not json at all\n", "{\"half\":", "\u{0}\u{1}\n", "[1,2]\n"])
  func garbageIsAnErrorAndNoCrash(_ garbage: String) async throws {
    let answer: FakeDaemon.Answer = { _, _, _, connection in
      connection.send(encoded: ByteBuffer(string: garbage))
      connection.close()
    }
    try await withDaemon(answer) { daemon in
      let (status, output) = await rbotctl("status", "--socket", daemon.path)
      #expect(status == .unreachable)
      #expect(output.complained.hasPrefix("rbotctl: the connection to rbotd at"))
    }
  }

  @Test func anAnswerThatIsNoStatusIsSaidToBeNone() async throws {
    try await withDaemon(["status": ["strange": true]]) { daemon in
      let (status, output) = await rbotctl("status", "--socket", daemon.path)
      #expect(status == .refused)
      #expect(output.complained.contains("another version"))
    }
  }
}
