import Config
import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// What `rbotctl status` shows.
extension Supervisor {
  func status(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let name = try params.optionalString("strategy")
    if let name, workers[name].map(\.isGateway) ?? (broken[name] == nil) {
      throw .refused("unknown_strategy", "there is no strategy \(name)")
    }
    let isBrief = try params.optionalBool("brief") ?? false
    let connection = client.connection
    // A gateway that is slow to answer must not make us seem so: its part is then missing.
    askGateway("summary", [:], timeout: .milliseconds(500)).assumeIsolated().whenComplete { [self] result in
      assumeIsolated { supervisor in
        let summary: JSON =
          switch result {
          case .success(let summary): summary
          case .failure: .null
          }
        connection.answer(id, supervisor.report(on: name, summary, isBrief: isBrief))
      }
    }
  }

  private func report(on name: String?, _ summary: JSON, isBrief: Bool) -> JSON {
    let shown = strategies.filter { name == nil || $0.name == name }
    var trades: [String: JSON] = [:]
    for item in summary["strategies"]?.arrayValue ?? [] {
      if let name = item["strategy"]?.stringValue { trades[name] = item }
    }
    // Not zero but unknown, where the gateway did not say.
    let nothing: JSON = summary.isNull ? .null : ["orders": 0, "fills": 0, "position": []]
    var room = ReplyLimit.bytes - ReplyLimit.issueBytes
    let unread = broken.keys.filter { workers[$0] == nil && (name == nil || $0 == name) }.sorted()
    let all =
      shown.map {
        let trades = trades[$0.name] ?? nothing
        return isBrief ? briefPart($0, trades) : strategyPart($0, trades)
      } + unread.map { brokenPart($0, trades[$0] ?? nothing) }
    let parts = ReplyLimit.first(of: all, in: &room)
    let left = all.count - parts.count
    let notes = left > 0 ? ["\(left) strategies are not shown: ask for them by name"] : []
    return [
      "supervisor": supervisorPart(), "gateway": gatewayPart(summary), "strategies": .array(parts),
      "errors": ReplyLimit.issues(manifestIssues, folder: options.strategies, notes: notes),
      "warnings": ReplyLimit.issues(
        manifestWarnings + strangers(in: summary), folder: options.strategies,
        notes: rehearsalNotes + disks.room.warnings + options.settings.warnings + silence(summary)
          + forsaken(in: summary)),
    ]
  }

  private func silence(_ summary: JSON) -> [String] {
    guard summary.isNull, gatewayLink.isUp else { return [] }
    return ["the gateway does not answer: orders, positions and profits are not known at the moment"]
  }

  private func supervisorPart() -> JSON {
    var part: JSONObject = ownUsage()
    let facts: JSON = [
      "pid": .int(Int(getOwnPid())), "version": .string(Version.text), "uptime_s": .double(uptime()),
      "state": .string(phase.rawValue), "started": .string(started.description),
      "home": .string(options.layout.state),
      "strategies_folder": .string(options.strategies), "config": .string(options.config),
      "control": .string(options.layout.controlSocket), "rehearsal": rehearsalPart,
      "records": [
        "written": .int(store.written), "waiting": .int(store.pending), "lost": .int(store.lost),
        "deleted": .int(store.deletedLines), "fields_cut": .int(logs.fieldsCut),
      ],
    ]
    for field in facts.objectValue?.fields ?? [] { part[field.key] = field.value }
    return .object(part)
  }

  private func uptime() -> Double {
    let milliseconds = (Moment.now - startedAt).wholeNanoseconds / 1_000_000
    return Double(milliseconds) / 1_000
  }

  private func gatewayPart(_ summary: JSON) -> JSON {
    guard let worker = gateway else { return ["state": "stopped"] }
    let feed = summary["feed"] ?? gatewayLink.about["feed"] ?? .null
    var part = common(worker)
    part["feed"] = feed["kind"] ?? .null
    part["mode"] = summary["mode"] ?? gatewayLink.about["mode"] ?? .null
    part["kill_switch"] = summary["kill_switch"] ?? .null
    part["listen"] = summary["listen"] ?? gatewayLink.about["listen"] ?? .null
    part["synthetic"] = feed["synthetic"] ?? .null
    part["feed_detail"] = feed
    return .object(part)
  }

  private func strategyPart(_ worker: Worker, _ trades: JSON) -> JSON {
    var part = JSONObject()
    part["name"] = .string(worker.name)
    for field in common(worker).fields { part[field.key] = field.value }
    part["paused"] = .bool(worker.lifecycle.refusesEntries)
    part["pausing"] = Self.pausing(worker)
    part["enabled"] = .bool(worker.plan.isEnabled)
    part["wanted"] = .bool(worker.lifecycle.isWanted)
    part["frozen"] = .bool(worker.lifecycle.isFrozen)
    part["after"] = .array(worker.plan.policy.after.map(JSON.string))
    part["requires"] = .array(worker.plan.policy.requires.map(JSON.string))
    part["schedule"] = schedulePart(worker)
    part["on_exit"] = .string(worker.plan.onExit)
    part["waiting_for"] = .array(worker.lifecycle.waitsFor.map { .string($0.words) })
    part["manifest"] = JSON(worker.manifest?.path)
    if let issues = broken[worker.name] { part["manifest_errors"] = .array(issues.map(\.json)) }
    part["orders"] = trades["orders"] ?? .null
    part["fills"] = trades["fills"] ?? .null
    part["position"] = trades["position"] ?? .null
    part["pnl"] = trades["pnl"] ?? .null
    part["mode"] = trades["mode"] ?? .null
    part["sandbox"] = worker.confinement.json
    part["sandbox_warnings"] = .int(worker.confinement.warnings.count)
    part["refused"] = .int(worker.refused)
    part["progress"] = .int(worker.progress)
    part["busy"] = Self.busy(worker)
    part["status"] = JSON(worker.statusText)
    part["quotes"] = [
      "sent": trades["quotes_sent"] ?? 0, "thinned": trades["quotes_thinned"] ?? 0,
    ]
    return .object(part)
  }

  /// What a table of all of them has room for.
  private func briefPart(_ worker: Worker, _ trades: JSON) -> JSON {
    [
      "name": .string(worker.name), "state": .string(worker.lifecycle.state.rawValue),
      "pid": JSON(worker.process.map { Int($0.pid) }), "restarts": .int(worker.lifecycle.restarts),
      "since": .string(worker.since.description), "reason": JSON(worker.troubleInFull),
      "paused": .bool(worker.lifecycle.refusesEntries), "pausing": Self.pausing(worker),
      "frozen": .bool(worker.lifecycle.isFrozen),
      "orders": trades["orders"] ?? .null,
      "fills": trades["fills"] ?? .null,
      "position": trades["position"] ?? .null, "pnl": trades["pnl"] ?? .null,
      "status": JSON(worker.statusText), "busy": Self.busy(worker), "schedule": schedulePart(worker),
    ]
  }

  private static func busy(_ worker: Worker) -> JSON {
    guard let stuck = worker.stuck else { return .null }
    let time = stuck.time(.now).wholeNanoseconds / 1_000_000
    return ["callback": .string(stuck.name), "ms": .int(time)]
  }

  /// What is asked for and not in force yet: `pause` or `resume`; null where all is as people want it.
  private static func pausing(_ worker: Worker) -> JSON {
    let life = worker.lifecycle
    return life.isPaused == life.refusesEntries ? .null : life.isPaused ? "pause" : "resume"
  }

  private func common(_ worker: Worker) -> JSONObject {
    var part = JSONObject()
    part["state"] = .string(worker.lifecycle.state.rawValue)
    part["pid"] = JSON(worker.process.map { Int($0.pid) })
    part["generation"] = .int(worker.lifecycle.generation)
    part["restarts"] = .int(worker.lifecycle.restarts)
    part["since"] = .string(worker.since.description)
    part["reason"] = JSON(worker.troubleInFull)
    part["last_exit"] = worker.lastExit.map(Self.lastExit) ?? .null
    for field in usage(of: worker).fields { part[field.key] = field.value }
    part["dropped_logs"] = .int(worker.limit.droppedInAll + (logs.lost[worker.name] ?? 0))
    part["ignored_messages"] = .int(worker.ignored)
    if let beat = worker.lifecycle.lastBeat {
      part["heartbeat_age_ms"] = .int((Moment.now - beat).wholeNanoseconds / 1_000_000)
    }
    return part
  }

  static func lastExit(_ run: RunRecord) -> JSON {
    [
      "code": JSON(run.exitCode), "signal": JSON(run.signal), "reason": JSON(run.reason),
      "time": JSON(run.ended?.description), "generation": .int(run.generation),
    ]
  }
}
