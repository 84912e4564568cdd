import CPlatform
import Glibc
import Synchronization

/// Answers the calls that sandboxed processes must ask for, and notes what they were refused.
///
/// One thread waits for all of them. It only looks and answers; a connect, which may wait for its peer, is made by
/// another of a few (``Connector``). What a tree asks faster than ``WardenPolicy/perSecond`` waits in the kernel,
/// and while one of its connects is on its way so does all else of that tree: no other notices.
///
/// A notification's memory is read once, and never by the kernel again for what was allowed by its content:
/// another thread of the caller may have changed it by then.
final class Warden: Sendable {
  /// A tree that is watched; shared by the warden's thread and the process thread.
  final class Watch: Sendable {
    let id: UInt64
    let listener: Int32
    let leader: Int32
    let spawnID: String
    let sandbox: Sandbox
    /// What was refused and not told yet.
    let tally: Mutex<RefusalTally>
    /// Set while the tree is being killed: nothing is answered any more, so that nothing forks any more.
    let isHeld = Atomic(false)

    init(id: UInt64, listener: Int32, leader: Int32, spawnID: String, sandbox: Sandbox) {
      self.id = id
      self.listener = listener
      self.leader = leader
      self.spawnID = spawnID
      self.sandbox = sandbox
      tally = Mutex(RefusalTally(now: MonotonicClock.milliseconds))
    }

    // Nobody waits for an answer to it any more, or the supervisor ends.
    deinit { close(listener) }
  }

  /// The end of a connect.
  struct Connected {
    let watch: UInt64
    let notification: UInt64
    let code: Int32
    /// To the internet.
    var isFar = false
    /// To one of the sockets that it may ask for.
    var isUnix = false
  }

  private struct Inbox {
    var watches: [UInt64: Watch] = [:]
    var leaders: [Int32: String] = [:]
    var connected: [Connected] = []
  }

  let epoll: Int32
  let wake: Int32
  private let inbox = Mutex(Inbox())

  /// Starts the thread.
  ///
  /// - Parameter tell: called on the thread when there is something in a watch's tally that is due; by its id.
  init(tell: @escaping @Sendable (UInt64) -> Void) throws(SystemError) {
    epoll = rbot_epoll_create()
    guard epoll >= 0 else { throw SystemError("make an epoll") }
    wake = rbot_eventfd()
    guard wake >= 0, rbot_epoll_add(epoll, wake, WardenLoop.wakeToken, UInt32(RBOT_EVENT_READ)) == 0 else {
      throw SystemError("make an eventfd")
    }
    let connector = Connector()
    try startThread(named: "warden") { [self] in WardenLoop(self, connector, tell: tell).run() }
  }

  /// Every process that the supervisor has started is known here, sandboxed or not, so that none is taken for a
  /// stray of another's tree.
  func leads(_ leader: Int32, _ spawnID: String) { inbox.withLock { $0.leaders[leader] = spawnID } }

  func ended(_ leader: Int32) { inbox.withLock { $0.leaders[leader] = nil } }

  /// Takes over a listener.
  func watch(_ watch: Watch) throws(SystemError) {
    inbox.withLock { $0.watches[watch.id] = watch }
    guard rbot_epoll_add(epoll, watch.listener, watch.id, UInt32(RBOT_EVENT_READ)) == 0 else {
      let error = SystemError("watch a sandbox")
      inbox.withLock { $0.watches[watch.id] = nil }
      throw error
    }
  }

  // MARK: - For the loop

  func watch(_ id: UInt64) -> Watch? { inbox.withLock { $0.watches[id] } }

  func drop(_ id: UInt64) { inbox.withLock { $0.watches[id] = nil } }

  func census(of watch: Watch) -> TreeCensus {
    TreeCensus(
      leader: watch.leader, spawnID: watch.spawnID, leaders: inbox.withLock { $0.leaders })
  }

  func connected(_ result: Connected) {
    inbox.withLock { $0.connected.append(result) }
    rbot_eventfd_signal(wake)
  }

  func takeConnected() -> [Connected] {
    rbot_eventfd_clear(wake)
    return inbox.withLock { inbox in
      defer { inbox.connected = [] }
      return inbox.connected
    }
  }
}
