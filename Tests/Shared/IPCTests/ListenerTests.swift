import Glibc
import IPC
import NIOCore
import NIOPosix
import Platform
import Testing
import Wire

@Suite("Listeners")
struct ListenerTests {
  private let loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()

  private func temporaryPath() -> String { "/tmp/rbot-ipc-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock" }

  @Test("a listener knows who connects, answers, and takes its file along")
  func listening() async throws {
    let path = temporaryPath()
    let server = Recorder(loop) { frame, connection in
      guard case .request(let id) = frame.kind, let peer = connection.peer else { return }
      connection.reply(to: id, result: ["pid": .int(peer.pid), "uid": .int(peer.uid)])
    }
    let listener = try await Listener.bind(path: path, mode: 0o600, on: loop) { _ in server }.get()
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    let client = try await Connection.connect(path: path, on: loop, handler: Recorder(loop)).get()
    let answer = try await loop.flatSubmit { client.request("who") }.get()
    #expect(answer["pid"]?.intValue == Int(getpid()))
    #expect(answer["uid"]?.intValue == Int(getuid()))
    listener.close()
    #expect(access(path, F_OK) != 0)
    try await loop.submit { client.close() }.get()
  }

  @Test("a peer that is not wanted is let go")
  func refusing() async throws {
    let path = temporaryPath()
    let listener = try await Listener.bind(path: path, mode: 0o600, on: loop) { _ in nil }.get()
    let recorder = Recorder(loop)
    _ = try await Connection.connect(path: path, on: loop, handler: recorder).get()
    #expect(try await recorder.wait { $0.reason != nil }.reason != nil)
    listener.close()
  }

  @Test("a path that Linux cannot take is named")
  func longPath() async throws {
    let path = "/tmp/" + String(repeating: "x", count: 120)
    let failure = await #expect(throws: IPCError.self) {
      _ = try await Listener.bind(path: path, mode: 0o600, on: loop) { _ in nil }.get()
    }
    #expect(failure?.description.contains("shorter --home") == true)
  }
}
