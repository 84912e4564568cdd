import Config
import Glibc
import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore

/// The daemon's own life: start, what the service manager hears, signals, the end.
extension Supervisor {
  /// Starts everything. Returns once the control socket answers and the first processes are being made.
  ///
  /// - Throws: what keeps the daemon from running at all, with a sentence.
  public func start() async throws {
    store.closeOpenRuns(before: lastRun + 1, reason: "rbotd ended without ending it")
    let strays = ProcessTree.killStrays(markedWith: options.mark)
    if !strays.isEmpty { say(.warning, "killed what an earlier rbotd had left: \(strays)") }
    let contents = await manifests()
    processes = try ProcessThread { [self] event in later { $0.happened(event) } }
    try prepareGround()
    startGateway()
    report(contents)
    admit(contents)
    // Not before: whoever asks must find every strategy.
    try await openControlSocket().get()
    let count = contents.plans.count
    say(.info, "rbotd \(Version.text) started with \(count) strategies in \(options.layout.state)")
    for note in rehearsalNotes { say(.warning, note) }
    if DescriptorRoom.limit < DescriptorRoom.limitMin {
      say(
        .warning,
        "rbotd may open only \(DescriptorRoom.limit) files, and wants \(DescriptorRoom.limitMin) and 6 for each "
          + "strategy: raise its LimitNOFILE (ulimit -n)")
    }
    for warning in options.settings.warnings { say(.warning, warning) }
    if let interval = ServiceNotify.watchdogInterval {
      // From this very loop: when it hangs, the pings end, and systemd starts us again.
      watchdog = loop.scheduleRepeatedTask(
        initialDelay: .zero, delay: .nanoseconds(interval.wholeNanoseconds)
      ) { _ in ServiceNotify.watchdog() }
    }
    diskRounds = loop.scheduleRepeatedTask(
      initialDelay: .nanoseconds(DiskWatch.every.wholeNanoseconds),
      delay: .nanoseconds(DiskWatch.every.wholeNanoseconds)
    ) { [self] _ in
      assumeIsolated { supervisor in
        supervisor.watchDisks()
        supervisor.watchDiskRoom()
        // From here it begins on this very loop: elsewhere it would ask libdispatch for a thread.
        Task { await supervisor.lookAtShared() }
      }
    }
    housekeeping = loop.scheduleRepeatedTask(initialDelay: .seconds(10), delay: .minutes(5)) { [store] _ in
      store.prune(now: WallClock.now)
    }
    startSampling()
    report()
  }

  private func startGateway() {
    let plan = WorkerPlan.gateway(options)
    let past = remembered[Worker.gatewayName]
    let worker = Worker(
      name: Worker.gatewayName, plan: plan,
      lifecycle: Lifecycle(name: Worker.gatewayName, policy: plan.policy, generation: past?.generation ?? 0),
      since: WallClock.now)
    worker.lastExit = lastExits[Worker.gatewayName]
    worker.saved = past
    workers[worker.name] = worker
    apply(.command(.start, commands.add(worker.name, nil)), to: worker)
  }

  /// Completes when the daemon has shut down: nothing runs, and the records are written.
  public nonisolated func finished() async throws { try await ended.futureResult.get() }

  /// What is running, in a line; also for `systemctl status`.
  public func summaryLine() -> String {
    var (all, running, failed) = (0, 0, 0)
    for worker in workers.values where !worker.isGateway {
      let state = worker.lifecycle.state
      all += 1
      if state == .ready || state == .paused { running += 1 }
      if state == .failed { failed += 1 }
    }
    let state = gateway?.lifecycle.state.rawValue ?? "stopped"
    return "gateway \(state), \(running) of \(all) strategies running"
      + (failed > 0 ? ", \(failed) failed" : "")
  }

  /// Tells the service manager what is new, once for all that happens in a turn of the loop.
  func report() {
    guard !isReportDue else { return }
    isReportDue = true
    later { supervisor in
      supervisor.isReportDue = false
      supervisor.reportNow()
    }
  }

  private func reportNow() {
    wakeSettled()
    guard phase != .stopping else { return }
    let line = summaryLine()
    if phase == .starting {
      // Ready means: whoever asks now gets an answer, and what should run is running or has been tried.
      let gatewayWasTried = gatewayLink.isUp || gateway?.lifecycle.state == .backoff
      let isSpawned = !gatewayLink.isUp || strategies.allSatisfy { !$0.waitsForGateway }
      guard gatewayWasTried, isSpawned else { return }
      phase = .ready
      notified = line
      ServiceNotify.ready(line)
      if reloadsAgain { later { $0.reloadBySignal() } }
    } else if line != notified {
      notified = line
      ServiceNotify.status(line)
    }
  }

  func signalled(_ signal: ControlSignal) {
    switch signal {
    case .hangup: reloadBySignal()
    case .terminate: shutDown("SIGTERM")
    case .interrupt:
      interrupts += 1
      if interrupts > 1 { killAll("interrupted again") } else { shutDown("SIGINT") }
    }
  }

  /// Stops the workers side by side, each after those that depend on it, then the gateway, then us.
  public func shutDown(_ why: String) {
    guard phase != .stopping else { return }
    phase = .stopping
    ServiceNotify.stopping("stopping: \(why)")
    say(.info, "shutting down: \(why)")
    endSchedules()
    for name in dependencies.stopOrder(strategies.map(\.name)) {
      apply(.command(.shutdown, commands.add(name, nil)), to: name)
    }
    let limit = options.settings.supervisor.shutdownTimeout.wholeNanoseconds
    loop.assumeIsolated().scheduleTask(in: .nanoseconds(limit)) { [self] in
      assumeIsolated { $0.killAll("not down within the shutdown timeout") }
    }
    advanceShutdown()
  }

  private func killAll(_ why: String) {
    say(.warning, "killing everything: \(why)")
    if phase != .stopping { shutDown(why) }
    for worker in workers.values { killTree(of: worker) }
    loop.assumeIsolated().scheduleTask(in: Self.killPatience) { [self] in assumeIsolated { $0.leave() } }
  }

  /// How long SIGKILL may take at the end of the daemon.
  private static let killPatience = TimeAmount.seconds(15)

  /// Ends although something lives on that the kernel does not end; the next rbotd waits for it, since it holds the
  /// lock.
  private func leave() {
    guard !hasEnded else { return }
    let names = workers.values.filter { $0.lifecycle.state.isLive }.map(\.name).sorted()
    say(.critical, "ends although the kernel has not ended all of \(names.joined(separator: ", "))")
    end()
  }

  /// The next step of the shutdown, whenever a worker's state has changed.
  func advanceShutdown() {
    guard phase == .stopping, strategies.allSatisfy({ !$0.lifecycle.state.isLive }), let gateway else {
      return
    }
    if gateway.lifecycle.state != .stopped {
      guard gateway.lifecycle.state != .stopping || !isGatewayShutDown else { return }
      isGatewayShutDown = true
      apply(.command(.shutdown, commands.add(gateway.name, nil)), to: gateway)
    }
    if gateway.lifecycle.state == .stopped { end() }
  }

  private func end() {
    guard !hasEnded else { return }
    hasEnded = true
    say(.info, "stopped")
    listener?.close()
    // The gateway removes its own, unless it was killed.
    unlink(options.layout.gatewaySocket)
    watchdog?.cancel()
    housekeeping?.cancel()
    finishSampling()
    squareOffs.abandon()
    diskRounds?.cancel()
    for client in clients.values { client.connection.close() }
    logs.closeBlocks()
    Task {
      await withTaskExecutorPreference(WorkThreads(named: "end", atOnce: 1...1)) { await self.store.close() }
      if let failure = self.failure { self.ended.fail(failure) } else { self.ended.succeed() }
    }
  }
}
