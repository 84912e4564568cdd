import Config
import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// What a reload would do: computed first, shown by a dry run, then carried out.
struct ReloadPlan {
  var added: [String] = []
  var removed: [String] = []
  var changed: [String] = []
  var unchanged: [String] = []

  /// - Parameter broken: names whose manifest cannot be read now: what runs is left as it is.
  init(old: [String: WorkerPlan], new: [String: WorkerPlan], broken: Set<String>) {
    for (name, plan) in new {
      switch old[name] {
      case nil: added.append(name)
      case plan?: unchanged.append(name)
      default: changed.append(name)
      }
    }
    for name in old.keys where new[name] == nil {
      if broken.contains(name) { unchanged.append(name) } else { removed.append(name) }
    }
    added.sort()
    removed.sort()
    changed.sort()
    unchanged.sort()
  }

  func json(_ issues: [ManifestIssue], folder: String) -> JSON {
    var room = ReplyLimit.bytes - ReplyLimit.issueBytes
    var left = 0
    func list(_ names: [String]) -> JSON {
      let shown = ReplyLimit.first(of: names.map(JSON.string), in: &room)
      left += names.count - shown.count
      return .array(shown)
    }
    let lists = (list(added), list(removed), list(changed), list(unchanged))
    return [
      "added": lists.0, "removed": lists.1, "changed": lists.2, "unchanged": lists.3,
      "errors": ReplyLimit.issues(
        issues, folder: folder, notes: left > 0 ? ["\(left) names are not shown"] : []),
    ]
  }
}

/// The manifests as they are now.
struct ManifestReading: Sendable {
  var plans: [String: WorkerPlan] = [:]
  var issues: [ManifestIssue] = []
  /// Folders whose manifest is wrong.
  var brokenFolders: Set<String> = []

  static func load(_ folder: String, python: String) -> ManifestReading {
    let contents = ManifestDirectory.load(folder)
    var reading = ManifestReading()
    for manifest in contents.manifests {
      if [Worker.gatewayName, "rbotd"].contains(manifest.name) {
        reading.issues.append(
          ManifestIssue(
            path: manifest.path, line: nil,
            message: "the name \(manifest.name) is taken by a program of rbotd"))
      } else {
        reading.plans[manifest.name] = WorkerPlan(manifest, python: python)
      }
    }
    for issue in contents.issues {
      reading.issues.append(
        ManifestIssue(
          path: issue.path, line: issue.line,
          message: issue.key.map { "\($0): \(issue.message)" } ?? issue.message))
      if let slash = issue.path.lastIndex(of: "/") {
        reading.brokenFolders.insert(String(issue.path[..<slash]))
      }
    }
    return reading
  }
}

extension Supervisor {
  /// Reloads that may be on their way at once, the running one included.
  private static let reloadsMax = 16

  func reload(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let isDry = try params.optionalBool("dry_run") ?? false
    guard phase != .stopping else { throw .refused("shutting_down", "rbotd is shutting down") }
    guard waitingReloads < Self.reloadsMax else {
      throw .refused("too_many_reloads", "\(Self.reloadsMax) reloads are waiting already: try again later")
    }
    let connection = client.connection
    let peer = client.credentials
    let reading = readAgain(apply: !isDry)
    Task {
      let (plan, issues) = await reading.value
      connection.answer(id, plan.json(issues, folder: self.options.strategies))
      if !isDry,
        let client = self.clients[ObjectIdentifier(connection)] ?? Optional(ControlClient(connection, peer))
      {
        self.audit(client, "reload", (plan.added + plan.removed + plan.changed).joined(separator: " "), "ok")
      }
    }
  }

  /// SIGHUP.
  func reloadBySignal() {
    guard phase == .ready else { return }
    ServiceNotify.reloading()
    phase = .reloading
    let reading = readAgain(apply: true)
    Task {
      let (plan, issues) = await reading.value
      self.say(
        .info,
        "reloaded: \(plan.added.count) added, \(plan.removed.count) removed, \(plan.changed.count) changed, "
          + "\(issues.count) errors")
      if self.phase == .reloading { self.phase = .ready }
      self.notified = self.summaryLine()
      ServiceNotify.ready(self.notified)
    }
  }

  /// One at a time, in the order in which they were asked for: of two at once the older reading could win.
  private func readAgain(apply: Bool) -> Task<(ReloadPlan, [ManifestIssue]), Never> {
    let before = lastReload
    waitingReloads += 1
    let reload = Task {
      await before?.value
      let result = await self.readNow(apply: apply)
      self.waitingReloads -= 1
      return result
    }
    lastReload = Task { _ = await reload.value }
    return reload
  }

  private func readNow(apply: Bool) async -> (ReloadPlan, [ManifestIssue]) {
    let folder = options.strategies
    let python = options.settings.supervisor.python
    // Reads many small files: not on the loop.
    let reading = await Task.detached { ManifestReading.load(folder, python: python) }.value
    let old = workers.filter { !$0.value.isGateway && !$0.value.isRemoved }
    let broken = Set(old.filter { reading.brokenFolders.contains($0.value.plan.folder) }.keys)
    let plan = ReloadPlan(old: old.mapValues(\.plan), new: reading.plans, broken: broken)
    if apply, phase != .stopping { carryOut(plan, reading) }
    return (plan, reading.issues)
  }

  private func carryOut(_ plan: ReloadPlan, _ reading: ManifestReading) {
    report(issues: reading.issues)
    for name in plan.removed {
      guard let worker = workers[name] else { continue }
      worker.isRemoved = true
      apply(.command(.stop, commands.add(name, nil)), to: worker)
      if !worker.lifecycle.state.isLive { forget(worker) }
    }
    for name in plan.changed {
      if let worker = workers[name], let new = reading.plans[name] { change(worker, to: new) }
    }
    for name in plan.added {
      guard let new = reading.plans[name] else { continue }
      if let leaving = workers[name] {
        // It came back while it was still stopping: the same worker goes on.
        leaving.isRemoved = false
        change(leaving, to: new)
        if new.isEnabled { apply(.command(.start, commands.add(name, nil)), to: leaving) }
      } else {
        admit(name, new)
      }
    }
    report()
  }

  private func change(_ worker: Worker, to new: WorkerPlan) {
    let old = worker.plan
    worker.plan = new
    apply(.policyChanged(new.policy), to: worker)
    if old.isEnabled != new.isEnabled {
      apply(.command(new.isEnabled ? .start : .stop, commands.add(worker.name, nil)), to: worker)
    } else if old.needsRestart(for: new), worker.lifecycle.isWanted {
      apply(.command(.restart, commands.add(worker.name, nil)), to: worker)
    }
    if old.params != new.params { worker.tell("params", new.params) }
  }

  func report(issues: [ManifestIssue]) {
    for issue in issues where !manifestIssues.contains(issue) {
      say(.error, "\(issue.path)\(issue.line.map { ":\($0)" } ?? ""): \(issue.message)")
    }
    manifestIssues = issues
  }

  /// Makes a worker of a plan, with what is remembered of it, and starts it when it should run.
  func admit(_ name: String, _ plan: WorkerPlan) {
    let past = remembered[name]
    let worker = Worker(
      name: name, plan: plan,
      lifecycle: Lifecycle(
        policy: plan.policy, generation: past?.generation ?? 0, isPaused: past?.isPaused ?? false,
        gatewayIsReady: gatewayLink.isUp), since: WallClock.now)
    worker.lastExit = lastExits[name]
    worker.saved = past
    workers[name] = worker
    // A person's stop lasts; so does a person's start of one that is not enabled.
    if past?.isWanted ?? plan.isEnabled {
      apply(.command(.start, commands.add(name, nil)), to: worker)
    }
  }
}
