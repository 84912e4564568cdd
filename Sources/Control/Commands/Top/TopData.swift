import Model
import Wire

/// What rbotd said last, as `rbotctl top` shows it.
struct TopData: Sendable {
  /// One strategy.
  struct Strategy: Sendable {
    let name: String
    let state: String
    let isPaused: Bool
    let isFrozen: Bool
    let pid: String
    let since: String
    let restarts: Int
    let cpu: Double?
    let memory: Int?
    let beatAge: Int?
    let lines: Double?
    let messages: Double?
    let orders: Int?
    let fills: Int?
    let position: String
    let profit: Amount?
    let trouble: String
    let says: String
    /// When it is due next, as the wire has it; empty without a schedule.
    let next: String
    let json: JSON
  }

  let status: JSON
  let strategies: [Strategy]
  /// When it came.
  let at: Timestamp

  init(_ status: JSON, at: Timestamp) {
    self.status = status
    self.at = at
    strategies = status.items("strategies").map(Strategy.init)
  }

  /// How many strategies are in each state, the grave ones first.
  var counts: [(state: String, count: Int)] {
    let order = [
      "failed", "backoff", "starting", "stopping", "waiting", "frozen", "paused", "busy", "ready",
      "scheduled", "finished",
      "stopped",
    ]
    let counted = Dictionary(strategies.map { ($0.isFrozen ? "frozen" : $0.state, 1) }, uniquingKeysWith: +)
    let known = order.compactMap { state in counted[state].map { (state, $0) } }
    return known + counted.filter { !order.contains($0.key) }.map { ($0.key, $0.value) }
  }

  /// What a person should know, the grave things first.
  var alerts: [Span] {
    var alerts: [Span] = []
    for strategy in strategies where strategy.state == "failed" {
      alerts.append(Span("\(strategy.name) failed: \(strategy.trouble)", .red))
    }
    for issue in status.items("errors") {
      alerts.append(Span("error: \(Self.place(issue))\(issue.text("message"))", .red))
    }
    let gateway = status["gateway"] ?? .null
    if !gateway.text("reason").isEmpty { alerts.append(Span("gateway: \(gateway.text("reason"))", .red)) }
    let lost = status["supervisor"]?["records"]?["lost"]?.intValue ?? 0
    if lost > 0 { alerts.append(Span("\(lost) records were lost: is the disk full?", .red)) }
    for issue in status.items("warnings") {
      alerts.append(Span("warning: \(Self.place(issue))\(issue.text("message"))", .yellow))
    }
    return alerts
  }

  /// The last parts of the path: its beginning is the same for all.
  private static func place(_ issue: JSON) -> String {
    let path = issue.text("path").split(separator: "/").suffix(2).joined(separator: "/")
    return path.isEmpty ? "" : path + (issue["line"]?.intValue.map { ":\($0)" } ?? "") + ": "
  }
}

extension TopData.Strategy {
  init(_ json: JSON) {
    self.json = json
    name = json.text("name")
    state = json.text("state")
    isPaused = json["paused"]?.boolValue ?? false
    isFrozen = json["frozen"]?.boolValue ?? false
    pid = json.text("pid")
    since = json.text("since")
    restarts = json["restarts"]?.intValue ?? 0
    cpu = json["cpu_percent"]?.doubleValue
    memory = json["memory_bytes"]?.intValue
    beatAge = json["heartbeat_age_ms"]?.intValue
    lines = json["log_lines_per_s"]?.doubleValue
    messages = json["messages_per_s"]?.doubleValue
    orders = json["orders"]?.intValue
    fills = json["fills"]?.intValue
    position = StatusView.positions(json)
    let amounts = ["realised", "unrealised"].compactMap { json["pnl"]?[$0]?.shown }.compactMap { Amount($0) }
    profit =
      amounts.isEmpty
      ? nil
      : amounts.reduce(Amount.zero) { sum, next in
        let (raw, overflow) = sum.raw.addingReportingOverflow(next.raw)
        return overflow ? sum : Amount(raw: raw)
      }
    trouble = json.text("reason")
    says = json.text("status")
    next = NextSlot(json["schedule"]?["next"])?.time.description ?? ""
  }
}
