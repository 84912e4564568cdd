import CPlatform
import Glibc

/// Which processes belong to a spawned leader. A pure value, so that a test can put any table before it.
///
/// Every descendant of ours stays one: we are the subreaper, so whoever loses its parent becomes *our* child
/// (an orphan). A process therefore belongs to a leader when
///
/// 1. it descends from the leader; or
/// 2. it is in the leader's session (the pid of the session cannot be used again while we keep the leader
///    unreaped); or
/// 3. it descends from an orphan that belongs to the leader by its session or by the marker in its
///    environment; or
/// 4. it descends from an orphan that belongs to nobody: it left its session *and* wiped its environment *and*
///    let its parent die. Nothing does that by accident. Whose it was cannot be known any more, and what hides
///    from its supervisor is not allowed to outlive the next stop, so every leader claims it.
///
/// Our children in our own session are not orphans: a spawned process has a session of its own from the first
/// moment on, and nobody can join an older one. Those are somebody else's children in this process.
public struct ProcessTree {
  /// The environment variable that marks a spawn.
  public static let marker = "RBOT_SPAWN_ID"

  /// Who is asking: the adopting process.
  var supervisor: Int32
  /// The adopting process's session.
  var supervisorSession: Int32
  /// The leader's pid, its start time, and its mark.
  var leader: Int32
  var leaderStart: UInt64
  var spawnID: String
  /// The other leaders that are known: pid and mark.
  var others: [Int32: String]

  /// The living members in a table; `mark` reads the marker of an orphan. Nil: it has none. Empty: it is ending
  /// and cannot be asked any more, so it is nobody's; another worker's that come and go would keep a stop from
  /// ever being done.
  func members(in table: [Int32: ProcessEntry], mark: (Int32) -> String?) -> [ProcessEntry] {
    let children = Dictionary(grouping: table.values, by: \.parent)
    var found: [Int32: ProcessEntry] = [:]
    var pending: [ProcessEntry] = []
    if let root = table[leader], root.startTicks == leaderStart { pending.append(root) }
    pending += orphans(children[supervisor] ?? []).filter { belongs($0, mark: mark) }
    while let next = pending.popLast() {
      guard found.updateValue(next, forKey: next.pid) == nil else { continue }
      pending += children[next.pid] ?? []
    }
    return found.values.filter { !$0.isZombie }.sorted { $0.pid < $1.pid }
  }

  /// Our children that we did not spawn.
  func orphans(_ children: [ProcessEntry]) -> [ProcessEntry] {
    children.filter { $0.session != supervisorSession && $0.pid != leader && others[$0.pid] == nil }
  }

  func belongs(_ orphan: ProcessEntry, mark: (Int32) -> String?) -> Bool {
    if orphan.session == leader { return true }
    if others[orphan.session] != nil { return false }
    guard let mark = mark(orphan.pid) else { return true }
    if mark.isEmpty { return false }
    return mark == spawnID || !others.values.contains(mark)
  }

  /// The processes of this system whose marker begins with `prefix`: what a supervisor that was killed left.
  /// Those that cannot be read (another user's) are not seen.
  public static func strays(markedWith prefix: String) -> [Int32] {
    ProcessTable.all().values.filter { entry in
      !entry.isZombie && ProcessTable.environment(of: entry.pid, marker)?.hasPrefix(prefix) == true
    }.map(\.pid).sorted()
  }

  /// Kills the strays, round after round until none is left, and says which they were. Takes milliseconds per
  /// round; for the start, before anything runs.
  @discardableResult
  public static func killStrays(markedWith prefix: String, roundsMax: Int = 200) -> [Int32] {
    var killed: Set<Int32> = []
    for _ in 0..<roundsMax {
      let strays = ProcessTable.all().values.filter { entry in
        !entry.isZombie && entry.pid != getpid()
          && ProcessTable.environment(of: entry.pid, marker)?.hasPrefix(prefix) == true
      }
      if strays.isEmpty { break }
      for stray in strays { killed.insert(stray.pid) }
      for stray in strays { ProcessTree.signal(stray, SIGKILL) }
      usleep(2_000)
    }
    return killed.sorted()
  }

  /// Signals exactly this process: its pidfd first, then a look whether the start time is still the one that
  /// was seen, so a pid that went to somebody else meanwhile gets nothing.
  static func signal(_ entry: ProcessEntry, _ number: Int32) {
    let pidfd = rbot_pidfd_open(entry.pid)
    guard pidfd >= 0 else { return }
    defer { close(pidfd) }
    guard ProcessTable.entry(entry.pid)?.startTicks == entry.startTicks else { return }
    _ = rbot_pidfd_signal(pidfd, number)
  }
}

extension ProcessTree {
  /// Our children that have ended and wait to be reaped, those of our own session excluded; for tests and for
  /// the figures that the daemon shows about itself.
  public static func zombies() -> [Int32] {
    let session = getsid(0)
    return ProcessTable.children(of: getpid()).filter { pid in
      ProcessTable.entry(pid).map { $0.isZombie && $0.session != session } ?? false
    }
  }
}
