import IPC
import Lifecycle
import Model
import NIOCore
import SupervisorStore
import Wire

/// The control protocol's `metrics` and `metrics.history`.
extension Supervisor {
  /// How far back `metrics.history` looks where it is not said.
  private static let historySeconds: Int64 = 3_600

  func showMetrics(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let name = try params.string("name")
    let items = metrics.items(of: name)
    var room = ReplyLimit.bytes
    let shown = ReplyLimit.first(of: items, in: &room)
    client.connection.answer(
      id,
      [
        "name": .string(name), "process": try process(of: name), "metrics": .array(shown),
        "not_shown": .int(items.count - shown.count), "dropped": .int(metrics.unseen[name] ?? 0),
        "lost": .int(metrics.lost[name] ?? 0),
      ])
  }

  private func process(of name: String) throws(RPCError) -> JSON {
    if name == "rbotd" { return .object(ownUsage()) }
    guard let worker = workers[name] else {
      throw .refused("unknown_strategy", "there is no strategy \(name)")
    }
    guard worker.process != nil else { return .null }
    var part = usage(of: worker)
    part["restarts"] = .int(worker.lifecycle.restarts)
    part["heartbeat_age_ms"] =
      worker.lifecycle.lastBeat.map { .int((Moment.now - $0).wholeNanoseconds / 1_000_000) } ?? .null
    part["refused"] = .int(worker.refused)
    return .object(part)
  }

  func showMetricHistory(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let name = try params.string("name")
    guard name == "rbotd" || workers[name] != nil || remembered[name] != nil else {
      throw .refused("unknown_strategy", "there is no strategy \(name)")
    }
    let metric = try params.string("metric")
    let now = WallClock.now.nanoseconds / 1_000_000_000
    let until = try params.optionalTimestamp("until").map { $0.nanoseconds / 1_000_000_000 } ?? now + 1
    let since =
      try params.optionalTimestamp("since").map { $0.nanoseconds / 1_000_000_000 }
      ?? until - Self.historySeconds
    guard since < until else { throw .invalidParams("since must be before until") }
    let step = min(max(0, try params.optionalInt("step_s") ?? 0), 366 * 86_400)
    let labels = params["labels"].flatMap { $0.isNull ? nil : Self.sorted($0) }
    if let value = params["labels"], !value.isNull, value.objectValue == nil {
      throw .invalidParams("labels must be an object")
    }
    let query = MetricQuery(
      source: name, name: metric, since: max(0, since), until: until, now: now, step: Int64(step),
      matches: { text in labels.map { $0 == Self.sorted(MetricHub.labels(text)) } ?? true })
    let connection = client.connection
    Task { await self.answerHistory(query, id, connection) }
  }

  private func answerHistory(_ query: MetricQuery, _ id: RequestID, _ connection: Connection) async {
    do {
      let (found, more) = try await reading { [store] in try store.history(query) }.get()
      var room = ReplyLimit.bytes
      let series = found.map(Self.json)
      let shown = ReplyLimit.first(of: series, in: &room)
      connection.answer(
        id, ["series": .array(shown), "not_shown": .int(more + series.count - shown.count)])
    } catch {
      connection.reply(to: id, error: .refused("database", "\(error)"))
    }
  }

  private static func json(_ history: MetricHistory) -> JSON {
    let points: [JSON] = history.points.map { point in
      [
        .int(point.time), .double(point.minimum), .double(point.mean), .double(point.maximum),
        .double(point.last), .int(point.count),
      ]
    }
    return [
      "name": .string(history.series.name), "labels": MetricHub.labels(history.series.labelsJSON),
      "origin": history.series.origin == .process ? "process" : "strategy", "step_s": .int(history.step),
      "points": .array(points),
    ]
  }

  /// Labels mean the same in any order.
  private static func sorted(_ labels: JSON) -> [String: JSON] {
    Dictionary((labels.objectValue?.fields ?? []).map { ($0.key, $0.value) }) { $1 }
  }
}
