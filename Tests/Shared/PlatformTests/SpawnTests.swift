import Glibc
import Platform
import Testing

extension RealProcesses {
  @Suite struct Spawning {
    @Test("A command runs with its arguments, environment and directory, and its output arrives")
    func runs() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.shell("echo $GREETING; pwd; umask; echo oops >&2; exit 3") {
        $0.environment["GREETING"] = "hello"
        $0.directory = "/tmp"
        $0.umask = 0o027
      }
      defer { process.closeAll() }
      #expect(await text(process.standardOutput) == "hello\n/tmp\n0027\n")
      #expect(await text(process.standardError) == "oops\n")
      let ending = await bench.ending(process)
      #expect(ending.exit == .exited(code: 3))
      #expect(ending.survivors == [])
      #expect((ending.usage?.memoryBytesMax ?? 0) > 100_000)
    }

    @Test("The environment holds what was asked and the marker, and nothing else")
    func environment() async throws {
      let bench = try await Workbench.shared()
      let request = bench.request(["env"]) { $0.environment["A"] = "1" }
      let process = try await bench.spawn(request)
      defer { process.closeAll() }
      let lines = await text(process.standardOutput).split(separator: "\n").map(String.init)
      #expect(
        lines.sorted() == ["A=1", "PATH=/usr/local/bin:/usr/bin:/bin", "RBOT_SPAWN_ID=\(request.spawnID)"])
      _ = await bench.ending(process)
    }

    @Test("Descriptor 3 is a socket to the supervisor, and no other descriptor of ours leaks")
    func descriptors() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.shell(
        "echo ping >&3; read answer <&3; echo got $answer; ls /proc/self/fd")
      defer { process.closeAll() }
      #expect(await text(process.channel, lines: 1) == "ping\n")
      #expect(write(process.channel, "pong\n", 5) == 5)
      // 4 is the directory that ls itself reads.
      #expect(await text(process.standardOutput) == "got pong\n0\n1\n2\n3\n4\n")
      _ = await bench.ending(process)
    }

    @Test("The signal mask and the dispositions of the child are clean, though ours are not")
    func signals() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.spawn(bench.request(["grep", "^Sig[BI]", "/proc/self/status"]))
      defer { process.closeAll() }
      let lines = await text(process.standardOutput).split(separator: "\n")
      #expect(lines == ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"])
      _ = await bench.ending(process)
    }

    @Test("It leads a session of its own, cannot gain privileges, and dies with its supervisor")
    func session() async throws {
      let bench = try await Workbench.shared()
      let script = """
        import ctypes, os
        libc = ctypes.CDLL(None)
        death = ctypes.c_int()
        libc.prctl(2, ctypes.byref(death), 0, 0, 0)
        print(os.getsid(0) == os.getpid(), libc.prctl(39, 0, 0, 0, 0), death.value, os.getppid())
        """
      let process = try await bench.spawn(bench.request(["python3", "-c", script]))
      defer { process.closeAll() }
      #expect(await text(process.standardOutput) == "True 1 9 \(getpid())\n")
      _ = await bench.ending(process)
    }

    @Test("Limits are in force")
    func limits() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.shell("ulimit -n; ulimit -d; ulimit -c; ulimit -f") {
        $0.limits = SpawnLimits(memoryBytes: 64 << 20, files: 99, fileBytes: 1 << 20)
      }
      defer { process.closeAll() }
      #expect(await text(process.standardOutput) == "99\n65536\n0\n2048\n")
      _ = await bench.ending(process)
    }

    @Test("A command that cannot run is an error that names the stage, the subject and the reason")
    func failures() async throws {
      let bench = try await Workbench.shared()
      func failure(_ command: [String], _ change: (inout SpawnRequest) -> Void = { _ in }) async
        -> SpawnError?
      {
        do {
          let process = try await bench.spawn(bench.request(command, change))
          process.closeAll()
          return nil
        } catch { return error as? SpawnError }
      }
      let missing = await failure(["no-such-program"])
      #expect(missing?.stage == "exec" && missing?.code == ENOENT)
      #expect(missing?.description == "cannot run no-such-program: No such file or directory (stage exec)")
      let forbidden = await failure(["/etc/passwd"])
      #expect(forbidden?.stage == "exec" && forbidden?.code == EACCES)
      let lost = await failure(["true"]) { $0.directory = "/no/such/folder" }
      #expect(lost?.stage == "directory" && lost?.code == ENOENT)
      #expect(lost?.description.contains("/no/such/folder") == true)
      let helper = await failure(["true"]) { $0.helper = "/no/rbot-exec" }
      #expect(helper?.stage == "helper" && helper?.code == ENOENT)
      let cgroup = await failure(["true"]) { $0.cgroup = Cgroup(path: "/no/cgroup") }
      #expect(cgroup?.stage == "cgroup" && cgroup?.code == ENOENT)
    }

    @Test("A spawn that is held up before its command can be ended, and says so")
    func heldUp() async throws {
      let bench = try await Workbench.shared()
      let path = "/tmp/rbot-stuck-\(getpid())"
      defer { unlink(path) }
      let file = try #require(fopen(path, "w"))
      fputs("#!/bin/sh\nexec sleep 600\n", file)
      fclose(file)
      chmod(path, 0o700)
      let request = bench.request(["true"]) { $0.helper = path }
      let result = Task { try await bench.spawn(request) }
      // A completed spawn proves that the thread has carried out what was asked before it.
      while ProcessTree.strays(markedWith: request.spawnID).isEmpty {
        try await bench.spawn(bench.request(["true"])).closeAll()
      }
      bench.thread.killTree(ofSpawn: request.spawnID)
      var failure: SpawnError?
      do { try await result.value.closeAll() } catch { failure = error as? SpawnError }
      #expect(failure?.stage == "launch" && failure?.code == ECANCELED)
      #expect(failure?.description == "cannot run true: it was stopped before it ran (stage launch)")
      #expect(ProcessTree.strays(markedWith: request.spawnID) == [])
    }

    @Test("A worker cannot let go of the lock of its supervisor, nor of another worker's share")
    func hostileToLock() async throws {
      let bench = try await Workbench.shared()
      let path = "/tmp/rbot-lock-\(getpid())-hostile"
      defer { unlink(path) }
      var lock: LockFile? = try LockFile(path: path)
      let descriptor = lock?.descriptor
      let script = """
        import fcntl, os, struct, time
        fcntl.flock(5, fcntl.LOCK_UN)
        for byte in (0, 1):
          fcntl.fcntl(5, 37, struct.pack("hhqqi", fcntl.F_UNLCK, 0, byte, 1, 0))
          try: fcntl.fcntl(5, 37, struct.pack("hhqqi", fcntl.F_WRLCK, 0, byte, 1, 0)); print("taken", flush=True)
          except OSError: print("refused", flush=True)
        os.read(3, 1)
        """
      let good = try await bench.shell("echo up; read line <&3") { $0.lock = descriptor }
      #expect(await text(good.standardOutput, lines: 1) == "up\n")
      let bad = try await bench.spawn(bench.request(["python3", "-c", script]) { $0.lock = descriptor })
      #expect(await text(bad.standardOutput, lines: 2) == "refused\nrefused\n")
      #expect(throws: LockError.held(path: path, pid: getpid(), isAlive: true)) { try LockFile(path: path) }
      lock = nil
      #expect(throws: LockError.self) { try LockFile(path: path) }
      for process in [good, bad] {
        bench.thread.killTree(process.handle)
        _ = await bench.ending(process)
        process.closeAll()
      }
      _ = try LockFile(path: path)
    }

    @Test("The lock's descriptor is inherited, so the lock outlives its first holder")
    func inheritsLock() async throws {
      let bench = try await Workbench.shared()
      let path = "/tmp/rbot-lock-\(getpid())-inherited"
      defer { unlink(path) }
      var lock: LockFile? = try LockFile(path: path)
      let descriptor = try #require(lock?.descriptor)
      let process = try await bench.shell("echo up; read line <&3") { $0.lock = descriptor }
      #expect(await text(process.standardOutput, lines: 1) == "up\n")
      lock = nil
      #expect(throws: LockError.self) { try LockFile(path: path) }
      bench.thread.killTree(process.handle)
      _ = await bench.ending(process)
      process.closeAll()
      _ = try LockFile(path: path)
    }
  }
}
