import Glibc

/// Looks at a tree from outside the process thread: how many tasks it has, and who belongs to it.
struct TreeCensus {
  /// Whose tree.
  let leader: Int32
  /// Its mark in the environment.
  let spawnID: String
  /// All leaders that are known, with their marks; this one may be among them.
  let leaders: [Int32: String]

  /// How many generations of parents are followed.
  private static let depth = 64

  private var tree: ProcessTree {
    var others = leaders
    others[leader] = nil
    return ProcessTree(
      supervisor: getpid(), supervisorSession: getsid(0), leader: leader, leaderStart: 0, spawnID: spawnID,
      others: others)
  }

  /// Counts threads, those of zombies too: they are tasks to the kernel.
  ///
  /// - Returns: the tree's own, and those that descend from orphans of whom nobody knows whose they are.
  func tasks() -> (own: Int, unclaimed: Int) {
    let tree = tree
    let table = ProcessTable.descendants(except: Set(tree.others.keys))
    let children = Dictionary(grouping: table.values, by: \.parent)
    var counts = (own: 0, unclaimed: 0)
    var seen: Set<Int32> = []
    func count(_ roots: [ProcessEntry]) -> Int {
      var pending = roots
      var sum = 0
      while let next = pending.popLast() {
        guard seen.insert(next.pid).inserted else { continue }
        sum += max(next.threads, 1)
        pending += children[next.pid] ?? []
      }
      return sum
    }
    if let root = table[leader] { counts.own += count([root]) }
    for orphan in tree.orphans(children[tree.supervisor] ?? []) {
      switch standing(ofOrphan: orphan, tree) {
      case .own: counts.own += count([orphan])
      case .nobody: counts.unclaimed += count([orphan])
      case .stranger: continue
      }
    }
    return counts
  }

  private func standing(ofOrphan orphan: ProcessEntry, _ tree: ProcessTree) -> WardenCall.Target {
    if orphan.session == leader { return .own }
    if tree.others[orphan.session] != nil { return .stranger }
    guard let mark = ProcessTable.environment(of: orphan.pid, ProcessTree.marker) else { return .nobody }
    if mark == spawnID { return .own }
    return tree.others.values.contains(mark) ? .stranger : .nobody
  }

  /// Whether a process, or a thread by its own number, belongs to the tree.
  func standing(of task: Int32) -> WardenCall.Target {
    guard var entry = ProcessTable.entry(task) else { return .nobody }
    let tree = tree
    for _ in 0..<Self.depth {
      if entry.pid == leader || entry.session == leader { return .own }
      if entry.pid == tree.supervisor || tree.others[entry.pid] != nil { return .stranger }
      if entry.parent == tree.supervisor { return standing(ofOrphan: entry, tree) == .own ? .own : .stranger }
      // Its parent may have ended since: then it is an orphan now, and the next look says so.
      guard entry.parent > 1, let next = ProcessTable.entry(entry.parent) else { return .stranger }
      entry = next
    }
    return .stranger
  }

  /// Whether a process group belongs to the tree. A group lies in one session, so one member tells for all.
  func standing(ofGroup group: Int32) -> WardenCall.Target {
    if standing(of: group) == .own, getpgid(group) == group { return .own }
    let members = ProcessTable.descendants(except: Set(tree.others.keys)).values.filter { $0.group == group }
    if members.contains(where: { standing(of: $0.pid) == .own }) { return .own }
    return Glibc.kill(-group, 0) == 0 || errno == EPERM ? .stranger : .nobody
  }
}
