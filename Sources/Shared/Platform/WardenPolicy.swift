import Glibc

/// A call that a sandboxed thread waits with, as far as it matters.
enum WardenCall: Equatable {
  /// Where a `connect` goes.
  enum Destination: Equatable {
    /// A Unix socket, by absolute path.
    case path(String)
    /// A Unix socket in the abstract name space.
    case abstract(String)
    /// IPv4 or IPv6, on a socket of that family: the whole `sockaddr`.
    case internet([UInt8])
    /// Another address, which cannot be meant.
    case family(Int)
    /// Longer or shorter than any address.
    case malformed
    /// The thread's memory could not be read.
    case unreadable(Int32)
  }

  /// Who is to get a signal.
  enum Target: Equatable {
    /// The caller itself, or another of its tree.
    case own
    case stranger
    /// Nobody has that number.
    case nobody
  }

  case connect(Destination)
  case signal(call: String, Target, detail: String)
  /// How another thread or process is scheduled.
  case schedule(call: String, Target, detail: String)
  /// A file's mode or times.
  case change(FileChange)
  /// A new process or thread.
  case task(call: String)
  /// One that is never allowed.
  case other(call: String, detail: String)
}

/// Decides what a sandboxed tree may do, and how fast it is answered. A pure value: the driver reads the call,
/// counts the tasks and carries out the verdict.
struct WardenPolicy {
  enum Verdict: Equatable {
    /// The kernel carries it out.
    case proceed
    /// It returns this errno.
    case refuse(Int32)
    /// We connect the socket to this path ourselves: what is at the caller's address by now is not to be trusted.
    case connect(String)
    /// We connect it to this `sockaddr` of the internet ourselves, for the same reason.
    case reach([UInt8])
    /// We change the file ourselves, by a path below a folder that no link leads out of.
    case change(FileChange, folder: String, path: String)
  }

  struct Decision: Equatable {
    var verdict: Verdict
    /// What the supervisor tells of it.
    var told: RefusalTally.Kind?
  }

  /// Answers to one tree in a second, once the first ``burst`` are used up.
  static let perSecond = 200
  static let burst = 200

  /// Connections to its sockets that one tree gets in a second, once the first ``connectBurst`` are used up. The
  /// gateway ends those that say nothing after five seconds, so one tree holds a few dozen of its thousand.
  static let connectsPerSecond = 4
  static let connectBurst = 24

  private static let directories = ["/var/run/nscd/", "/run/nscd/", "/run/systemd/userdb/"]

  private let sockets: [String: String]
  private let allowsNetwork: Bool
  private let writable: [String]
  private var bucket: TokenBucket
  private var connects: TokenBucket

  /// - Parameters:
  ///   - sockets: the paths that may be asked for, and the configured path that each means.
  ///   - now: milliseconds.
  init(_ sandbox: Sandbox, sockets: [String: String], now: UInt64) {
    self.sockets = sockets
    allowsNetwork = sandbox.allowsNetwork
    writable = sandbox.writable
    tasks = sandbox.countsTasks ? sandbox.tasksMax.map(TaskLedger.init(max:)) : nil
    bucket = TokenBucket(capacity: Self.burst, perSecond: Self.perSecond, now: now)
    connects = TokenBucket(capacity: Self.connectBurst, perSecond: Self.connectsPerSecond, now: now)
  }

  /// The tasks of the tree, nil where they are not held.
  var tasks: TaskLedger?

  /// When the next call may be taken in; one that comes sooner waits in the kernel and hurts nobody else.
  ///
  /// - Returns: nil: now, and it has been counted.
  mutating func pause(now: UInt64) -> UInt64? {
    bucket.take(now: now) ? nil : bucket.next(now: now)
  }

  mutating func decide(_ call: WardenCall, now: UInt64) -> Decision {
    switch call {
    case .connect(let destination): return decide(destination, now: now)
    case .signal(_, .own, _): return Decision(verdict: .proceed)
    case .signal(_, .nobody, _): return Decision(verdict: .refuse(ESRCH))
    case .signal(let call, .stranger, let detail): return refuse(EPERM, call, detail)
    case .schedule(_, .own, _): return Decision(verdict: .proceed)
    case .schedule(_, .nobody, _): return Decision(verdict: .refuse(ESRCH))
    case .schedule(let call, .stranger, let detail): return refuse(EPERM, call, detail)
    case .change(let change): return decide(change)
    case .task(let call):
      guard let max = tasks?.max else { return Decision(verdict: .proceed) }
      if tasks?.admit(now: now) ?? true { return Decision(verdict: .proceed) }
      return refuse(EAGAIN, call, "more than \(max) processes and threads")
    case .other(let call, let detail):
      return refuse(call.hasPrefix("socket") ? EACCES : EPERM, call, detail)
    }
  }

  /// One of its connects was made.
  mutating func connected(now: UInt64) { _ = connects.take(now: now) }

  private mutating func decide(_ destination: WardenCall.Destination, now: UInt64) -> Decision {
    switch destination {
    case .path(let path):
      if let meant = sockets[path] {
        if connects.next(now: now) <= now { return Decision(verdict: .connect(meant)) }
        let pace = "more than \(Self.connectsPerSecond) connections a second"
        return refuse(EAGAIN, "connect", "\(path): \(pace)")
      }
      // The C library asks these first for every name; their absence is usual, and nothing to tell of.
      if Self.directories.contains(where: path.hasPrefix) { return Decision(verdict: .refuse(ENOENT)) }
      return refuse(EACCES, "connect", path)
    case .internet(let address) where allowsNetwork: return Decision(verdict: .reach(address))
    case .internet: return refuse(EACCES, "connect", "an internet address")
    case .abstract(let name): return refuse(EACCES, "connect", "@" + name)
    case .family(let family): return refuse(EACCES, "connect", "address family \(family)")
    case .malformed: return Decision(verdict: .refuse(EINVAL))
    case .unreadable(EFAULT): return Decision(verdict: .refuse(EFAULT))
    case .unreadable(let code): return refuse(EACCES, "connect", "unreadable: \(SystemError.text(code))")
    }
  }

  /// Where it may write, its owner may change what else a file has. Not so a device, which is nobody's own.
  private func decide(_ change: FileChange) -> Decision {
    for folder in writable where change.path.hasPrefix(folder + "/") && !change.gainsRights {
      let rest = String(change.path.dropFirst(folder.count + 1))
      return Decision(verdict: .change(change, folder: folder, path: rest))
    }
    return refuse(EPERM, change.call, change.path)
  }

  private func refuse(_ code: Int32, _ call: String, _ detail: String) -> Decision {
    Decision(verdict: .refuse(code), told: .init(call: call, detail: detail))
  }
}
