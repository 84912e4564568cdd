import CPlatform
import Glibc
import Synchronization

/// The one thread that starts, signals, watches and reaps processes.
///
/// A child's parent-death signal is bound to the *thread* that made it, so that thread must never end: this one
/// does not. Calls only leave a note for it and return at once; completions and events come from it, and must
/// return quickly, because meanwhile nothing is reaped.
///
/// ```swift
/// Signals.blockAll()
/// let processes = try ProcessThread { event in … }
/// processes.spawn(request) { result in … }
/// ```
public final class ProcessThread: Sendable {
  private let mailbox: Mailbox

  /// Starts the thread; this process becomes the parent of all descendants that lose theirs, and SIGCHLD,
  /// SIGTERM, SIGINT and SIGHUP are this thread's. A process has one such thread.
  ///
  /// - Parameter onEvent: called on the thread, in order.
  /// - Throws: ``SystemError`` where the descriptors or the thread cannot be made.
  public init(onEvent: @escaping @Sendable (ProcessEvent) -> Void) throws(SystemError) {
    guard rbot_become_subreaper() == 0 else { throw SystemError("become a subreaper") }
    let wake = rbot_eventfd()
    guard wake >= 0 else { throw SystemError("make an eventfd") }
    let signals = rbot_eventfd()
    guard signals >= 0, rbot_catch_signals(Signals.taken, Int32(Signals.taken.count), signals) == 0 else {
      throw SystemError("catch signals")
    }
    let epoll = rbot_epoll_create()
    guard epoll >= 0 else { throw SystemError("make an epoll") }
    let mailbox = Mailbox(wake: wake)
    self.mailbox = mailbox
    let warden = try Warden { mailbox.put(.tellRefusals($0)) }
    try startThread(named: "processes") {
      _ = rbot_take_signals(Signals.taken, Int32(Signals.taken.count))
      ProcessLoop(epoll: epoll, signals: signals, mailbox: mailbox, warden: warden, onEvent: onEvent).run()
    }
  }

  /// Starts a process. The completion is called once: with the process when its command runs, with an error
  /// when a stage before that failed. Events of a process come only after its completion succeeded.
  public func spawn(
    _ request: SpawnRequest, completion: @escaping @Sendable (Result<SpawnedProcess, SpawnError>) -> Void
  ) {
    mailbox.put(.spawn(request, completion))
  }

  /// Signals the leader. One that has ended gets nothing, and nobody else does in its place.
  public func signal(_ process: ProcessHandle, _ number: Int32) { mailbox.put(.signal(process, number)) }

  /// Signals every process of the tree, as for SIGSTOP and SIGCONT of a freeze.
  public func signalTree(_ process: ProcessHandle, _ number: Int32) {
    mailbox.put(.signalTree(process, number))
  }

  /// Kills the leader and all that it started, however they have hidden; `exited` and then `emptied` follow.
  /// A tree whose leader has ended is killed without being asked.
  public func killTree(_ process: ProcessHandle) { mailbox.put(.killTree(process)) }

  /// The same for a spawn that has not completed, by its mark: rbot-exec may be held up before it comes to the
  /// command, as by a folder on a file system that does not answer. The completion comes with an error then.
  public func killTree(ofSpawn spawnID: String) { mailbox.put(.killSpawn(spawnID)) }
}

/// What other threads want of the process thread.
enum ProcessCommand: Sendable {
  case spawn(SpawnRequest, @Sendable (Result<SpawnedProcess, SpawnError>) -> Void)
  case signal(ProcessHandle, Int32)
  case signalTree(ProcessHandle, Int32)
  case killTree(ProcessHandle)
  case killSpawn(String)
  /// There are refusals to tell of the process with this id.
  case tellRefusals(UInt64)
}

/// Notes for the process thread. It holds as many as there are callers with something to ask: each supervised
/// process has at most a few on their way.
final class Mailbox: Sendable {
  /// Readable while there are notes.
  let wake: Int32
  private let notes = Mutex<[ProcessCommand]>([])

  init(wake: Int32) { self.wake = wake }

  func put(_ command: ProcessCommand) {
    notes.withLock { $0.append(command) }
    rbot_eventfd_signal(wake)
  }

  var isEmpty: Bool { notes.withLock { $0.isEmpty } }

  func takeAll() -> [ProcessCommand] {
    rbot_eventfd_clear(wake)
    return notes.withLock { held in
      defer { held.removeAll() }
      return held
    }
  }
}
