import Glibc
import Platform
import Testing

@Suite struct SystemFacts {
  @Test("The second holder of a lock is told who has it and what to do")
  func locks() throws {
    let path = "/tmp/rbot-lock-\(getpid())"
    defer { unlink(path) }
    let first = try LockFile(path: path)
    var refusal: LockError?
    do { _ = try LockFile(path: path) } catch { refusal = error }
    #expect(refusal == .held(path: path, pid: getpid(), isAlive: true))
    #expect(refusal?.description.contains("pid \(getpid())") == true)
    #expect(try fileText(path) == "\(getpid())\n")
    withExtendedLifetime(first) {}
  }

  @Test("A lock that is let go can be taken, and one in a missing folder says so")
  func lockAgain() throws {
    let path = "/tmp/rbot-lock-\(getpid())-again"
    defer { unlink(path) }
    _ = try LockFile(path: path)
    _ = try LockFile(path: path)
    #expect(throws: LockError.system(SystemError("open the lock /no/such/lock", code: ENOENT))) {
      try LockFile(path: "/no/such/lock")
    }
  }

  @Test("Statistics of this process are plausible, and another start time is another process")
  func statistics() throws {
    let own = try #require(ProcessStatistics.readOwn())
    #expect(own.memoryBytes > 1_000_000 && own.threads >= 1 && (own.files ?? 0) >= 3 && own.cpuSeconds >= 0)
    #expect(ProcessStatistics.read(pid: getpid(), startTicks: 1) == nil)
    #expect(ProcessStatistics.read(pid: 0) == nil)
    #expect(UserTasks.count() >= own.threads)
  }

  @Test("A peer is who made the socket")
  func peers() throws {
    var ends: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { for end in ends { close(end) } }
    let peer = try PeerCredentials(of: ends[0])
    #expect(peer.pid == getpid() && peer.uid == geteuid() && peer.gid == getegid())
    #expect(throws: SystemError.self) { try PeerCredentials(of: -1) }
  }

  @Test("This program is found, and so are those beside it; one that is not there is not")
  func executables() throws {
    #expect(access(Executable.path, X_OK) == 0)
    #expect(Executable.sibling("rbot-exec") != nil)
    #expect(Executable.sibling("rbot-nothing") == nil)
    #expect(Executable.candidates("x").last?.hasSuffix("/libexec/rbotd/x") == true)
  }

  @Test("The boot has an id and the clock only goes forward")
  func clocks() {
    #expect(BootID.current.count == 36)
    let moments = (0..<100).map { _ in MonotonicClock.nanoseconds }
    #expect(moments == moments.sorted())
  }

  @Test("Without a service manager there is no watchdog and no socket, and telling it does no harm")
  func service() {
    #expect(ServiceNotify.watchdogInterval == nil)
    #expect(ServiceNotify.listeningDescriptors.isEmpty)
    ServiceNotify.ready("up")
    ServiceNotify.watchdog()
  }
}

@Suite struct Cgroups {
  @Test("A cgroup is driven through its files")
  func files() throws {
    let path = "/tmp/rbot-cgroup-\(getpid())"
    let cgroup = Cgroup(path: path)
    mkdir(path, 0o700)
    defer {
      for file in ["cgroup.procs", "cgroup.kill", "cgroup.freeze", "cgroup.events", "memory.max"] {
        unlink("\(path)/\(file)")
      }
      rmdir(path)
    }
    #expect(throws: SystemError.self) { try cgroup.kill() }
    for file in ["cgroup.procs", "cgroup.kill", "cgroup.freeze", "memory.max"] {
      try put("", "\(path)/\(file)")
    }
    try cgroup.add(pid: 4711)
    #expect(try fileText("\(path)/cgroup.procs") == "4711")
    #expect(cgroup.members == [4711])
    try cgroup.kill()
    #expect(try fileText("\(path)/cgroup.kill") == "1")
    try cgroup.freeze(true)
    #expect(try fileText("\(path)/cgroup.freeze") == "1")
    try cgroup.set("memory.max", "1000")
    #expect(try fileText("\(path)/memory.max") == "1000")
    try put("populated 1\nfrozen 0\n", "\(path)/cgroup.events")
    #expect(!cgroup.isEmpty)
    try put("populated 0\nfrozen 0\n", "\(path)/cgroup.events")
    #expect(cgroup.isEmpty)
    let inner = try cgroup.child("worker")
    #expect(try cgroup.child("worker") == inner)
    #expect(cgroup.children() == [inner])
    try inner.remove()
    try inner.remove()
    #expect(cgroup.children().isEmpty)
  }

  private func put(_ text: String, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
  }
}
