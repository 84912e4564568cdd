import Testing

@testable import Platform

extension RealProcesses {
  /// Peers on the internet that do not answer.
  @Suite struct FarPeers {
    @Test("Connects that nobody answers hold up nothing else of the strategy, and end")
    func farConnects() async throws {
      let bench = try await Workbench.shared()
      let (printed, refusals) = try await bench.python(
        """
        import errno, os, signal, socket, threading, time
        def attempt(call, *arguments):
          try: call(*arguments); return "ok"
          except OSError as error: return errno.errorcode.get(error.errno, error.errno)
        child = os.fork()
        if child == 0: time.sleep(60); os._exit(0)
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        # A full queue is a peer that does not answer.
        while True:
          filler = socket.socket()
          filler.settimeout(1)
          if attempt(filler.connect, address) != "ok": break
        filler.close()
        ends = []
        def reach():
          with socket.socket() as dialler: ends.append(attempt(dialler.connect, address))
        def start(count):
          dials = [threading.Thread(target=reach) for _ in range(count)]
          for dial in dials: dial.start()
          time.sleep(0.3)
          return dials
        dials = start(3)
        begin = time.monotonic()
        os.kill(child, 0)
        took = time.monotonic() - begin
        dials += start(3)
        server.close()
        # From the fourth on its other calls wait for one of them.
        os.kill(child, signal.SIGKILL)
        for dial in dials: dial.join()
        print("free" if took < 5 else "held", len(ends), "ok" in ends)
        """
      ) { $0.sandbox?.allowsNetwork = true }
      #expect(printed == "free 6 False\n" && refusals.isEmpty, "\(printed)")
    }
  }
}
