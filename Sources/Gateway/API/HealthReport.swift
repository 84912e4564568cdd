import GatewayService
import Hummingbird
import Model
import Wire

/// `GET /health`: whether orders are taken, and which part keeps them from it.
enum HealthReport {
  static func response(_ health: HealthBoard.Health) -> Response {
    .json(
      health.isReady ? .ok : .serviceUnavailable,
      [
        "ok": .bool(health.isReady), "paper": .string(health.mode == .paper ? "true" : "false"),
        "exec": .string(health.mode > .paper ? "true" : "false"),
        "status": .string(health.isReady ? "ready" : "not_ready"), "mode": .string(health.mode.rawValue),
        "kill_switch": .string(health.killSwitch),
        "version": .string(Version.text),
        "feed": [
          "kind": .string(health.feedKind), "spec": .string(health.feedSpec),
          "synthetic": .bool(health.isSynthetic), "state": .string(health.feed.rawValue),
          "quotes": .int(health.quotes),
        ],
        "checks": [
          "journal": .string(health.journal ? "ok" : "failed"),
          "feed": .string(health.feed == .failed ? "failed" : "ok"),
          "supervisor": .string(health.supervisor ? "ok" : "lost"),
        ],
      ])
  }
}
