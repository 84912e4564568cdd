import CPlatform
import Glibc

/// Killing trees, and reaping those whom nobody else reaps.
extension ProcessLoop {
  /// How long a tree may resist SIGKILL before its survivors are reported: the kernel holds them then.
  private static let patience: UInt64 = 10_000

  /// Milliseconds until a tree has to be looked at again, -1 where none is being killed.
  func nextTimeout() -> Int32 {
    guard let due = children.values.compactMap({ $0.sweep?.due }).min() else { return -1 }
    let now = MonotonicClock.milliseconds
    return due <= now ? 0 : Int32(min(due - now, 60_000))
  }

  func startSweep(_ child: Child) {
    let now = MonotonicClock.milliseconds
    let deadline = child.sweep?.deadline ?? now + Self.patience
    child.sweep = (due: now, pause: 1, deadline: deadline)
    sweep(child)
  }

  func sweepDue() {
    let now = MonotonicClock.milliseconds
    for child in children.values where child.sweep.map({ $0.due <= now }) ?? false { sweep(child) }
  }

  /// One round: kill who lives, and forget the tree when nobody does.
  private func sweep(_ child: Child) {
    guard let state = child.sweep else { return }
    if let cgroup = child.request.cgroup { try? cgroup.kill() }
    let survivors = hasMembers(child) ? kill(child) : []
    let isEmpty = survivors.isEmpty && child.request.cgroup?.isEmpty ?? true
    let now = MonotonicClock.milliseconds
    if child.phase == .clearing, isEmpty || now >= state.deadline {
      forget(child, survivors: survivors)
    } else {
      child.sweep = (due: now + state.pause, pause: min(state.pause * 2, 50), deadline: state.deadline)
    }
  }

  /// A quick answer for the usual case: a dead leader's descendants all descend from orphans, so where we have
  /// no orphans there is nothing to search the whole table for.
  private func hasMembers(_ child: Child) -> Bool {
    guard child.phase == .clearing else { return true }
    let known = Set(children.values.map(\.handle.pid))
    let session = getsid(0)
    for _ in 0..<2 {
      for pid in ProcessTable.children(of: getpid()) where !known.contains(pid) {
        if let entry = ProcessTable.entry(pid), !entry.isZombie, entry.session != session { return true }
      }
    }
    return false
  }

  func members(of child: Child) -> [ProcessEntry] {
    let tree = tree(of: child)
    return tree.members(in: ProcessTable.descendants(except: Set(tree.others.keys))) {
      ProcessTable.environment(of: $0, ProcessTree.marker)
    }
  }

  private func tree(of child: Child) -> ProcessTree {
    var others: [Int32: String] = [:]
    for other in children.values where other !== child { others[other.handle.pid] = other.request.spawnID }
    return ProcessTree(
      supervisor: getpid(), supervisorSession: getsid(0), leader: child.handle.pid,
      leaderStart: child.launch.startTicks, spawnID: child.request.spawnID, others: others)
  }

  /// Kills the members that there are. More than one may be forking faster than we kill, so they are stopped
  /// first until a look finds no new one: a stopped process forks nothing.
  private func kill(_ child: Child) -> [Int32] {
    var living = members(of: child)
    if living.count > 1 {
      var stopped: Set<Int32> = []
      for _ in 0..<16 {
        let running = living.filter { !stopped.contains($0.pid) }
        if running.isEmpty { break }
        for member in running {
          ProcessTree.signal(member, SIGSTOP)
          stopped.insert(member.pid)
        }
        living = members(of: child)
      }
    }
    for member in living { ProcessTree.signal(member, SIGKILL) }
    chase(child)
    return living.map(\.pid)
  }

  /// Strikes at orphans one by one as they are seen. One that forks and ends, over and over, is a new process
  /// every fraction of a millisecond, and gone before a look at a whole tree is over; but it is always our
  /// direct child, and each of these rounds is about as quick as its.
  private func chase(_ child: Child) {
    guard child.phase == .clearing else { return }
    let tree = tree(of: child)
    for _ in 0..<20 {
      var isQuiet = true
      for pid in ProcessTable.children(of: getpid()) where pid != tree.leader && tree.others[pid] == nil {
        guard let entry = ProcessTable.entry(pid), !entry.isZombie, !tree.orphans([entry]).isEmpty else {
          continue
        }
        isQuiet = false
        if tree.belongs(entry, mark: { ProcessTable.environment(of: $0, ProcessTree.marker) }) {
          ProcessTree.signal(entry, SIGKILL)
        }
      }
      if isQuiet { return }
      reapOrphans()
    }
  }

  private func forget(_ child: Child, survivors: [Int32]) {
    var wait = rbot_wait()
    _ = rbot_wait_pidfd(child.launch.pidfd, false, &wait)
    close(child.launch.pidfd)
    children[child.handle.id] = nil
    if let cgroup = child.request.cgroup { try? cgroup.remove() }
    // Empty means without zombies too.
    reapOrphans()
    onEvent(.emptied(child.handle, survivors: survivors))
  }

  /// Reaps every adopted orphan that has ended. Children that others in this process made (they share our
  /// session) are left to them.
  func reapOrphans() {
    let known = Set(children.values.map(\.handle.pid))
    let session = getsid(0)
    var reaped = 0
    var before = -1
    // Reaping one may hide the next from the list, so look again; not for ever, as they may come as fast as
    // they go.
    for _ in 0..<8 where before != reaped {
      before = reaped
      for pid in ProcessTable.children(of: getpid()) where !known.contains(pid) {
        guard let entry = ProcessTable.entry(pid), entry.isZombie, entry.session != session else { continue }
        var wait = rbot_wait()
        guard rbot_wait_pid(pid, &wait) == 0, wait.pid == pid else { continue }
        reaped += 1
        onEvent(.orphanReaped(pid: pid, ExitStatus(wait)))
      }
    }
    guard reaped > 0 else { return }
    for child in children.values where child.sweep != nil { child.sweep?.due = 0 }
  }
}
