import Glibc
import Platform
import Testing

extension RealProcesses {
  @Suite struct Reaping {
    @Test("Exit codes are told exactly", arguments: [0, 1, 2, 77, 126, 127, 128, 200, 255])
    func codes(code: Int32) async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.shell("exit \(code)")
      defer { process.closeAll() }
      #expect(await bench.ending(process).exit == .exited(code: code))
    }

    @Test("Fatal signals are told exactly", arguments: [SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR1, SIGSEGV])
    func signals(signal: Int32) async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.shell("kill -\(signal) $$; sleep 60")
      defer { process.closeAll() }
      #expect(await bench.ending(process).exit == .signalled(signal: signal, coreDumped: false))
    }

    @Test("A signal reaches the leader, and a handle that is over reaches nobody")
    func signalling() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.shell("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done")
      defer { process.closeAll() }
      #expect(await text(process.standardOutput, lines: 1) == "up\n")
      bench.thread.signal(process.handle, SIGTERM)
      #expect(await bench.ending(process).exit == .exited(code: 5))
      bench.thread.signal(process.handle, SIGKILL)
      bench.thread.killTree(process.handle)
      let next = try await bench.shell("exit 0")
      defer { next.closeAll() }
      #expect(await bench.ending(next).exit == .exited(code: 0))
    }

    @Test("A daemon's own signals are told as events")
    func controlSignals() async throws {
      let bench = try await Workbench.shared()
      kill(getpid(), SIGHUP)
      let process = try await bench.shell("exit 0")
      defer { process.closeAll() }
      _ = await bench.ending(process)
      #expect(bench.signals() == [.hangup])
    }

    @Test("300 spawns, every third of them a failure, leave no descriptor and no zombie")
    func leaks() async throws {
      let bench = try await Workbench.shared()
      let before = try #require(ProcessStatistics.readOwn()?.files)
      for number in 0..<300 {
        if number % 3 == 0 {
          await #expect(throws: SpawnError.self) { try await bench.spawn(bench.request(["no-such-program"])) }
        } else {
          let process = try await bench.shell("sleep 0 & exit 0")
          process.closeAll()
          _ = await bench.ending(process)
        }
      }
      // Other tests of this process may open a few meanwhile; a leak would be hundreds.
      let after = try #require(ProcessStatistics.readOwn()?.files)
      #expect(after - before < 50)
      #expect(zombies().isEmpty)
    }

    @Test("Descriptors that run out are an error, and the next spawn works again")
    func exhaustion() async throws {
      let bench = try await Workbench.shared()
      var old = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &old)
      // The lowest descriptor that is free, so that none is left below the limit.
      let free = dup(0)
      try #require(free > 0)
      close(free)
      var short = rlimit(rlim_cur: rlim_t(free), rlim_max: old.rlim_max)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &short)
      let request = bench.request(["true"])
      var failure: SpawnError?
      do { try await bench.spawn(request).closeAll() } catch { failure = error as? SpawnError }
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &old)
      #expect(failure?.stage == "descriptors" && failure?.code == EMFILE && failure?.isTemporary == true)
      let process = try await bench.spawn(bench.request(["true"]))
      defer { process.closeAll() }
      #expect(await bench.ending(process).exit == .exited(code: 0))
    }

    @Test("A spawn that would leave too few descriptors is refused, and takes none")
    func reserve() async throws {
      let bench = try await Workbench.shared()
      let left = DescriptorRoom.left()
      let request = bench.request(["true"]) { $0.reserve = left - 4 }
      await #expect(throws: SpawnError.self) { try await bench.spawn(request).closeAll() }
      let process = try await bench.spawn(bench.request(["true"]) { $0.reserve = left - 100 })
      defer { process.closeAll() }
      #expect(await bench.ending(process).exit == .exited(code: 0))
    }

    /// Ended children of ours, in sessions of their own, that nobody reaped.
    private func zombies() -> [Int32] {
      ProcessTree.zombies()
    }
  }
}
