import Config
public import GatewayService
import Glibc
import Hummingbird
import HummingbirdCore
public import NIOCore

/// The gateway's HTTP side: who it lets in, how long they may take, and the routes.
public final class HTTPServer: Sendable {
  /// Where it listens, with the port that the system chose.
  public let address: String
  private let task: Task<Void, Never>

  private init(address: String, task: Task<Void, Never>) {
    self.address = address
    self.task = task
  }

  /// What a listener serves.
  public enum Part: Sendable {
    case everything
    /// Prices and candles alone, as the users' programs know them from a port of their own.
    case market
  }

  /// Listens, and returns once it does.
  ///
  /// - Parameters:
  ///   - host: An address of this machine.
  ///   - port: 0 lets the system choose.
  ///   - part: What is served there.
  /// - Throws: ``GatewayService/GatewayFailure`` with a sentence, when the port is taken for example, or a certificate
  ///   cannot be read.
  public static func start(
    _ gateway: Gateway, host: String, port: Int, serving part: Part = .everything,
    loops: any EventLoopGroup
  ) async throws(GatewayFailure) -> HTTPServer {
    let settings = gateway.configuration.settings
    let table = ConnectionTable(limit: settings.http.connections, board: gateway.http)
    let tls = try settings.gateway.tls.map { files throws(GatewayFailure) in try CertificateHolder(files) }
    let (outcomes, outcome) = AsyncStream.makeStream(of: Outcome.self)
    let application = Application(
      router: part == .market ? Routes.market(gateway, host: host) : Routes.router(gateway, host: host),
      server: HTTPServerBuilder { responder in
        ArenaChannel(
          responder: responder, settings: settings.http, table: table, board: gateway.http, tls: tls)
      },
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1_024),
      onServerRunning: { channel in outcome.yield(.listening(channel.localAddress?.port ?? port)) },
      eventLoopGroupProvider: .shared(loops))
    let task = Task {
      do {
        try await application.run()
        outcome.yield(.failed(nil))
      } catch {
        outcome.yield(.failed(error))
      }
    }
    if let tls { await gateway.onReload { () throws(GatewayFailure) in try tls.reload() } }
    for await outcome in outcomes {
      switch outcome {
      case .listening(let port):
        let shown = host.contains(":") ? "[\(host)]" : host
        return HTTPServer(address: "\(shown):\(port)", task: task)
      case .failed(let error): throw failure(error, host, port)
      }
    }
    throw failure(nil, host, port)
  }

  private enum Outcome: Sendable {
    case listening(Int)
    case failed((any Error)?)
  }

  private static func failure(_ error: (any Error)?, _ host: String, _ port: Int) -> GatewayFailure {
    guard let error = error as? IOError else {
      return GatewayFailure(
        "listen", "HTTP cannot be served on \(host):\(port): \(error.map { "\($0)" } ?? "it ended at once").")
    }
    switch error.errnoCode {
    case EADDRINUSE:
      return GatewayFailure(
        "port_in_use",
        "The port \(port) of \(host) is in use by another program: stop that program, or set another port in "
          + "[gateway] listen (port 0 lets the system choose).")
    case EADDRNOTAVAIL:
      return GatewayFailure(
        "listen", "This machine has no address \(host): set one that it has in [gateway] listen.")
    case EACCES:
      return GatewayFailure(
        "listen", "The port \(port) may not be used by this user: set one above 1023 in [gateway] listen.")
    default:
      return GatewayFailure("listen", "HTTP cannot be served on \(host):\(port): \(error).")
    }
  }

  /// Stops listening and ends every connection.
  public func stop() { task.cancel() }
}
