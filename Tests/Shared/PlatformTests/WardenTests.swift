import Glibc
import Platform
import Testing

extension RealProcesses {
  /// What sandboxed processes must ask for, as rbot-exec's filter reports it.
  @Suite struct Asking {
    /// A listening Unix socket at a fresh path.
    private func listening(backlog: Int32 = 16) throws -> (descriptor: Int32, path: String) {
      let path = "/tmp/rbot-warden-\(getpid())-\(MonotonicClock.nanoseconds)"
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let status = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(status == 0 && listen(descriptor, backlog) == 0)
      return (descriptor: descriptor, path: path)
    }

    private static let prelude = """
      import errno, os, signal, socket, sys, threading, time
      def attempt(call, *arguments):
        try: call(*arguments); return "ok"
        except OSError as error: return errno.errorcode.get(error.errno, error.errno)
      def dial(address, blocking=True):
        with socket.socket(socket.AF_UNIX) as dialler:
          dialler.setblocking(blocking)
          return attempt(dialler.connect, address)

      """

    @Test("The layers that are in force are told")
    func layers() async throws {
      let bench = try await Workbench.shared()
      let process = try await bench.spawn(bench.sandboxed(["true"]))
      defer { process.closeAll() }
      _ = await bench.ending(process)
      let names = process.layers.filter(\.isInForce).map(\.name)
      #expect(
        names == [
          "session", "limits", "environment", "privileges", "files", "signals", "calls", "reports",
        ], "\(process.layers)")
      let plain = try await bench.spawn(bench.request(["true"]))
      defer { plain.closeAll() }
      #expect(plain.layers == [])
      _ = await bench.ending(plain)
    }

    @Test("A socket to the world is refused and told, one of its own is not")
    func sockets() async throws {
      let bench = try await Workbench.shared()
      let (printed, refusals) = try await bench.python(
        Self.prelude + """
          print(attempt(socket.socket, socket.AF_INET), attempt(socket.socket, socket.AF_INET6, socket.SOCK_DGRAM))
          print(attempt(socket.socket, socket.AF_UNIX, socket.SOCK_DGRAM), attempt(socket.socketpair))
          """)
      #expect(printed == "EACCES EACCES\nEACCES ok\n")
      #expect(
        refusals.map { "\($0.call) \($0.detail) \($0.count)" } == [
          "socket IPv4 stream 1", "socket IPv6 datagram 1", "socket Unix datagram 1",
        ])
    }

    @Test("It connects to the sockets that it was given, by any spelling, and to no other")
    func connects() async throws {
      let bench = try await Workbench.shared()
      let (open, path) = try listening()
      let (other, elsewhere) = try listening()
      defer {
        for end in [open, other] { close(end) }
        for path in [path, elsewhere] { unlink(path) }
      }
      let name = path.split(separator: "/").last ?? ""
      let (printed, refusals) = try await bench.python(
        Self.prelude + """
          import os
          os.chdir("/tmp")
          print(dial("\(path)"), dial("/tmp/../tmp//./\(name)"), dial("\(name)"), dial("\(path)", False))
          print(dial("\(elsewhere)"), dial("\\0hidden"), dial("/no/such\\nthing"), dial("\(name)x"))
          with socket.socket(socket.AF_UNIX) as dialler:
            dialler.connect("\(path)")
            print(attempt(dialler.connect, "\(path)"), dialler.send(b"hello"))
          """
      ) { $0.sandbox?.sockets = [path] }
      #expect(printed == "ok ok ok ok\nEACCES EACCES EACCES EACCES\nEISCONN 5\n")
      #expect(
        refusals.map(\.detail) == [elsewhere, "@hidden", "/no/such\\u{a}thing", "\(path)x"])
      #expect(refusals.allSatisfy { $0.call == "connect" && $0.count == 1 })
      let accepted = accept(open, nil, nil)
      #expect(try PeerCredentials(of: accepted).pid == getpid())
      close(accepted)
    }

    @Test("With network it connects to the internet's addresses, but not with a Unix socket")
    func network() async throws {
      let bench = try await Workbench.shared()
      let (printed, refusals) = try await bench.python(
        Self.prelude + """
          import ctypes, struct
          door = socket.socket(); door.bind(("127.0.0.1", 0)); door.listen()
          dialler = socket.socket()
          print(attempt(dialler.connect, door.getsockname()), attempt(socket.socket, 17, socket.SOCK_RAW))
          address = struct.pack("=HHI8x", socket.AF_INET, 0, 0)
          libc = ctypes.CDLL(None, use_errno=True)
          unix = socket.socket(socket.AF_UNIX)
          print(libc.connect(unix.fileno(), address, len(address)), errno.errorcode[ctypes.get_errno()])
          """
      ) { $0.sandbox?.allowsNetwork = true }
      #expect(printed == "ok EACCES\n-1 EACCES\n")
      #expect(refusals.map(\.detail) == ["packet raw", "address family 1"])
    }

    @Test("With network, no race of two threads turns an address of the internet into that of a Unix socket")
    func race() async throws {
      let bench = try await Workbench.shared()
      let (door, path) = try listening()
      defer {
        close(door)
        unlink(path)
      }
      let (printed, _) = try await bench.python(
        Self.prelude + """
          import ctypes, os, struct, threading
          libc = ctypes.CDLL(None)
          far = struct.pack("=HH4s102x", socket.AF_INET, 2304, bytes([127, 0, 0, 1]))
          near = struct.pack("=H108s", socket.AF_UNIX, b"\(path)")
          unix, inet = socket.socket(socket.AF_UNIX), socket.socket(type=socket.SOCK_DGRAM)
          room, slot, done = ctypes.create_string_buffer(110), 100, False
          os.dup2(inet.fileno(), slot)
          def swap():
            while not done:
              for one, address in ((unix, near), (inet, far)):
                os.dup2(one.fileno(), slot)
                ctypes.memmove(room, address, 110)
          swapper = threading.Thread(target=swap)
          swapper.start()
          out = 0
          for _ in range(600):
            libc.connect(slot, room, 110)
            out += attempt(unix.getpeername) == "ok"
          done = True
          swapper.join()
          print(out)
          """
      ) { $0.sandbox?.allowsNetwork = true }
      #expect(printed == "0\n")
    }

    @Test("In the place of a worker it changes files of that worker, by any name, and no others")
    func changes() async throws {
      let bench = try await Workbench.shared()
      let folder = "/tmp/rbot-changes-\(getpid())"
      let secret = folder + ".secret"
      for path in [folder, secret] { mkdir(path, 0o700) }
      defer {
        for path in [folder + "/file", folder + "/link"] { unlink(path) }
        for path in [folder, secret] { rmdir(path) }
      }
      let (printed, refusals) = try await bench.python(
        Self.prelude + """
          import os
          os.chdir("\(folder)")
          open("file", "w").close()
          os.symlink("\(secret)", "link")
          door = os.open("file", os.O_RDONLY)
          print(attempt(os.chmod, "file", 0o640), oct(os.stat("file").st_mode & 0o777))
          print(attempt(os.chmod, "\(folder)/./file", 0o600))
          print(attempt(os.fchmod, door, 0o604), oct(os.stat("file").st_mode & 0o777))
          print(attempt(os.utime, "file", (5, 7.5)), os.stat("file").st_mtime)
          print(attempt(os.utime, "file"), os.stat("file").st_mtime > 1e9, attempt(os.chmod, "none", 0o600))
          print(attempt(os.chmod, "link", 0), attempt(os.chmod, "\(secret)", 0), attempt(os.utime, "\(secret)"))
          print(attempt(os.chmod, "file", 0o4755), attempt(os.chown, "file", -1, -1))
          """
      ) { $0.sandbox?.writable = [folder] }
      #expect(
        printed == """
          ok 0o640
          ok
          ok 0o604
          ok 7.5
          ok True ENOENT
          EPERM EPERM EPERM
          EPERM EPERM

          """)
      #expect(refusals.map(\.detail) == [secret, secret, folder + "/file", ""])
    }

    @Test("A peer that takes nobody holds up its caller for a second, and nobody else")
    func slowPeer() async throws {
      let bench = try await Workbench.shared()
      let (full, path) = try listening(backlog: 0)
      let (open, elsewhere) = try listening()
      defer {
        for end in [full, open] { close(end) }
        for path in [path, elsewhere] { unlink(path) }
      }
      let slow = try await bench.spawn(
        bench.sandboxed([
          "python3", "-c",
          Self.prelude + """
            first = socket.socket(socket.AF_UNIX); first.connect("\(path)")
            print(dial("\(path)", False), flush=True)
            start = time.monotonic()
            print(dial("\(path)"), 0.9 < time.monotonic() - start < 3, flush=True)
            """,
        ]) { $0.sandbox?.sockets = [path] })
      defer { slow.closeAll() }
      #expect(await text(slow.standardOutput, lines: 1) == "EAGAIN\n")
      let (printed, _) = try await bench.python(
        Self.prelude + "start = time.monotonic(); print(dial('\(elsewhere)'), time.monotonic() - start < 0.5)"
      ) { $0.sandbox?.sockets = [elsewhere] }
      #expect(printed == "ok True\n")
      #expect(await text(slow.standardOutput) == "EAGAIN True\n")
      _ = await bench.ending(slow)
    }

    @Test("It signals its own children and nobody else")
    func signals() async throws {
      let bench = try await Workbench.shared()
      let stranger = try await bench.spawn(bench.request(["sleep", "600"]))
      let (printed, refusals) = try await bench.python(
        Self.prelude + """
          child = os.fork()
          if child == 0:
            os.setsid()
            time.sleep(600)
          time.sleep(0.1)
          pidfd = os.pidfd_open(child)
          print(attempt(os.kill, child, 0), attempt(signal.pidfd_send_signal, pidfd, signal.SIGTERM))
          print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), attempt(os.kill, child, 0))
          print(attempt(os.kill, \(stranger.pid), 9), attempt(os.killpg, \(stranger.pid), 9))
          print(attempt(os.kill, -1, 9), attempt(os.kill, os.getppid(), 15))
          print(attempt(signal.pidfd_send_signal, os.pidfd_open(\(stranger.pid)), 9))
          print(attempt(os.kill, os.getpid(), 0), attempt(os.kill, 0, 0), attempt(os.killpg, os.getpid(), 0))
          """)
      #expect(
        printed == """
          ok ok
          -15 ESRCH
          EPERM EPERM
          EPERM EPERM
          EPERM
          ok ok ok

          """)
      #expect(refusals.map(\.count) == [1, 1, 1, 1, 1])
      #expect(refusals.first?.detail == "process \(stranger.pid), SIGKILL")
      #expect(lives(stranger.pid))
      bench.thread.killTree(stranger.handle)
      _ = await bench.ending(stranger)
      stranger.closeAll()
    }

    @Test("A flood of refusals is answered slowly, told rarely, and counted to the last")
    func flood() async throws {
      let bench = try await Workbench.shared()
      let (printed, refusals) = try await bench.python(
        Self.prelude + """
          start = time.monotonic()
          for _ in range(600): attempt(socket.socket, socket.AF_INET)
          print(time.monotonic() - start > 1.5)
          """)
      #expect(printed == "True\n")
      #expect(refusals.reduce(0) { $0 + $1.count } == 600)
      #expect(refusals.count <= 8, "\(refusals)")
    }

    /// Builds a small C program.
    private func compiled(_ source: String, _ bench: Workbench) async throws -> String {
      let path = "/tmp/rbot-program-\(getpid())-\(MonotonicClock.nanoseconds)"
      let file = try #require(fopen(path + ".c", "w"))
      fputs(source, file)
      fclose(file)
      defer { unlink(path + ".c") }
      let compiler = try await bench.spawn(bench.request(["cc", "-O1", "-pthread", "-o", path, path + ".c"]))
      defer { compiler.closeAll() }
      let complaints = await text(compiler.standardError)
      try #require(await bench.ending(compiler).exit == .exited(code: 0), "\(complaints)")
      return path
    }

    @Test("An address that another thread rewrites meanwhile leads nowhere else")
    func rewriting() async throws {
      let bench = try await Workbench.shared()
      let (open, path) = try listening(backlog: 1_100)
      let (other, elsewhere) = try listening(backlog: 1_100)
      defer {
        for end in [open, other] { close(end) }
        for path in [path, elsewhere] { unlink(path) }
      }
      let program = try await compiled(
        """
        #include <pthread.h>
        #include <stdio.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <sys/un.h>
        #include <unistd.h>
        static struct sockaddr_un shared = {.sun_family = AF_UNIX};
        static const char *allowed = "\(path)", *forbidden = "\(elsewhere)";
        static volatile int done;
        static void *rewrite(void *unused) {
          while (!done) { strcpy(shared.sun_path, forbidden); strcpy(shared.sun_path, allowed); }
          return unused;
        }
        int main(void) {
          pthread_t thread;
          int connected = 0, denied = 0;
          pthread_create(&thread, 0, rewrite, 0);
          for (int i = 0; i < 1000; i++) {
            int s = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(s, (struct sockaddr *)&shared, sizeof shared) == 0) connected++; else denied++;
            close(s);
          }
          done = 1;
          pthread_join(thread, 0);
          printf("%d\\n", connected + denied);
          return connected > 0 ? 0 : 1;
        }
        """, bench)
      defer { unlink(program) }
      let process = try await bench.spawn(bench.sandboxed([program]) { $0.sandbox?.sockets = [path] })
      defer { process.closeAll() }
      #expect(await text(process.standardOutput) == "1000\n")
      #expect(await bench.ending(process).exit == .exited(code: 0))
      // Nobody has come to the other door, and somebody to the right one.
      for (door, comes) in [(open, true), (other, false)] {
        var entry = pollfd(fd: door, events: Int16(POLLIN), revents: 0)
        #expect((poll(&entry, 1, 0) == 1) == comes)
      }
    }

    @Test("A fork bomb stays within its bound, others spawn meanwhile, and it dies when it is told to")
    func bomb() async throws {
      let bench = try await Workbench.shared()
      // An alarm in each of them, in case the bound does not hold, and a bound of its own.
      let program = try await compiled(
        """
        #include <signal.h>
        #include <stdio.h>
        #include <unistd.h>
        int main(void) {
          int forks = 0;
          alarm(20);
          puts("up");
          fflush(stdout);
          for (int i = 0; i < 150; i++) {
            pid_t child = fork();
            if (child == 0) { alarm(20); setsid(); if (++forks > 6) pause(); i = 0; }
          }
          for (;;) { if (fork() == 0) { alarm(20); for (;;) pause(); } }
        }
        """, bench)
      defer { unlink(program) }
      let request = bench.sandboxed([program]) {
        $0.sandbox?.tasksMax = 40
        $0.sandbox?.countsTasks = true
      }
      let process = try await bench.spawn(request)
      #expect(await text(process.standardOutput, lines: 1) == "up\n")
      while bench.refusals(process).isEmpty {
        try await bench.spawn(bench.request(["true"])).closeAll()
      }
      for _ in 0..<5 {
        let start = MonotonicClock.milliseconds
        try await bench.spawn(bench.request(["true"])).closeAll()
        #expect(MonotonicClock.milliseconds - start < 1_000)
        let tasks = ProcessTree.strays(markedWith: request.spawnID).count
        #expect(tasks <= 40)
      }
      #expect(bench.refusals(process).allSatisfy { $0.detail == "more than 40 processes and threads" })
      bench.thread.killTree(process.handle)
      #expect(await bench.ending(process).survivors == [])
      process.closeAll()
    }
  }
}
