import Glibc
import IPC
import Lifecycle
import Model
import NIOCore
import NIOPosix
import Platform
import SupervisorStore

/// How a process comes to be: token, environment, descriptors.
extension Supervisor {
  func spawn(_ worker: Worker, _ generation: Generation) {
    lastRun += 1
    let run = RunRecord(id: lastRun, source: worker.name, generation: generation, started: WallClock.now)
    worker.run = run
    worker.progress = 0
    worker.busy = nil
    worker.thawedAt = nil
    worker.complaint = nil
    worker.limit.change(bytesPerSecond: worker.plan.outputBytesPerSecond)
    if worker.untold.isEmpty {
      save(worker)
      store.save(run)
    } else {
      worker.untold.append(.begun(run))
    }
    if worker.slots != nil { slotSpawned(worker, run.id) }
    let name = worker.name
    if worker.isGateway { return inCgroup(worker, generation, nil) }
    withinDisk(worker, generation) { supervisor, reason in
      guard let worker = supervisor.workers[name], worker.lifecycle.liveGeneration == generation else {
        return
      }
      guard let reason else { return supervisor.launchInCell(worker, generation) }
      supervisor.log(name, run: worker.run?.id, .supervisor, .error, "is not started: \(reason)")
      // Asked again after a while: somebody may make room.
      supervisor.later {
        $0.apply(.spawnFailed(generation, reason: reason, isTemporary: true), to: name)
      }
    }
  }

  private func launchInCell(_ worker: Worker, _ generation: Generation) {
    let name = worker.name
    withCell(of: worker) { supervisor, result in
      guard let worker = supervisor.workers[name], worker.lifecycle.liveGeneration == generation else {
        return
      }
      switch result {
      case .success(let cell): supervisor.inCgroup(worker, generation, cell)
      case .failure(let mistake):
        supervisor.log(name, run: worker.run?.id, .supervisor, .error, mistake.description)
        supervisor.failLater(name, generation, mistake.description, isFinal: mistake.isFinal)
      }
    }
  }

  /// A cgroup of its own, and set up, where rbotd has one to divide: made elsewhere, since the kernel may take its time.
  ///
  /// - Parameter cell: nil for the gateway, which is one of our own programs.
  private func inCgroup(_ worker: Worker, _ generation: Generation, _ cell: SandboxPlan?) {
    guard let division = cells.division else { return launch(worker, generation, cell, nil) }
    let (name, limits) = (worker.name, cell?.cgroup ?? CgroupLimits())
    Task {
      let made = await SandboxDriver.away {
        Result { () throws(SystemError) in try division.worker(name, limits) }
      }
      guard let worker = self.workers[name], worker.lifecycle.liveGeneration == generation else { return }
      switch made {
      case .success(let cgroup): self.launch(worker, generation, cell, cgroup)
      case .failure(let error): self.failLater(name, generation, "\(error)")
      }
    }
  }

  private func launch(
    _ worker: Worker, _ generation: Generation, _ cell: SandboxPlan?,
    _ cgroup: (cgroup: Cgroup, layers: [SandboxLayer])?
  ) {
    let name = worker.name
    // While the sandbox was made, a person may have thought better of it. A cgroup that nobody is in stays for its next
    // process, or until the next daemon sweeps it.
    if worker.lifecycle.state == .stopping {
      return failLater(name, generation, "stopped before it was started")
    }
    let token: String
    do {
      token = try SecureRandom.token()
    } catch {
      return failLater(name, generation, "\(error)")
    }
    if cell?.sandbox.isRequired ?? false, let off = cgroup?.layers.first(where: { !$0.isInForce }) {
      return failLater(
        name, generation, "sandbox.required: the layer \(off.name) is not in force: \(off.detail)",
        isFinal: true)
    }
    var request = SpawnRequest(
      spawnID: spawnID(name, generation), helper: options.launcher,
      command: cell?.command ?? worker.plan.command, environment: environment(of: worker, generation, token),
      directory: worker.plan.folder, limits: cell?.limits ?? SpawnLimits(), lock: options.lock,
      cgroup: cgroup?.cgroup, sandbox: cell?.sandbox)
    if worker.isGateway { request.reserve = DescriptorRoom.forGateway }
    guard let processes else { return failLater(name, generation, "rbotd is not running yet") }
    let layers = cgroup?.layers ?? []
    worker.cgroup = cgroup?.cgroup
    processes.spawn(request) { [self] result in
      later { $0.spawned(name, generation, result, cell, layers) }
    }
    worker.tokenHash = worker.isGateway ? nil : SHA256.hex(token)
  }

  /// By which everything of one generation is known, wherever it hides.
  func spawnID(_ name: String, _ generation: Generation) -> String { options.mark + "\(name)/\(generation)" }

  /// Not at once: the machine is still saying what it wants.
  private func failLater(
    _ name: String, _ generation: Generation, _ reason: String, isFinal: Bool = false
  ) {
    later { $0.apply(.spawnFailed(generation, reason: reason, isFinal: isFinal), to: name) }
  }

  /// An allow list: nothing of the daemon's own environment is passed on.
  private func environment(of worker: Worker, _ generation: Generation, _ token: String) -> [String: String] {
    var environment = [
      "RBOT_SUPERVISOR_FD": "3", "PATH": options.searchPath, "LANG": "C.UTF-8", "TZ": "UTC",
    ]
    if worker.isGateway {
      environment["HOME"] = options.layout.state
      environment["EXECUTION_ENABLED"] = options.executionWord
      environment["ENABLE_MOCK"] = options.mockWord
      return environment
    }
    let state = options.layout.stateDirectory(of: worker.name)
    environment["RBOT_GATEWAY_SOCKET"] = options.layout.gatewaySocket
    environment["RBOT_TOKEN"] = token
    environment["RBOT_STRATEGY"] = worker.name
    environment["RBOT_GENERATION"] = String(generation)
    environment["RBOT_STATE_DIR"] = state
    environment["RBOT_SLOT"] = slotTime(of: worker)
    environment["HOME"] = state
    environment["PYTHONUNBUFFERED"] = "1"
    // Swift's thread pool asks for a priority that no strategy may have, and would tell syslog that it got none: a
    // socket that is closed to it, so that each start would show a refusal.
    environment["LIBDISPATCH_LOG"] = "NO"
    environment["TMPDIR"] = state + "/tmp"
    // A folder that holds nothing else, so that nobody has to read that of all strategies.
    if options.pythonPath != nil { environment["PYTHONPATH"] = options.places.python }
    return environment
  }

  private func spawned(
    _ name: String, _ generation: Generation, _ result: Result<SpawnedProcess, SpawnError>,
    _ cell: SandboxPlan?,
    _ cgroup: [SandboxLayer]
  ) {
    if let worker = workers[name] { tellUntold(of: worker) }
    switch result {
    case .failure(let error):
      // What it was made of may have changed.
      workers[name]?.cell = nil
      // An interpreter may have moved behind a shim that is the same file as ever.
      if error.stage == "exec" { cells.pythons.asked = [:] }
      log(name, run: workers[name]?.run?.id, .supervisor, .error, "\(error)")
      // A layer of the sandbox that has to be there and is not will not be there at the next try either.
      let isFinal =
        cell?.sandbox.isRequired == true && ["files", "calls"].contains(error.stage) && !error.isTemporary
      apply(
        .spawnFailed(
          generation, reason: error.description, isTemporary: error.isTemporary, isFinal: isFinal), to: name)
    case .success(let process):
      guard let worker = workers[name], worker.lifecycle.liveGeneration == generation, var run = worker.run
      else {
        // Nobody waits for it any more. The machine keeps an attempt until it ends, so this cannot happen.
        processes?.killTree(process.handle)
        for fd in [process.channel, process.standardOutput, process.standardError] {
          if let fd { close(fd) }
        }
        return
      }
      run.pid = process.pid
      worker.run = run
      worker.process = process
      store.save(run)
      if let cell { confined(worker, cell, cgroup: cgroup, process) }
      adopt(process, worker, generation, run.id)
      if !worker.isGateway { register(worker) }
      apply(.spawned(generation, pid: process.pid), to: worker)
    }
  }

  private func adopt(_ process: SpawnedProcess, _ worker: Worker, _ generation: Generation, _ run: Int64) {
    let name = worker.name
    let peer = WorkerPeer(supervisor: self, name: name, generation: generation, run: run)
    Connection.adopt(fd: process.channel, on: loop, handler: peer).assumeIsolated().whenComplete {
      [self] result in
      assumeIsolated { supervisor in
        guard let worker = supervisor.workers[name], worker.lifecycle.liveGeneration == generation else {
          return
        }
        switch result {
        case .success(let connection): worker.connection = connection
        case .failure(let error):
          supervisor.apply(.channelClosed(generation, reason: "cannot be used: \(error)"), to: worker)
        }
      }
    }
    read(process.standardOutput, .stdout, name, run)
    read(process.standardError, .stderr, name, run)
  }

  private func read(_ fd: Int32?, _ stream: LogStream, _ name: String, _ run: Int64) {
    guard let fd else { return }
    NIOPipeBootstrap(group: loop)
      .channelOption(.maxMessagesPerRead, value: 2)
      .channelInitializer { [self] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(OutputPipe(self, name, run: run, stream))
        }
      }
      .takingOwnershipOfDescriptor(input: fd)
      .whenFailure { [self] error in
        later { $0.log(name, run: run, .supervisor, .error, "its output cannot be read: \(error)") }
      }
  }

  /// What the process thread tells.
  func happened(_ event: ProcessEvent) {
    switch event {
    case .exited(let handle, let status, _):
      guard let worker = worker(of: handle), let generation = worker.lifecycle.liveGeneration else { return }
      apply(.exited(generation, ProcessEnd(status)), to: worker)
    case .resisted(let handle, let survivors):
      guard let worker = worker(of: handle) else { return }
      let pids = survivors.map(String.init).joined(separator: ", ")
      log(
        worker.name, run: worker.run?.id, .supervisor, .critical,
        "the kernel does not end its processes \(pids), which wait for a disk perhaps; it is stopping, and nothing "
          + "is started in its place until they are gone")
    case .emptied(let handle):
      guard let worker = worker(of: handle), let generation = worker.lifecycle.liveGeneration else { return }
      apply(.emptied(generation), to: worker)
    case .orphanReaped(let pid, let status):
      say(.debug, "reaped the orphan \(pid): \(status)")
    case .refused(let handle, let refusal):
      guard let worker = worker(of: handle) else { return }
      worker.refused += refusal.count
      let times = refusal.count > 1 ? " (\(refusal.count) times)" : ""
      log(
        worker.name, run: worker.run?.id, .supervisor, .warning,
        "refused: \(refusal.call) \(refusal.detail)\(times)")
    case .signal(let signal): signalled(signal)
    }
  }

  private func worker(of handle: ProcessHandle) -> Worker? {
    workers.values.first { $0.process?.handle == handle }
  }
}

extension ProcessEnd {
  init(_ status: ExitStatus) {
    self =
      switch status {
      case .exited(let code): .code(Int(code))
      case .signalled(let signal, _): .signal(Int(signal))
      }
  }
}
