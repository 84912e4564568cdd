import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// Events go into a worker's machine, and what it says is done.
extension Supervisor {
  func apply(_ event: Event, to worker: Worker) {
    let before = worker.lifecycle.state
    let seen = worker.lifecycle.companion
    let event = complete(event, worker)
    let actions = worker.lifecycle.handle(event, now: .now, using: &random)
    // Before anything is recorded of the new state.
    if worker.lifecycle.state != before { worker.since = WallClock.now }
    carryOut(actions, on: worker)
    if worker.untold.isEmpty { save(worker) }
    arm(worker)
    if worker.lifecycle.state != before { changed(worker, from: before) }
    if worker.lifecycle.companion != seen { refresh(around: worker.name) }
    if worker.slots != nil { follow(event, worker) }
  }

  /// A run's end carries what the process said last.
  private func complete(_ event: Event, _ worker: Worker) -> Event {
    if case .emptied(let generation, nil) = event {
      .emptied(generation, lastWords: worker.lastWords)
    } else {
      event
    }
  }

  /// An event of a process, if that is still the one.
  func apply(_ event: Event, to name: String) {
    if let worker = workers[name] { apply(event, to: worker) }
  }

  /// One after the other; only that a strategy's process which follows another at once does not wait until the disk
  /// and the gateway have heard of the end of that.
  private func carryOut(_ actions: [Action], on worker: Worker) {
    var followsAtOnce = false
    for action in actions {
      switch action {
      case .runEnded(let end):
        tellUntold(of: worker)
        worker.untold.append(.ended(finishRun(of: worker, end), end))
      case .spawn where !worker.isGateway:
        followsAtOnce = !worker.untold.isEmpty
        perform(action, on: worker)
      default:
        tellUntold(of: worker)
        perform(action, on: worker)
      }
    }
    guard followsAtOnce, !worker.untold.isEmpty else { return tellUntold(of: worker) }
    // The process thread's answer comes before; if it does not, this is how long the records may lag.
    let name = worker.name
    loop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { [self] in
      assumeIsolated { supervisor in
        if let worker = supervisor.workers[name] { supervisor.tellUntold(of: worker) }
      }
    }
  }

  /// Records and tells what waited for the next process to be made: before that is heard or the gateway knows of it, so
  /// that no generation that anybody has seen is given twice. The generation comes first for the same reason.
  func tellUntold(of worker: Worker) {
    guard !worker.untold.isEmpty else { return }
    let all = worker.untold
    worker.untold = []
    save(worker)
    for item in all {
      switch item {
      case .ended(let run, let end): tellEnd(run, end, worker)
      case .begun(let run): store.save(run)
      case .line(let run, let severity, let text): log(worker.name, run: run, .supervisor, severity, text)
      }
    }
  }

  private func perform(_ action: Action, on worker: Worker) {
    switch action {
    case .spawn(let generation):
      worker.lastErrorLine = nil
      spawn(worker, generation)
    case .askToStop(_, let time, let reason):
      worker.tell(
        "stop", ["deadline_ms": .int(time.wholeNanoseconds / 1_000_000), "reason": .string(reason)])
    case .terminate:
      if let process = worker.process { processes?.signal(process.handle, 15) }
    case .killAll:
      killTree(of: worker)
    case .freeze: freeze(worker)
    case .thaw:
      worker.thawedAt = .now
      thaw(worker)
    case .tell(_, let paused):
      if paused { worker.tell("pause", ["reason": "paused by a person"]) } else { worker.tell("resume") }
    case .applyTrading(let serial, let paused):
      applyTrading(worker, serial, paused)
    case .runEnded: break  // see carryOut
    case .slotEnded(let slot, let end): slotEnded(slot, end, worker)
    case .answer(let id, let answer):
      answered(id, answer, state: worker.lifecycle.state)
    case .alert(let message):
      // Of a failure with what the process said last, as status shows it.
      let trouble = worker.lifecycle.state == .failed ? worker.troubleInFull : nil
      log(
        worker.name, run: worker.run?.id, .supervisor, .critical, trouble.map { "failed: \($0)" } ?? message)
    }
  }

  /// Also what is only on its way to its command: rbot-exec may be held up by a file system.
  func killTree(of worker: Worker) {
    if let process = worker.process {
      processes?.killTree(process.handle)
    } else if let generation = worker.lifecycle.liveGeneration {
      processes?.killTree(ofSpawn: spawnID(worker.name, generation))
    }
  }

  /// Sees to it that a tick comes when the machine wants one. An earlier one that is set already stays: it does
  /// no harm, and a heartbeat costs no timer.
  private func arm(_ worker: Worker) {
    guard let deadline = worker.lifecycle.deadline else { return }
    if let set = worker.timerAt, set <= deadline { return }
    worker.timer?.cancel()
    worker.timerAt = deadline
    let name = worker.name
    worker.timer = loop.assumeIsolated().scheduleTask(deadline: deadline.deadline) { [self] in
      assumeIsolated { supervisor in
        guard let worker = supervisor.workers[name] else { return }
        worker.timerAt = nil
        supervisor.apply(.tick, to: worker)
      }
    }
  }

  func save(_ worker: Worker) {
    guard !isAdmitting else { return }
    let record = worker.record
    guard !worker.isGateway || record.generation != worker.saved?.generation, record != worker.saved else {
      return
    }
    worker.saved = record
    store.save(record)
  }

  private func changed(_ worker: Worker, from before: WorkerState) {
    let now = worker.lifecycle.state
    // The reason is news only where it decides; the others carry it along, and of a failure an alert has told it.
    let trouble = [.backoff, .waiting].contains(now) ? worker.troubleInFull.map { ": \($0)" } ?? "" : ""
    let severity: Severity = now == .failed ? .error : now == .backoff ? .warning : .info
    let line = "\(before.rawValue) → \(now.rawValue)\(trouble)"
    if worker.untold.isEmpty {
      log(worker.name, run: worker.run?.id, .supervisor, severity, line)
    } else {
      worker.untold.append(.line(run: worker.run?.id, severity, line))
    }
    if worker.isGateway { gatewayChanged(worker) }
    if worker.isRemoved, !now.isLive { forget(worker) }
    startFeedWhenSettled()
    advanceShutdown()
    report()
  }

  /// The worker holds nothing of the process any more.
  ///
  /// - Returns: what is to be recorded of its run.
  private func finishRun(of worker: Worker, _ end: RunEnd) -> RunRecord? {
    if var run = worker.run {
      run.ended = WallClock.now
      switch end.status {
      case .code(let code): run.exitCode = code
      case .signal(let signal): run.signal = signal
      case nil: break
      }
      run.reason = end.reason
      run.isExpected = end.expected
      worker.lastExit = run
    }
    // A crash of one that was ready is followed by a quick start; whatever else, the machine is looked at anew.
    if end.expected || (worker.run?.ready == nil && !(worker.cell?.isFresh(at: .now) ?? false)) {
      worker.cell = nil
    }
    worker.confinement = SandboxReport()
    worker.pin = ProcPins([])
    defer { worker.run = nil }
    worker.process = nil
    worker.cgroup = nil
    worker.saidHello = false
    worker.tokenHash = nil
    worker.statusText = nil
    // What it said last may still be on its way; the channel closes by itself when all has been read.
    worker.connection = nil
    return worker.run == nil ? nil : worker.lastExit
  }

  private func tellEnd(_ run: RunRecord?, _ end: RunEnd, _ worker: Worker) {
    if let run {
      store.save(run)
      log(
        worker.name, run: run.id, .supervisor, end.expected ? .info : .warning,
        "generation \(end.generation) \(end.expected ? "ended" : "failed"): \(end.reason)")
    }
    if worker.isGateway { gatewayEnded(worker, end) } else { workerGone(worker, end.generation) }
  }

  /// A worker that was removed by a reload, and is gone.
  func forget(_ worker: Worker) {
    worker.timer?.cancel()
    workers[worker.name] = nil
    logs.forget(worker.name)
    homes[worker.name] = nil
    rebuildDependencies()
    metrics.forget(worker.name)
    schedules.wakes.set(worker.name, nil)
    outputLimit.forget(worker.name)
    store.removed(worker.name)
    remembered[worker.name] = StrategyRecord(
      name: worker.name, isWanted: false, isPaused: worker.lifecycle.isPaused,
      generation: worker.lifecycle.generation, isEnabled: false)
  }
}
