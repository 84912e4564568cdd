import CPlatform
import Glibc

/// A few threads that do on behalf of sandboxed processes what may take a while: they connect their sockets and change
/// their files.
///
/// Threads, because nothing else bounds the wait for a peer whose queue is full: whether a connect waits, and for
/// how long, is set on the open socket, which the asking process shares and may change meanwhile. A signal from a
/// timer ends it all the same. A tree has one connect on its way at most, so a full queue takes as many slow peers
/// as there are threads.
final class Connector: Sendable {
  /// Those that may wait for a thread; more are answered with EAGAIN.
  static let jobsMax = 256
  /// How long a connect to a Unix socket may take, in milliseconds.
  static let patience: Int32 = 1000
  /// And one to the internet on a socket that waits.
  static let patienceFar: Int32 = 10_000

  private let threads: WorkThreads

  /// - Parameter threadsMax: threads, all but the first made when there is work for them.
  init(threadsMax: Int = 4) {
    threads = WorkThreads(named: "connector", atOnce: 1...threadsMax, jobsMax: Self.jobsMax)
  }

  /// Connects and closes `socket`.
  ///
  /// - Parameter completion: called on another thread, with 0 or an errno.
  /// - Returns: false where too many wait; then the socket is closed and there will be no completion.
  func connect(_ socket: Int32, _ path: String, completion: @escaping @Sendable (Int32) -> Void) -> Bool {
    let task: @Sendable () -> Int32 = {
      defer { close(socket) }
      return rbot_connect_unix(socket, path, Self.patience)
    }
    if perform(task, completion: completion) { return true }
    close(socket)
    return false
  }

  /// The same for a `sockaddr` of the internet. One that does not wait is told so, as ever.
  func reach(_ socket: Int32, _ address: [UInt8], completion: @escaping @Sendable (Int32) -> Void) -> Bool {
    let task: @Sendable () -> Int32 = {
      defer { close(socket) }
      let code = rbot_connect_within(socket, address, address.count, Self.patienceFar)
      return code == EINTR ? ETIMEDOUT : code
    }
    if perform(task, completion: completion) { return true }
    close(socket)
    return false
  }

  /// - Returns: false where too many wait; then there will be no completion.
  func perform(_ task: @escaping @Sendable () -> Int32, completion: @escaping @Sendable (Int32) -> Void)
    -> Bool
  {
    threads.run { completion(task()) }
  }
}
