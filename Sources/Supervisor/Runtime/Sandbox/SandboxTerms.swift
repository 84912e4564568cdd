import Platform

/// The limits of a strategy: which of them are in force, and by what.
struct SandboxTerms: Equatable, Sendable {
  var limits = SpawnLimits()
  /// Its cgroup tells the layers of these itself.
  var cgroup = CgroupLimits()
  var countsTasks = false
  var layers: [SandboxLayer] = []
  var warnings: [String] = []

  init(_ wish: SandboxWish, user: UInt32?, ground: SandboxGround) {
    limits.memoryBytes = wish.memoryBytes
    limits.files = UInt64(wish.files)
    limits.fileBytes = wish.diskBytes
    // The kernel counts the tasks of a user, so only one that is the strategy's alone can be held to a number.
    limits.tasksOfUser = user == nil ? nil : UInt64(wish.processes)
    let controllers = ground.controllers
    if controllers == nil { tell("cgroup", false, "none was delegated to rbotd") }
    memory(wish, controllers ?? [])
    cpu(wish, controllers ?? [])
    processes(wish, user, ground)
    if let bytes = wish.diskBytes { tell("disk", true, "\(CgroupDivision.size(bytes)), measured every 10 s") }
  }

  private mutating func memory(_ wish: SandboxWish, _ controllers: Set<String>) {
    guard let bytes = wish.memoryBytes else { return }
    if controllers.contains("memory") {
      cgroup.memoryBytes = bytes
    } else {
      let size = CgroupDivision.size(bytes)
      tell("memory", true, "\(size), private for each process, of all together as measured")
    }
  }

  private mutating func cpu(_ wish: SandboxWish, _ controllers: Set<String>) {
    guard let processors = wish.processors else { return }
    if controllers.contains("cpu") {
      cgroup.cpuPercent = processors * 100
    } else {
      tell("cpu", false, "no cpu controller was delegated to rbotd")
      warnings.append(
        "limits.cpu = \"\(Int((processors * 100).rounded()))%\" is not in force: it needs a cgroup with the cpu "
          + "controller, as the systemd unit has where the kernel offers one")
    }
  }

  private mutating func processes(_ wish: SandboxWish, _ user: UInt32?, _ ground: SandboxGround) {
    let number = wish.processes
    if ground.controllers?.contains("pids") == true {
      cgroup.tasks = number
    } else if user != nil {
      tell("processes", true, "\(number) processes and threads of its user")
    } else if ground.hasListener {
      countsTasks = true
      tell("processes", true, "\(number) processes and threads, each admitted by rbotd")
    } else {
      tell("processes", false, "rbotd has neither a pids controller nor a listener for system calls")
      warnings.append("limits.processes = \(number) is not in force: this kernel gives nothing to do it with")
    }
  }

  private mutating func tell(_ name: String, _ isInForce: Bool, _ detail: String) {
    layers.append(SandboxLayer(name: name, isInForce: isInForce, detail: detail))
  }
}
