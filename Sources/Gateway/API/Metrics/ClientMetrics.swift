import GatewayService

/// Connections, and those that were turned away or dropped.
enum ClientMetrics {
  static func write(_ counts: HTTPBoard.Counts, to text: inout PrometheusText) {
    text.metric(
      "rbot_http_connections", .gauge, "Connections of HTTP clients, streams aside.", counts.connections)
    let losses = [
      ("evicted", counts.evicted), ("refused", counts.refused), ("cut_off", counts.cutOff),
      ("stalled", counts.stalled), ("limited", counts.limited),
    ]
    text.metric(
      "rbot_http_losses_total", .counter,
      "Idle connections that made room, newcomers without a place, requests that came too slowly, readers that took "
        + "nothing, requests beyond the rate.", by: "kind", losses.map { ($0.0, String($0.1)) })
  }
}
