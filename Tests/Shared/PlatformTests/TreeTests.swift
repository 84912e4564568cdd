import Glibc
import Testing

@testable import Platform

extension RealProcesses {
  /// Stopped means that nothing is left, whatever a strategy did to stay.
  @Suite struct Trees {
    /// Starts a script that prints the pids of what it left alive, kills the tree, and expects them gone.
    private func killed(_ script: String, lines: Int, _ kill: Bool = true) async throws -> Workbench.Ending {
      let bench = try await Workbench.shared()
      let process = try await bench.spawn(bench.request(["python3", "-c", script]))
      let pids = await text(process.standardOutput, lines: lines).split(separator: "\n").compactMap {
        Int32($0)
      }
      #expect(pids.count == lines)
      if kill {
        #expect(pids.allSatisfy(lives))
        bench.thread.killTree(process.handle)
      }
      let ending = await bench.ending(process)
      #expect(pids.filter(lives) == [])
      #expect(!lives(process.pid))
      #expect(ending.survivors == [])
      process.closeAll()
      return ending
    }

    private static let prelude = """
      import os, signal, sys, time
      def say(): os.write(1, b"%d\\n" % os.getpid())
      def stay():
        say()
        while True: time.sleep(60)
      def ignore():
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)

      """

    @Test("A leader that ignores SIGTERM is killed, and told as killed")
    func ignores() async throws {
      let ending = try await killed(Self.prelude + "ignore(); stay()", lines: 1)
      #expect(ending.exit == .signalled(signal: SIGKILL, coreDumped: false))
    }

    @Test("Children in the leader's group are killed with it")
    func children() async throws {
      _ = try await killed(
        Self.prelude + "for _ in range(5):\n  if os.fork() == 0: ignore(); stay()\nstay()", lines: 6)
    }

    @Test("What a leader that has ended leaves behind is killed without being asked")
    func leftBehind() async throws {
      let ending = try await killed(
        Self.prelude + "if os.fork() == 0: ignore(); stay()\ntime.sleep(0.1); sys.exit(4)", lines: 1, false)
      #expect(ending.exit == .exited(code: 4))
    }

    @Test("A double fork with a session of its own does not escape, nor does a grandchild that holds stdout")
    func doubleFork() async throws {
      _ = try await killed(
        Self.prelude + """
          if os.fork() == 0:
            os.setsid()
            if os.fork() == 0: ignore(); stay()
            os._exit(0)
          os.wait(); stay()
          """, lines: 2)
    }

    @Test("Nor does one that wiped its environment as well, even after the leader is gone")
    func scrubbed() async throws {
      let script =
        Self.prelude + """
          inner = "import os,time; os.write(1, b'%d\\\\n' % os.getpid()); time.sleep(600)"
          if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
              os.setsid()
              os.execve("/usr/bin/python3", ["python3", "-c", inner], {})
            os._exit(0)
          os.wait()

          """
      _ = try await killed(script + "stay()", lines: 2)
      _ = try await killed(script + "time.sleep(0.3)", lines: 1, false)
    }

    @Test("A tree that forks while it is killed does not outrun the kill")
    func forking() async throws {
      // Each process forks one that carries on and ends itself: no look at the table ever sees the same one.
      _ = try await killed(
        Self.prelude + """
          say()
          if os.fork() == 0:
            os.setsid()
            while True:
              if os.fork(): os._exit(0)
              time.sleep(0.0005)
          time.sleep(600)
          """, lines: 1)
    }

    @Test("The tree of one worker is killed without touching another's, its daemon included")
    func others() async throws {
      let bench = try await Workbench.shared()
      let daemon =
        Self.prelude + """
          if os.fork() == 0:
            os.setsid()
            if os.fork() == 0: stay()
            os._exit(0)
          os.wait(); stay()
          """
      let first = try await bench.spawn(bench.request(["python3", "-c", daemon]))
      let kept = await text(first.standardOutput, lines: 2).split(separator: "\n").compactMap { Int32($0) }
      _ = try await killed(daemon, lines: 2)
      #expect(kept.count == 2 && kept.allSatisfy(lives))
      bench.thread.killTree(first.handle)
      _ = await bench.ending(first)
      #expect(kept.filter(lives) == [])
      first.closeAll()
    }

    @Test("SIGSTOP and SIGCONT reach the whole tree")
    func freeze() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.spawn(
        bench.request(["python3", "-c", Self.prelude + "if os.fork() == 0: os.setsid()\nstay()"]))
      let pids = await text(process.standardOutput, lines: 2).split(separator: "\n").compactMap { Int32($0) }
      #expect(pids.count == 2)
      bench.thread.signalTree(process.handle, SIGSTOP)
      for pid in pids { #expect(try await comes(pid, to: "T")) }
      bench.thread.signalTree(process.handle, SIGCONT)
      for pid in pids { #expect(try await comes(pid, to: "S")) }
      bench.thread.killTree(process.handle)
      #expect(await bench.ending(process).survivors == [])
      process.closeAll()
    }

    /// Waits for a process's state: it stops when it is next to run, not when the signal is sent.
    private func comes(_ pid: Int32, to state: Character) async throws -> Bool {
      for _ in 0..<500 {
        if try fileText("/proc/\(pid)/stat").contains(") \(state) ") { return true }
        try await Task.sleep(for: .milliseconds(10))
      }
      return false
    }

    @Test("Who has got the pid of one that was seen is not signalled in its place")
    func recycled() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.spawn(bench.request(["sleep", "600"]))
      let real = try #require(ProcessTable.entry(process.pid))
      let earlier = ProcessEntry(
        pid: real.pid, parent: real.parent, session: real.session, startTicks: real.startTicks - 1,
        isZombie: false)
      ProcessTree.signal(earlier, SIGSTOP)
      ProcessTree.signal(earlier, SIGKILL)
      #expect(try await comes(process.pid, to: "S"))
      ProcessTree.signal(real, SIGKILL)
      #expect(await bench.ending(process).exit == .signalled(signal: SIGKILL, coreDumped: false))
      process.closeAll()
    }

    @Test("Strays of an earlier supervisor are found by their marker and killed")
    func strays() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.spawn(bench.request(["sleep", "600"]) { $0.spawnID = "home77-stray" })
      #expect(ProcessTree.strays(markedWith: "home77-") == [process.pid])
      #expect(ProcessTree.killStrays(markedWith: "home77-") == [process.pid])
      #expect(await bench.ending(process).exit == .signalled(signal: SIGKILL, coreDumped: false))
      #expect(ProcessTree.strays(markedWith: "home77-") == [])
      process.closeAll()
    }
  }
}
