import CPlatform
import Glibc
import Synchronization

/// Killing trees, and reaping those whom nobody else reaps.
extension ProcessLoop {
  /// How long a tree may resist SIGKILL before its survivors are reported: the kernel holds them then.
  private static let patience: UInt64 = 10_000

  /// Milliseconds until a tree has to be looked at again, -1 where none is being killed.
  func nextTimeout() -> Int32 {
    let due = min(children.values.lazy.compactMap { $0.sweep?.due }.min() ?? .max, nextLaunchDue ?? .max)
    guard due < .max else { return -1 }
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
    let hasMembers = hasMembers(child)
    let (survivors, isQuiet) = hasMembers ? kill(child) : ([], true)
    let isEmpty = survivors.isEmpty && isQuiet && child.request.cgroup?.isEmpty ?? true
    let now = MonotonicClock.milliseconds
    let isOver = now >= state.deadline
    // Where others' orphans come and go for so long that no look was quiet, it is enough that nobody was found.
    let isDeserted = survivors.isEmpty && child.request.cgroup?.isEmpty ?? true
    if child.phase == .clearing, isEmpty || (isOver && isDeserted) {
      forget(child, hadMembers: hasMembers)
      return
    }
    if isOver, !child.hasResisted, !survivors.isEmpty {
      child.hasResisted = true
      tell(.resisted(child.handle, survivors: survivors))
    }
    let pauseMax: UInt64 = isOver ? 1_000 : 50
    child.sweep = (due: now + state.pause, pause: min(state.pause * 2, pauseMax), deadline: state.deadline)
  }

  /// A quick answer for the usual case: a dead leader's descendants all descend from orphans, so where we have
  /// none there is nothing to look for. An orphan that has just ended may have left another, and the list may
  /// miss one while others end, so only two looks that find nothing at all are believed.
  private func hasMembers(_ child: Child) -> Bool {
    guard child.phase == .clearing else { return true }
    var quiet = 0
    for _ in 0..<16 {
      let before = orphansReaped
      if !livingOrphans().isEmpty { return true }
      quiet = orphansReaped == before ? quiet + 1 : 0
      if quiet == 2 { return false }
    }
    return true
  }

  func members(of child: Child, visit: (ProcessEntry) -> Void = { _ in }) -> [ProcessEntry] {
    let tree = tree(of: child)
    // Only where something of this tree may be: another worker may make processes faster than they are read.
    let table = ProcessTable.descendants(
      of: livingOrphans() + [tree.leader],
      where: { entry in
        entry.pid == tree.leader
          || tree.orphans([entry]).contains { tree.belongs($0) { mark(of: $0, child) } }
      }, visit: visit)
    return tree.members(in: table) { mark(of: $0, child) }
  }

  /// Those that we have struck for this child stay its own until they are gone.
  private func mark(of orphan: Int32, _ child: Child) -> String? {
    if let mark = ProcessTable.environment(of: orphan, ProcessTree.marker) { return mark }
    return ProcessTable.isEnding(orphan) && !child.struck.contains(orphan) ? "" : nil
  }

  private func tree(of child: Child) -> ProcessTree {
    var others: [Int32: String] = [:]
    for other in children.values where other !== child { others[other.handle.pid] = other.request.spawnID }
    return ProcessTree(
      supervisor: getpid(), supervisorSession: getsid(0), leader: child.handle.pid,
      leaderStart: child.startTicks, spawnID: child.request.spawnID, others: others)
  }

  /// Kills the members that there are. More than one may be forking faster than we kill, so they are stopped
  /// first, each as it is seen, until a look finds no new one: a stopped process forks nothing.
  private func kill(_ child: Child) -> (living: [Int32], isQuiet: Bool) {
    var living = members(of: child)
    if living.count > 1 {
      child.watch?.isHeld.store(true, ordering: .releasing)
      var stopped: Set<Int32> = []
      for _ in 0..<16 {
        let before = stopped.count
        living = members(of: child) { member in
          if stopped.insert(member.pid).inserted { ProcessTree.signal(member, SIGSTOP) }
        }
        if stopped.count == before { break }
      }
    }
    for member in living {
      ProcessTree.signal(member, SIGKILL)
      child.struck.insert(member.pid)
    }
    return (living: living.map(\.pid), isQuiet: chase(child))
  }

  /// Strikes at orphans as they are seen. One that forks and ends, over and over, is a new process every
  /// fraction of a millisecond, and gone before a look at a whole tree is over. But it is always our direct
  /// child and keeps its session, so a few system calls are enough to know and to hit it.
  ///
  /// Who an orphan that has ended belonged to cannot be known any more, so any such end makes a round unquiet.
  /// But where another worker's orphans come and go all the time no round ever is quiet, and this worker could
  /// not be stopped before that one: then it is enough that so many rounds found nobody to strike at.
  ///
  /// - Returns: true when the last rounds found nothing to strike at.
  private func chase(_ child: Child) -> Bool {
    guard child.phase == .clearing else { return true }
    let tree = tree(of: child)
    var sessions: [Int32: Bool] = [:]
    var quiet = 0
    var hasStruck = false
    var hasSeenOthers = false
    let end = MonotonicClock.milliseconds + 50
    // In a crowd a round takes milliseconds, and while we look nobody else's processes are served.
    for round in 0..<200 where quiet < 2 && (round < 2 || MonotonicClock.milliseconds < end) {
      let before = orphansReaped
      quiet += 1
      for pid in livingOrphans() {
        let session = getsid(pid)
        if sessions[session] == nil, let entry = ProcessTable.entry(pid) {
          sessions[session] = tree.belongs(entry) { mark(of: $0, child) }
        }
        // A child that we have not reaped keeps its pid, so this can hit nobody else.
        guard sessions[session] ?? false else {
          if sessions[session] == false { hasSeenOthers = true }
          continue
        }
        Glibc.kill(pid, SIGKILL)
        child.struck.insert(pid)
        hasStruck = true
        quiet = 0
      }
      if orphansReaped > before { quiet = 0 }
    }
    return quiet == 2 || (hasSeenOthers && !hasStruck)
  }

  private func forget(_ child: Child, hadMembers: Bool) {
    var wait = rbot_wait()
    _ = rbot_wait_pidfd(child.launch.pidfd, false, &wait)
    close(child.launch.pidfd)
    remove(child)
    if let cgroup = child.request.cgroup { try? cgroup.remove() }
    // Empty means without zombies too; where there was nobody, they have been reaped on the way to knowing that.
    if hadMembers { reapOrphans() }
    for refusal in child.watch?.tally.withLock({ $0.takeAll() }) ?? [] {
      tell(.refused(child.handle, refusal))
    }
    tell(.emptied(child.handle))
  }

  /// Reaps every adopted orphan that has ended.
  func reapOrphans() {
    let before = orphansReaped
    _ = livingOrphans()
    guard orphansReaped > before else { return }
    for child in children.values where child.sweep != nil { child.sweep?.due = 0 }
  }

  /// The adopted orphans that live, the youngest first; those that have ended are reaped on the way. Children
  /// that others in this process made (they share our session) are left to them.
  private func livingOrphans() -> [Int32] {
    var living: [Int32] = []
    for pid in childLists.read().reversed() where !leaders.contains(pid) {
      let session = getsid(pid)
      if session == self.session || session < 0 { continue }
      var wait = rbot_wait()
      guard rbot_wait_pid(pid, &wait) == 0 else { continue }
      if wait.pid == pid {
        orphansReaped += 1
        tell(.orphanReaped(pid: pid, ExitStatus(wait)))
      } else {
        living.append(pid)
      }
    }
    return living
  }
}
