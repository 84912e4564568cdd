import Glibc
import IPC
import NIOCore
import NIOPosix
import Testing
import Wire

/// A connection whose other end is a bare socket that the test reads and writes.
struct Pair {
  let loop: any EventLoop
  let recorder: Recorder
  let connection: Connection
  let bare: CInt

  init(answer: @escaping @Sendable (Frame, Connection) -> Void = { _, _ in }) async throws {
    loop = MultiThreadedEventLoopGroup.singleton.next()
    recorder = Recorder(loop, answer: answer)
    var ends: [CInt] = [0, 0]
    #expect(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
    bare = ends[1]
    connection = try await Connection.adopt(fd: ends[0], on: loop, handler: recorder).get()
  }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { send(bare, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Reads until the line feed or the end.
  func readLine() -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while read(bare, &byte, 1) == 1, byte != 0x0A { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }

  func onLoop<T: Sendable>(_ body: @escaping @Sendable (Connection) -> T) async throws -> T {
    let connection = connection
    return try await loop.submit { body(connection) }.get()
  }

  func end() { close(bare) }
}

@Suite("Connections")
struct ConnectionTests {
  @Test("messages arrive whole, however the bytes are cut")
  func pieces() async throws {
    let pair = try await Pair()
    defer { pair.end() }
    let line = #"{"method":"log","params":{"level":"info","message":"Größe"}}"# + "\n"
    for byte in line.utf8 { _ = withUnsafeBytes(of: byte) { send(pair.bare, $0.baseAddress, 1, 0) } }
    pair.write(line + line)
    let seen = try await pair.recorder.wait { $0.frames.count == 3 }
    #expect(seen.frames.allSatisfy { $0.methodIs("log") })
  }

  @Test("a request is answered by its id, whatever comes first")
  func requests() async throws {
    let pair = try await Pair()
    defer { pair.end() }
    let connection = pair.connection
    let first = pair.loop.flatSubmit { connection.request("one") }
    let second = pair.loop.flatSubmit { connection.request("two") }
    #expect(pair.readLine() == #"{"jsonrpc":"2.0","id":1,"method":"one","params":{}}"#)
    #expect(pair.readLine() == #"{"jsonrpc":"2.0","id":2,"method":"two","params":{}}"#)
    pair.write(
      #"{"id":2,"result":"b"}"# + "\n" + #"{"id":9,"result":"nobody asked"}"# + "\n"
        + #"{"id":1,"error":{"code":-32000,"message":"no","data":{"reason":"why"}}}"# + "\n")
    #expect(try await second.get() == "b")
    await #expect(throws: RPCError.refused("why", "no")) { try await first.get() }
  }

  @Test("who gets an answer may ask the next thing at once")
  func askingAgain() async throws {
    let pair = try await Pair()
    defer { pair.end() }
    let second = try await pair.onLoop { connection in
      let asked = connection.eventLoop.makePromise(of: JSON.self)
      connection.request("first").assumeIsolated().whenComplete { _ in
        connection.request("second").cascade(to: asked)
      }
      return asked.futureResult
    }
    #expect(pair.readLine().contains("first"))
    pair.write(#"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n")
    #expect(pair.readLine().contains("second"))
    pair.write(#"{"jsonrpc":"2.0","id":2,"result":{"n":2}}"# + "\n")
    #expect(try await second.get()["n"]?.intValue == 2)
  }

  @Test("a request fails when its time is up, and when the connection ends")
  func requestsEnd() async throws {
    let pair = try await Pair()
    let connection = pair.connection
    let late = pair.loop.flatSubmit { connection.request("late", timeout: .milliseconds(20)) }
    await #expect(throws: RPCError.refused("timeout", "no answer to late in time")) { try await late.get() }
    #expect(pair.readLine().contains("late"))
    let cut = pair.loop.flatSubmit { connection.request("cut") }
    #expect(pair.readLine().contains("cut"))
    pair.end()
    await #expect(throws: RPCError.refused("connection_closed", "the connection was closed")) {
      try await cut.get()
    }
    let seen = try await pair.recorder.wait { $0.reason != nil }
    #expect(seen.reason == .peer)
  }

  @Test(
    "what is no message gets an error and ends the connection",
    arguments: [
      "garbage\n", "\n", "{\"id\":4,\"method\":}\n", "\u{7F}\n", "[]\n",
    ])
  func garbage(text: String) async throws {
    let pair = try await Pair()
    defer { pair.end() }
    pair.write(text + #"{"method":"after"}"# + "\n")
    #expect(pair.readLine().contains("\"error\""))
    let seen = try await pair.recorder.wait { $0.reason != nil }
    guard case .malformed = seen.reason else {
      Issue.record("closed for another reason: \(String(describing: seen.reason))")
      return
    }
    #expect(seen.frames.isEmpty)
  }

  @Test("a message longer than the limit is refused before it ends")
  func tooLong() async throws {
    let pair = try await Pair()
    defer { pair.end() }
    pair.write(String(repeating: "x", count: WireLimits.messageBytes + 1))
    #expect(pair.readLine().contains("longer than 1048576 bytes"))
    _ = try await pair.recorder.wait { $0.reason != nil }
  }

  @Test("what may be thinned is refused to a peer that does not read, and taken again when it does")
  func thinning() async throws {
    let pair = try await Pair()
    let lines = ByteBuffer(string: String(repeating: "x", count: 65_535) + "\n")
    let taken = try await pair.onLoop { connection in
      (0..<1_000).prefix { _ in connection.sendThinnable(encoded: lines) }.count
    }
    #expect(taken < 1_000)
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var left = taken * 65_536
    while left > 0 {
      let count = read(pair.bare, &bytes, bytes.count)
      try #require(count > 0)
      left -= count
    }
    _ = try await pair.recorder.wait { $0.drains == 1 }
    #expect(try await pair.onLoop { $0.sendThinnable(encoded: lines) })
    pair.end()
  }

  @Test("a peer that lets too much pile up is disconnected")
  func overflow() async throws {
    let pair = try await Pair()
    defer { pair.end() }
    let lines = ByteBuffer(string: String(repeating: "x", count: 1 << 20))
    try await pair.onLoop { connection in
      for _ in 0..<18 { connection.send(encoded: lines) }
    }
    #expect(try await pair.recorder.wait { $0.reason != nil }.reason == .overflow)
  }

  @Test("a peer that reads nothing is disconnected within the bound")
  func stall() async throws {
    let pair = try await Pair()
    defer { pair.end() }
    let lines = ByteBuffer(string: String(repeating: "x", count: 4 << 20))
    try await pair.onLoop { $0.send(encoded: lines) }
    #expect(try await pair.recorder.wait { $0.reason != nil }.reason == .stalled)
  }

  @Test("a peer that leaves only thinnable bytes unread is kept")
  func patience() async throws {
    let pair = try await Pair()
    let lines = ByteBuffer(string: String(repeating: "x", count: 65_535) + "\n")
    try await pair.onLoop { connection in while connection.sendThinnable(encoded: lines) {} }
    // Longer than a peer may leave unread what must arrive.
    try await pair.loop.scheduleTask(in: .seconds(Int64(ConnectionLimits.stallSeconds) + 1)) {}.futureResult
      .get()
    #expect(try await pair.onLoop { $0.pendingBytes > 0 })
    pair.end()
    #expect(try await pair.recorder.wait { $0.reason != nil }.reason == .peer)
  }

  @Test("an answer that is longer than a message may be becomes an error")
  func longAnswer() async throws {
    let pair = try await Pair { frame, connection in
      guard case .request(let id) = frame.kind else { return }
      connection.reply(to: id, result: .string(String(repeating: "x", count: WireLimits.messageBytes)))
    }
    defer { pair.end() }
    pair.write(#"{"jsonrpc":"2.0","id":3,"method":"much"}"# + "\n")
    #expect(pair.readLine().contains("answer_too_long"))
  }
}
