import Glibc
import IPC
import NIOCore
import NIOPosix
import Synchronization
import Wire

/// A control server in a folder of its own, whose answers a test writes.
final class FakeDaemon: Sendable {
  struct NoFolder: Error {}

  /// What to do with a request, on the connection's loop.
  typealias Answer = @Sendable (String, JSON, RequestID, Connection) -> Void

  let path: String
  private let folder: String
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let listener: Listener
  private let seen: Seen

  /// Methods and parameters as they came, without `hello`.
  var requests: [(method: String, params: JSON)] { seen.requests.withLock { $0 } }

  final class Seen: Sendable {
    let requests = Mutex<[(method: String, params: JSON)]>([])
  }

  private struct Peer: ConnectionHandler {
    let seen: Seen
    let answer: Answer

    func received(_ frame: Frame, on connection: Connection) {
      guard case .request(let id) = frame.kind else { return }
      if frame.methodIs("hello") {
        connection.reply(to: id, result: ["protocol": 1, "version": "0.1.0"])
      } else {
        seen.requests.withLock { $0.append((frame.method, frame.params())) }
        answer(frame.method, frame.params(), id, connection)
      }
    }

    func closed(_ connection: Connection, reason: CloseReason) {}
  }

  init(_ answer: @escaping Answer) async throws {
    var template = Array("/tmp/rbotctl-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw NoFolder() }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = folder + "/control.sock"
    let seen = Seen()
    self.seen = seen
    listener = try await Listener.bind(path: path, mode: 0o600, on: group.next()) { _ in
      Peer(seen: seen, answer: answer)
    }.get()
  }

  func end() async throws {
    let listener = listener
    try await group.next().submit { listener.close() }.get()
    try await group.shutdownGracefully()
    rmdir(folder)
  }
}

/// Starts a fake daemon, and ends it whatever happens.
func withDaemon(
  _ answer: @escaping FakeDaemon.Answer, _ body: (FakeDaemon) async throws -> Void
) async throws {
  let daemon = try await FakeDaemon(answer)
  do { try await body(daemon) } catch {
    try await daemon.end()
    throw error
  }
  try await daemon.end()
}

func withDaemon(_ results: [String: JSON], _ body: (FakeDaemon) async throws -> Void) async throws {
  try await withDaemon(
    { method, _, id, connection in
      if let result = results[method] {
        connection.reply(to: id, result: result)
      } else {
        connection.reply(to: id, error: .unknownMethod(method))
      }
    }, body)
}
