import Glibc
import IPC
import Model
import NIOCore
import NIOPosix
import Wire

/// A connection to rbotd: greeted, ready for requests.
struct Client: Sendable {
  /// Commands that wait for a worker to stop take as long as its stop timeout.
  static let commandTimeout = TimeAmount.seconds(120)
  static let requestTimeout = TimeAmount.seconds(15)
  /// A stream ends when it ends.
  private static let streamTimeout = TimeAmount.hours(24 * 3_650)

  private let connection: Connection
  private let receiver: StreamReceiver
  private let path: String

  /// Connects and says hello.
  ///
  /// - Parameter advice: what to do where nobody listens.
  /// - Throws: ``Failure`` that says which socket was tried and what to do.
  static func connect(to path: String, on loop: any EventLoop, advice: String = "") async throws -> Client {
    let receiver = StreamReceiver(on: loop)
    let connection: Connection
    do {
      connection = try await Connection.connect(path: path, on: loop, handler: receiver).get()
    } catch {
      // There was no connection whose end could be told.
      receiver.ended.fail(error)
      throw unreachable(path, error, advice)
    }
    let client = Client(connection: connection, receiver: receiver, path: path)
    do {
      _ = try await client.request(
        "hello",
        [
          "protocol": [
            .int(WireLimits.protocolVersions.lowerBound), .int(WireLimits.protocolVersions.upperBound),
          ],
          "client": .string("rbotctl/\(Version.text)"),
        ], timeout: .seconds(5))
    } catch {
      client.close()
      throw error
    }
    return client
  }

  /// - Throws: ``Failure``, or ``Wire/RPCError`` with the daemon's refusal.
  func request(_ method: String, _ params: JSON = [:], timeout: TimeAmount = requestTimeout) async throws
    -> JSON
  {
    let (connection, loop) = (connection, connection.eventLoop)
    do {
      return try await loop.flatSubmit { connection.request(method, params, timeout: timeout) }.get()
    } catch let error as RPCError {
      throw await explained(error, method)
    }
  }

  /// Asks for a stream and gives each item to `deliver`, on the connection's loop: while it writes, nothing is
  /// read, so a slow terminal slows the daemon's sending and not our memory.
  ///
  /// - Returns: the final answer.
  func stream(
    _ method: String, _ params: JSON, deliver: @escaping @Sendable (JSON) throws -> Void,
    note: @escaping @Sendable (StreamNote) -> Void = { _ in }
  ) async throws -> JSON {
    let (connection, receiver) = (connection, receiver)
    do {
      return try await connection.eventLoop.flatSubmit {
        connection.request(timeout: Self.streamTimeout, method: method) { id, buffer in
          receiver.begin(id, deliver, note: note)
          buffer.writeRequest(id, method, params)
        }
      }.get()
    } catch let error as RPCError {
      throw await explained(error, method)
    }
  }

  func close() {
    let connection = connection
    connection.eventLoop.execute { connection.close() }
  }

  /// What our own side says about a request becomes a failure to reach the daemon; the daemon's word stays.
  private func explained(_ error: RPCError, _ method: String) async -> any Error {
    switch error.reason {
    case "timeout":
      return Failure(.unreachable, "timeout", "rbotd at \(path) did not answer to \(method) in time")
    case "connection_closed":
      let end = try? await receiver.ended.futureResult.get()
      if let failure = end?.failure { return failure }
      let why = end.map { "\($0.reason)" } ?? error.message
      return Failure(.unreachable, "connection_closed", "the connection to rbotd at \(path) broke: \(why)")
    default: return error
    }
  }

  private static func unreachable(_ path: String, _ error: any Error, _ advice: String) -> Failure {
    let code = (error as? IOError)?.errnoCode
    let why: String
    var advice = advice.isEmpty ? "" : "; \(advice)"
    switch code {
    case ENOENT: why = "there is no such socket"
    case ECONNREFUSED: why = "nobody listens there"
    case EACCES, EPERM:
      why = "you are not allowed to"
      advice = "; be the user who runs it, or root, or a member of the socket's group"
    case let code?: why = String(cString: strerror(code))
    case nil: why = "\(error)"
    }
    return Failure(.unreachable, "unreachable", "cannot reach rbotd at \(path): \(why)\(advice)")
  }
}
