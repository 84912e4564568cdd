import Glibc
import Testing

@testable import Platform

@Suite(.serialized) struct CgroupDivisions {
  /// A folder with files as a cgroup has them; gone with all in it afterwards.
  private func withFolder(_ files: [String: String], _ body: (Cgroup) throws -> Void) throws {
    let path = "/tmp/rbot-division-\(getpid())-\(MonotonicClock.nanoseconds)"
    mkdir(path, 0o700)
    for (name, text) in files {
      let file = try #require(fopen("\(path)/\(name)", "w"))
      fputs(text, file)
      fclose(file)
    }
    defer {
      for name in files.keys { unlink("\(path)/\(name)") }
      rmdir(path)
    }
    try body(Cgroup(path: path))
  }

  private let controls = ["memory.max": "", "memory.swap.max": "", "cpu.max": "", "pids.max": ""]
  private let limits = CgroupLimits(memoryBytes: 512 << 20, cpuPercent: 50, tasks: 64)

  @Test("Limits are written as the kernel wants them, and told")
  func limitFiles() throws {
    try withFolder([:]) { root in
      let path = root.path + "/worker-a"
      mkdir(path, 0o700)
      for name in controls.keys { close(open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600)) }
      defer {
        for name in controls.keys { unlink("\(path)/\(name)") }
        rmdir(path)
      }
      let division = CgroupDivision(root: root, controllers: ["cpu", "memory", "pids"])
      let (cgroup, layers) = try division.worker("a", limits)
      #expect(cgroup.path == path)
      #expect(
        layers.map { "\($0.name) \($0.isInForce) \($0.detail)" } == [
          "cgroup true \(path)", "memory true cgroup 512 MB", "cpu true cgroup 50 %",
          "processes true cgroup 64",
        ])
      #expect(try fileText("\(path)/memory.max") == "536870912")
      #expect(try fileText("\(path)/memory.swap.max") == "0")
      #expect(try fileText("\(path)/cpu.max") == "50000 100000")
      #expect(try fileText("\(path)/pids.max") == "64")
    }
  }

  @Test("A limit without its controller, or that cannot be written, is a layer that is off, with the reason")
  func withoutControllers() throws {
    try withFolder([:]) { root in
      let division = CgroupDivision(root: root, controllers: ["cpu"])
      let (cgroup, layers) = try division.worker("a", limits)
      defer { try? cgroup.remove() }
      #expect(layers.map(\.isInForce) == [true, false, false, false])
      #expect(layers[1].detail == "no memory controller")
      #expect(layers[2].detail.contains("cpu.max"))
      #expect(try division.worker("a").layers.count == 1)
    }
  }

  @Test("Kills for want of memory and the frozen state are read")
  func events() throws {
    try withFolder([
      "memory.events": "low 0\nmax 7\noom 3\noom_kill 2\n", "cgroup.events": "populated 1\nfrozen 1\n",
    ]) { cgroup in
      #expect(cgroup.memoryKills == 2 && cgroup.isFrozen && !cgroup.isEmpty)
    }
    #expect(Cgroup(path: "/no/cgroup").memoryKills == nil)
    #expect(CgroupDivision.size(1_610_612_736) == "1.5 GB" && CgroupDivision.size(1_000) == "1000 bytes")
  }
}

extension RealProcesses {
  /// On the kernel's own cgroups, where this user may make some.
  @Suite struct RealCgroups {
    private static let mount = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].first {
      access($0 + "/cgroup.procs", W_OK) == 0
    }

    @Test(
      "A worker runs in its cgroup, freezes, thaws, dies with it, and leaves none behind",
      .enabled(if: mount != nil))
    func life() async throws {
      let bench = try await Workbench.shared()
      let top = Cgroup(path: try #require(Self.mount))
      let root = try top.child("rbot-test-\(getpid())")
      defer { try? root.removeAll() }
      let division = CgroupDivision(root: root, controllers: [])
      let (cgroup, _) = try division.worker("a")
      let process = try await bench.shell("sleep 600 & echo up; wait") { $0.cgroup = cgroup }
      #expect(await text(process.standardOutput, lines: 1) == "up\n")
      #expect(cgroup.members.count == 2 && !cgroup.isEmpty)
      #expect(try cgroup.freeze(true, within: .seconds(5)) && cgroup.isFrozen)
      #expect(try cgroup.freeze(false, within: .seconds(5)) && !cgroup.isFrozen)
      bench.thread.killTree(process.handle)
      #expect(await bench.ending(process).survivors == [])
      process.closeAll()
      #expect(root.children() == [])
    }

    @Test("What an earlier supervisor left in its cgroups is killed at the start", .enabled(if: mount != nil))
    func sweep() async throws {
      let bench = try await Workbench.shared()
      let top = Cgroup(path: try #require(Self.mount))
      let root = try top.child("rbot-sweep-\(getpid())")
      defer { try? root.removeAll() }
      let division = CgroupDivision(root: root, controllers: [])
      let left = try division.worker("left").cgroup
      _ = try division.worker("empty")
      let process = try await bench.spawn(bench.request(["sleep", "600"]))
      try left.add(pid: process.pid)
      let (killed, stuck) = division.sweep()
      #expect(killed == ["left"] && stuck == [])
      #expect(await bench.ending(process).exit == .signalled(signal: SIGKILL, coreDumped: false))
      process.closeAll()
      #expect(root.children() == [])
    }
  }
}
