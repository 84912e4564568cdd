import CPlatform
import Glibc
import Synchronization

/// A few threads that connect sockets on behalf of sandboxed processes.
///
/// Threads, because nothing else bounds the wait for a peer whose queue is full: whether a connect waits, and for
/// how long, is set on the open socket, which the asking process shares and may change meanwhile. A signal from a
/// timer ends it all the same. A tree has one connect on its way at most, so a full queue takes as many slow peers
/// as there are threads.
final class Connector: Sendable {
  private struct Job {
    let socket: Int32
    let path: String
    let completion: @Sendable (Int32) -> Void
  }

  private struct State {
    var jobs: [Job] = []
    var idle = 0
    var threads = 0
  }

  /// Threads, made when there is work for them.
  static let threadsMax = 4
  /// Those that may wait for a thread; more are answered with EAGAIN.
  static let jobsMax = 256
  /// How long a connect may take, in milliseconds.
  static let patience: Int32 = 1000

  private let state = Mutex(State())
  /// Counts the jobs; the threads wait here.
  private let ready: Int32 = rbot_semaphore()

  /// Connects and closes `socket`.
  ///
  /// - Parameter completion: called on another thread, with 0 or an errno.
  /// - Returns: false where too many wait; then the socket is closed and there will be no completion.
  func connect(_ socket: Int32, _ path: String, completion: @escaping @Sendable (Int32) -> Void) -> Bool {
    let (isTaken, wantsThread) = state.withLock { state in
      guard state.jobs.count < Self.jobsMax else { return (false, false) }
      state.jobs.append(Job(socket: socket, path: path, completion: completion))
      let wantsThread = state.jobs.count > state.idle && state.threads < Self.threadsMax
      if wantsThread { state.threads += 1 }
      return (true, wantsThread)
    }
    guard isTaken else {
      close(socket)
      return false
    }
    if wantsThread {
      do {
        try startThread(named: "connector") { [self] in work() }
      } catch {
        state.withLock { $0.threads -= 1 }
      }
    }
    rbot_eventfd_signal(ready)
    return true
  }

  private func work() {
    while true {
      state.withLock { $0.idle += 1 }
      rbot_semaphore_wait(ready)
      let job = state.withLock { state -> Job? in
        state.idle -= 1
        return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
      }
      guard let job else { continue }
      let code = rbot_connect_unix(job.socket, job.path, Self.patience)
      close(job.socket)
      job.completion(code)
    }
  }
}
