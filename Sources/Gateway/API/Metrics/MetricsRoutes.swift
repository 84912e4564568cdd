import Accounts
import GatewayService
import Hummingbird
import Model
import NIOCore
import Wire

/// `/metrics` for Prometheus, and `/live` and `/ready` for whoever looks after processes.
struct MetricsRoutes: Sendable {
  let gateway: Gateway
  let meter: RequestMeter
  let streams: StreamRoutes

  func add(to router: Router<ArenaContext>) {
    _ = ProcessMetrics.started
    router.get("live") { _, _ -> Response in .json(.ok, ["ok": true]) }
    router.get("ready", use: ready)
    router.get("metrics", use: metrics)
  }

  /// Whether orders are taken, in as few words as a status code.
  @Sendable private func ready(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let health = gateway.health.current
    guard !health.isReady else { return .json(.ok, ["ok": true]) }
    let missing = [
      health.journal ? nil : "the journal cannot be written",
      health.supervisor ? nil : "the connection to rbotd is lost",
      health.isOpen ? nil : "the gateway is still starting",
      health.feed == .failed ? "the feed has failed" : nil,
    ].compactMap(\.self)
    throw Answer(.serviceUnavailable, "not_ready", "no order is taken: \(missing.joined(separator: ", "))")
  }

  @Sendable private func metrics(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    var text = PrometheusText()
    ProcessMetrics.write(to: &text)
    HealthMetrics.write(gateway.health.current, to: &text)
    if let measures = await gateway.measures() { DeskMetrics.write(measures, to: &text) }
    let status = await gateway.askSupervisor("status", ["brief": true], seconds: 2)
    StrategyMetrics.write(try? status.get(), to: &text)
    text.metric("rbot_streams_open", .gauge, "Clients that read events or quotes.", streams.open)
    ClientMetrics.write(gateway.http.current, to: &text)
    RequestMetrics.write(meter.current, to: &text)
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: text.buffer))
  }
}
