import Glibc

/// What a worker's cgroup holds it to; a nil sets no limit.
public struct CgroupLimits: Equatable, Sendable {
  /// Bytes of memory of all its processes together, page cache included; there is no swap beyond them.
  public var memoryBytes: UInt64?
  /// Processor time in percent of one core: 50 is half a core, 200 two.
  public var cpuPercent: Double?
  /// Processes and threads.
  public var tasks: Int?

  /// Limits.
  public init(memoryBytes: UInt64? = nil, cpuPercent: Double? = nil, tasks: Int? = nil) {
    self.memoryBytes = memoryBytes
    self.cpuPercent = cpuPercent
    self.tasks = tasks
  }
}

/// A delegated cgroup, divided: the supervisor lives in `supervisor`, each worker in `worker-NAME`.
///
/// The kernel wants it so: a cgroup that hands controllers down may hold no processes of its own.
public struct CgroupDivision: Equatable, Sendable {
  /// The delegated cgroup.
  public let root: Cgroup
  /// The controllers that its children have, such as `memory`; without one its limits cannot be had.
  public let controllers: Set<String>

  /// The controllers that are of use here.
  static let wanted = ["cpu", "memory", "pids"]
  /// The supervisor's own.
  static let supervisor = "supervisor"
  private static let prefix = "worker-"

  /// Moves this process, all threads with it, into `supervisor` and enables the controllers that are there.
  ///
  /// - Throws: ``SystemError`` where this process cannot be moved; then nothing has changed.
  public init(of delegated: Cgroup) throws(SystemError) {
    root = delegated
    try delegated.child(Self.supervisor).add(pid: 0)
    // Whoever else is in it, such as a process that started before us, would keep the controllers from being
    // enabled; it is not ours to move.
    for name in delegated.names(in: "cgroup.controllers") where Self.wanted.contains(name) {
      try? delegated.set("cgroup.subtree_control", "+\(name)")
    }
    controllers = Set(delegated.names(in: "cgroup.subtree_control"))
  }

  /// A division as it is, for tests.
  init(root: Cgroup, controllers: Set<String>) {
    self.root = root
    self.controllers = controllers
  }

  /// Makes a worker's cgroup with its limits.
  ///
  /// - Returns: the cgroup, and a layer for itself and for each limit that was asked for.
  /// - Throws: ``SystemError`` where it cannot be made.
  public func worker(_ name: String, _ limits: CgroupLimits = CgroupLimits()) throws(SystemError)
    -> (cgroup: Cgroup, layers: [SandboxLayer])
  {
    let cgroup = try root.child(Self.prefix + name)
    var layers = [SandboxLayer(name: "cgroup", isInForce: true, detail: cgroup.path)]
    func layer(_ name: String, _ controller: String, _ text: String, _ set: () throws(SystemError) -> Void) {
      let reason: String
      if !controllers.contains(controller) {
        reason = "no \(controller) controller"
      } else {
        do throws(SystemError) {
          try set()
          layers.append(SandboxLayer(name: name, isInForce: true, detail: "cgroup \(text)"))
          return
        } catch {
          reason = error.description
        }
      }
      layers.append(SandboxLayer(name: name, isInForce: false, detail: reason))
    }
    if let bytes = limits.memoryBytes {
      layer("memory", "memory", Self.size(bytes)) { () throws(SystemError) in
        try cgroup.set("memory.max", String(bytes))
        // Not every kernel counts swap; one that does not has none to give either.
        try? cgroup.set("memory.swap.max", "0")
      }
    }
    if let percent = limits.cpuPercent {
      layer("cpu", "cpu", "\(Self.plain(percent)) %") { () throws(SystemError) in
        try cgroup.set("cpu.max", "\(max(Int(percent * 1000), 1000)) 100000")
      }
    }
    if let tasks = limits.tasks {
      layer("processes", "pids", "\(tasks)") { () throws(SystemError) in
        try cgroup.set("pids.max", String(tasks))
      }
    }
    return (cgroup: cgroup, layers: layers)
  }

  /// Ends and removes every worker's cgroup that an earlier supervisor left. For the start, before anything
  /// runs.
  ///
  /// - Parameter patience: how long a cgroup may take to become empty.
  /// - Returns: the names of the workers whose processes were killed, and of those that did not end.
  public func sweep(patience: Duration = .seconds(5)) -> (killed: [String], stuck: [String]) {
    var killed: [String] = []
    var stuck: [String] = []
    let left = root.children().filter { $0.name.hasPrefix(Self.prefix) }
    // All are told first, so that they end side by side.
    for cgroup in left where !cgroup.isEmpty {
      killed.append(String(cgroup.name.dropFirst(Self.prefix.count)))
      try? cgroup.kill()
    }
    let end = MonotonicClock.milliseconds + UInt64(patience / .milliseconds(1))
    for cgroup in left {
      while !cgroup.isEmpty, MonotonicClock.milliseconds < end { usleep(2_000) }
      if !cgroup.isEmpty || (try? cgroup.removeAll()) == nil {
        stuck.append(String(cgroup.name.dropFirst(Self.prefix.count)))
      }
    }
    return (killed: killed.sorted(), stuck: stuck.sorted())
  }

  /// "512 MB", "1.5 GB"; an odd number of bytes as it is.
  public static func size(_ bytes: UInt64) -> String {
    for (unit, name) in [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")] as [(UInt64, String)]
    where bytes >= unit && bytes * 10 % unit == 0 {
      return "\(plain(Double(bytes) / Double(unit))) \(name)"
    }
    return "\(bytes) bytes"
  }

  private static func plain(_ number: Double) -> String {
    number == number.rounded() ? String(Int(number)) : String(number)
  }
}
