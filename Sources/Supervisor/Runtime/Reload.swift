import Config
import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// Reading the manifests again.
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
    let result = readAgain(apply: !isDry)
    Task {
      let (plan, reading) = await WayBack.value(of: result)
      connection.answer(id, plan.json(reading, folder: self.options.strategies))
      if !isDry,
        let client = self.clients[ObjectIdentifier(connection)] ?? Optional(ControlClient(connection, peer))
      {
        self.audit(client, "reload", (plan.added + plan.removed + plan.changed).joined(separator: " "), "ok")
      }
    }
  }

  /// SIGHUP. Of many at once the first is carried out, and one more after it, which sees what all of them meant.
  func reloadBySignal() {
    guard phase != .reloading else {
      reloadsAgain = true
      return
    }
    guard phase == .ready else {
      // What was read at the start may be older than what the signal is about.
      reloadsAgain = phase == .starting
      return
    }
    ServiceNotify.reloading()
    phase = .reloading
    reloadsAgain = false
    let result = readAgain(apply: true)
    Task {
      let (plan, reading) = await WayBack.value(of: result)
      self.say(
        .info,
        "reloaded: \(plan.added.count) added, \(plan.removed.count) removed, \(plan.changed.count) changed, "
          + "\(reading.issues.count) errors")
      guard self.phase == .reloading else { return }
      self.phase = .ready
      self.notified = self.summaryLine()
      ServiceNotify.ready(self.notified)
      if self.reloadsAgain { self.reloadBySignal() }
    }
  }

  /// One at a time, in the order in which they were asked for: of two at once the older reading could win.
  private func readAgain(apply: Bool) -> Task<(ReloadPlan, ManifestReading), Never> {
    let before = lastReload
    waitingReloads += 1
    let reload = Task {
      if let before { await WayBack.value(of: before) }
      let result = await self.readNow(apply: apply)
      self.waitingReloads -= 1
      return result
    }
    // With self, so that it begins on this very loop.
    lastReload = Task { _ = await self.end(of: reload) }
    return reload
  }

  private func end<Value: Sendable>(of reload: Task<Value, Never>) async -> Value {
    await WayBack.value(of: reload)
  }

  /// The manifests as they are now; many small files, so not read on the loop.
  func manifests() async -> ManifestReading {
    let folder = options.strategies
    let (python, places) = (options.settings.supervisor.python, options.places)
    let calendars = options.calendars
    let owners = homes
    return await SandboxDriver.away {
      ManifestReading.load(
        folder, python: python, places: places, calendars: calendars, owners: owners)
    }
  }

  private func readNow(apply: Bool) async -> (ReloadPlan, ManifestReading) {
    var reading = await manifests()
    let summary = await gatewaySummary()
    let positions = Self.positions(summary)
    let strangers = strangers(in: summary, reading.manifests.values.sorted { $0.name < $1.name })
    // No wait from here to the end: what was planned is what is done.
    let old = present
    reading.checkDependencies(
      kept: old.filter {
        reading.plans[$0.key] == nil
          && (reading.isUnreadable || reading.brokenFolders.contains($0.value.plan.folder))
      }
      .mapValues(\.plan))
    var plan = ReloadPlan(old: old, reading: reading) { name, plan in
      remembered[name]?.runs(enabled: plan.isEnabled) ?? plan.isEnabled
    }
    for name in plan.removed where old[name]?.plan.onExit != "flatten" {
      guard let held = positions[name], let path = old[name]?.manifest?.path else { continue }
      plan.warnings.append(ManifestIssue(path: path, line: nil, message: Self.forsaken(name, held)))
    }
    plan.warnings += strangers
    if apply, phase != .stopping {
      admitting { carryOut(plan, reading) }
      tellGatewayToReload()
    }
    return (plan, reading)
  }

  private var present: [String: ReloadPlan.Present] {
    workers.filter { !$0.value.isGateway && !$0.value.isRemoved }.mapValues { worker in
      ReloadPlan.Present(
        plan: worker.plan, manifest: worker.manifest, isWanted: worker.lifecycle.isWanted,
        isLive: worker.lifecycle.state.isLive)
    }
  }

  private func carryOut(_ plan: ReloadPlan, _ reading: ManifestReading) {
    report(reading)
    for warning in plan.warnings { say(.warning, warning.message) }
    for name in dependencies.stopOrder(plan.removed) {
      guard let worker = workers[name] else { continue }
      worker.isRemoved = true
      unschedule(worker)
      apply(.command(.stop, commands.add(name, nil)), to: worker)
      if !worker.lifecycle.state.isLive { forget(worker) }
    }
    let steps = Dictionary(plan.steps.map { ($0.name, $0.action) }, uniquingKeysWith: { first, _ in first })
    for name in plan.changed {
      if let worker = workers[name], let new = reading.plans[name] {
        change(worker, to: new, reading.manifests[name])
      }
    }
    var fresh: [String: WorkerPlan] = [:]
    for name in plan.added {
      guard let new = reading.plans[name] else { continue }
      if let leaving = workers[name] {
        // It came back while it was still stopping: the same worker goes on.
        leaving.isRemoved = false
        change(leaving, to: new, reading.manifests[name])
      } else {
        fresh[name] = new
      }
    }
    for (name, new) in fresh { add(name, new, reading.manifests[name]) }
    rebuildDependencies()
    let touched = dependencies.order(plan.changed + plan.added)
    for name in dependencies.stopOrder(touched) {
      if steps[name] == .stop { apply(.command(.stop, commands.add(name, nil)), to: name) }
      if steps[name] == .restart { apply(.command(.restart, commands.add(name, nil)), to: name) }
    }
    for name in touched {
      if workers[name]?.lifecycle.isWanted == true || steps[name] == .start { pullIn(for: name) }
      if steps[name] == .start { apply(.command(.start, commands.add(name, nil)), to: name) }
    }
    for name in fresh.keys.sorted() {
      if let worker = workers[name] { arm(worker, isReload: true) }
    }
    report()
  }

  /// What holds without a new process.
  private func change(_ worker: Worker, to new: WorkerPlan, _ manifest: StrategyManifest?) {
    let old = worker.plan
    worker.plan = new
    worker.manifest = manifest
    apply(.policyChanged(new.policy), to: worker)
    reschedule(worker, from: old.timetable)
    if old.outputBytesPerSecond != new.outputBytesPerSecond {
      worker.limit.change(bytesPerSecond: new.outputBytesPerSecond)
    }
    if old.params != new.params { worker.tell("params", new.params) }
  }

  /// Takes in what is wrong with the manifests; what is new of it goes to the log.
  func report(_ reading: ManifestReading) {
    for issue in reading.issues where !manifestIssues.contains(issue) { say(.error, issue.words) }
    for issue in reading.warnings where !manifestWarnings.contains(issue) { say(.warning, issue.words) }
    manifestIssues = reading.issues
    manifestWarnings = reading.warnings
    broken = reading.broken
    settle(reading)
  }

  /// Makes a worker of a plan, with what is remembered of it; nothing is started.
  private func add(_ name: String, _ plan: WorkerPlan, _ manifest: StrategyManifest?) {
    let past = remembered[name]
    var lifecycle = Lifecycle(
      name: name, policy: plan.policy, generation: past?.generation ?? 0, isPaused: past?.isPaused ?? false)
    if let past, let over = past.over, !plan.policy.isScheduled {
      lifecycle.recall(over.state, reason: over.reason, isWanted: past.isWanted(enabled: plan.isEnabled))
    }
    if past?.isFrozen == true { lifecycle.recallFreeze() }
    let worker = Worker(
      name: name, plan: plan, lifecycle: lifecycle, since: past?.over?.since ?? WallClock.now)
    worker.manifest = manifest
    worker.lastExit = lastExits[name]
    worker.saved = past
    workers[name] = worker
  }

  /// Makes the workers of the daemon's start, and starts those that should run, and what they require.
  func admit(_ reading: ManifestReading) { admitting { admitAll(reading) } }

  private func admitAll(_ reading: ManifestReading) {
    for (name, plan) in reading.plans { add(name, plan, reading.manifests[name]) }
    rebuildDependencies()
    // A person's stop lasts, also for one that others require; so does a person's start of one that is not enabled.
    let lasting = Set(remembered.values.filter { !$0.isWanted }.map(\.name))
    for name in dependencies.order(reading.plans.keys) {
      guard let plan = reading.plans[name], startsWithUs(name, plan) else { continue }
      pullIn(for: name, except: lasting)
      apply(.command(.start, commands.add(name, nil)), to: name)
    }
    armSchedules()
  }

  /// One that got a schedule after its end waits for its slots.
  private func startsWithUs(_ name: String, _ plan: WorkerPlan) -> Bool {
    guard let past = remembered[name] else { return plan.isEnabled }
    return plan.policy.isScheduled
      ? past.isWanted(enabled: plan.isEnabled) : past.runs(enabled: plan.isEnabled)
  }
}
