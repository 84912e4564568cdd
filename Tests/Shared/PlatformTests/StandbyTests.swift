import Glibc
import Testing

@testable import Platform

extension RealProcesses {
  /// The launcher that waits for the next start.
  @Suite struct StandingBy {
    /// The pid of the one that waits, once there is one.
    private func standby() async throws -> Int32 {
      for _ in 0..<600 {
        for thread in ProcessTable.numbers(in: "/proc/self/task") ?? [] {
          let listed = (try? fileText("/proc/self/task/\(thread)/children")) ?? ""
          let waits = listed.split(separator: " ").compactMap { Int32($0) }.first { pid in
            lives(pid) && ((try? fileText("/proc/\(pid)/cmdline")) ?? "").contains("--await")
          }
          if let waits { return waits }
        }
        try await Task.sleep(for: .milliseconds(50))
      }
      throw SystemError("see a launcher that waits", code: ESRCH)
    }

    @Test("It becomes the next that is started, and is followed by another")
    func becomes() async throws {
      let bench = try await Workbench.shared()
      _ = try await bench.python("pass")
      for round in 1...3 {
        let waits = try await standby()
        let process = try await bench.spawn(
          bench.sandboxed(["sh", "-c", "echo $GREETING $$; pwd; cat /proc/self/status | grep Seccomp:"]) {
            $0.environment["GREETING"] = "hello \(round)"
            $0.directory = "/usr"
          })
        defer { process.closeAll() }
        let printed = await text(process.standardOutput)
        _ = await bench.ending(process)
        #expect(process.pid == waits)
        #expect(printed == "hello \(round) \(waits)\n/usr\nSeccomp:\t2\n")
        let missing = process.layers.filter { !$0.isInForce }
        #expect(missing.isEmpty, "\(missing)")
      }
    }

    @Test("One that has died is no loss")
    func dies() async throws {
      let bench = try await Workbench.shared()
      _ = try await bench.python("pass")
      let waits = try await standby()
      kill(waits, SIGKILL)
      for word in ["one", "two"] {
        let (printed, _) = try await bench.python("print('\(word)')")
        #expect(printed == word + "\n")
      }
      let next = try await standby()
      #expect(next != waits && !lives(waits))
    }

    @Test("Whoever is started in another way leaves it, and whoever needs another ruleset gets one")
    func terms() async throws {
      let bench = try await Workbench.shared()
      _ = try await bench.python("pass")
      let waits = try await standby()
      let plain = try await bench.spawn(bench.request(["true"]))
      defer { plain.closeAll() }
      _ = await bench.ending(plain)
      #expect(plain.pid != waits && lives(waits))
      let script = "import socket; socket.socket(socket.AF_INET); print('open')"
      let (printed, refusals) = try await bench.python(script) { $0.sandbox?.allowsNetwork = true }
      #expect(printed == "open\n" && refusals.isEmpty)
      let (closed, told) = try await bench.python(script)
      #expect(closed.contains("PermissionError") && told.count == 1)
    }
  }
}
