import API
import Config
import GatewayService
import Glibc
import Model

// The process that trades: it opens the journal, introduces itself to the supervisor that started it, opens its
// doors to workers and to HTTP, and runs until it is told to stop.

// A peer that is gone is an error of one write, not the end of this process.
signal(SIGPIPE, SIG_IGN)
// The HTTP server's own chatter; the gateway logs to its supervisor.
setenv("LOG_LEVEL", "critical", 1)

do {
  try await run()
} catch let failure as GatewayFailure {
  Terminal.say(failure.message)
  exit(failure.exitCode)
} catch {
  Terminal.say("\(error)")
  exit(1)
}
exit(0)

func run() async throws {
  let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
  guard let descriptor = supervisorDescriptor() else {
    throw GatewayFailure(
      "supervisor", "rbot-gateway is started by rbotd, which gives it a socket in RBOT_SUPERVISOR_FD.")
  }
  let configuration: GatewayConfiguration
  let gateway: Gateway
  do {
    configuration = try arguments.configuration()
    gateway = try Gateway.onItsOwnThread(configuration)
  } catch {
    Farewell.send(error, to: descriptor)
    throw error
  }
  let signals = StopSignals { Task { await gateway.stop() } }
  defer { signals.cancel() }
  var servers: [HTTPServer] = []
  do throws(GatewayFailure) {
    try await gateway.connect(supervisor: descriptor)
    let started = try await HTTPServer.start(
      gateway, host: configuration.listen.host, port: configuration.listen.port, loops: EventLoops.one())
    servers.append(started)
    if let market = configuration.settings.gateway.marketListen {
      let second = try await HTTPServer.start(
        gateway, host: market.host, port: market.port, serving: .market, loops: EventLoops.one())
      servers.append(second)
      await gateway.log(.info, "Prices and candles are served at \(second.address) too.")
    }
    await gateway.ready(listen: started.address, hasUsers: await gateway.hasUsers())
  } catch {
    await gateway.fail(error)
  }
  let failure = try await gateway.finished()
  for server in servers { server.stop() }
  if let failure { throw failure }
}

func supervisorDescriptor() -> CInt? {
  guard let text = getenv("RBOT_SUPERVISOR_FD").map({ String(cString: $0) }), let descriptor = CInt(text),
    fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
  else { return nil }
  return descriptor
}
