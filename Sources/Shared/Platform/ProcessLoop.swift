import CPlatform
import Glibc
import Synchronization

/// The loop of the process thread; only that thread touches it.
final class ProcessLoop {
  private static let wakeToken = UInt64.max
  private static let signalToken = UInt64.max - 1

  let epoll: Int32
  private let onEvent: @Sendable (ProcessEvent) -> Void
  /// What has happened and is told once this round's work is done: whoever hears of an end wakes at once, and would
  /// take the processor from the rest of it.
  private var untold: [ProcessEvent] = []
  private(set) var children: [UInt64: Child] = [:]
  /// Those whose command does not run yet, or never will.
  var launching: [UInt64: Child] = [:]
  /// The pids of the children.
  private(set) var leaders: Set<Int32> = []
  var childLists = ChildLists()
  /// Our own session's.
  let session = getsid(0)
  var orphansReaped = 0
  private let signals: Int32
  let warden: Warden
  let mailbox: Mailbox
  /// Who waits to become the next worker.
  var standby: Standby?
  /// The last start of a kind that comes again: what the next one to stand by is made like.
  var standbyWanted: SpawnRequest?
  /// The pidfds of those that were ended without having been needed.
  var dismissed: [Int32] = []
  private var lastID: UInt64 = 0

  init(
    epoll: Int32, signals: Int32, mailbox: Mailbox, warden: Warden,
    onEvent: @escaping @Sendable (ProcessEvent) -> Void
  ) {
    self.warden = warden
    self.epoll = epoll
    self.signals = signals
    self.mailbox = mailbox
    self.onEvent = onEvent
  }

  /// Never returns.
  func run() {
    _ = rbot_epoll_add(epoll, mailbox.wake, Self.wakeToken, UInt32(RBOT_EVENT_READ))
    _ = rbot_epoll_add(epoll, signals, Self.signalToken, UInt32(RBOT_EVENT_READ))
    var events = [rbot_event](repeating: rbot_event(), count: 64)
    while true {
      let count = rbot_epoll_wait(epoll, &events, Int32(events.count), nextTimeout())
      for index in 0..<Int(max(count, 0)) {
        handle(events[index].token)
        tellAll()
      }
      launchesDue()
      sweepDue()
      tellAll()
      keepStandby()
    }
  }

  func tell(_ event: ProcessEvent) { untold.append(event) }

  private func tellAll() {
    for event in untold { onEvent(event) }
    untold.removeAll(keepingCapacity: true)
  }

  private func handle(_ token: UInt64) {
    switch token {
    case Self.wakeToken:
      for command in mailbox.takeAll() { carryOut(command) }
    case Self.signalToken:
      readSignals()
    default:
      // The lowest bit tells the report's pipe from the pidfd. A token of a child that an earlier event of
      // this round removed is not found any more.
      guard let child = children[token >> 1] else { return }
      if token & 1 == 1 { readReport(child) } else { leaderEnded(child) }
    }
  }

  private func carryOut(_ command: ProcessCommand) {
    switch command {
    case .spawn(let request, let completion): spawn(request, completion)
    case .signal(let handle, let number):
      guard let child = children[handle.id], child.phase != .clearing else { return }
      _ = rbot_pidfd_signal(child.launch.pidfd, number)
    case .signalTree(let handle, let number):
      guard let child = children[handle.id] else { return }
      for member in members(of: child) { ProcessTree.signal(member, number) }
    case .killTree(let handle):
      if let child = children[handle.id] { kill(child) }
    case .killSpawn(let spawnID):
      if let child = children.values.first(where: { $0.request.spawnID == spawnID }) { kill(child) }
    case .tellRefusals(let id):
      guard let child = children[id] else { return }
      // It can only have been refused something after its exec, so that is known by now.
      if child.phase == .launching { readReport(child) }
      let now = MonotonicClock.milliseconds
      for refusal in child.watch?.tally.withLock({ $0.take(now: now) }) ?? [] {
        tell(.refused(child.handle, refusal))
      }
    }
  }

  private func kill(_ child: Child) {
    if child.phase == .launching { readReport(child) }
    switch child.phase {
    case .launching: fail(child, SpawnError(stage: "launch", code: ECANCELED, request: child.request))
    case .failing: break
    case .running, .clearing: startSweep(child)
    }
  }

  private func readSignals() {
    rbot_eventfd_clear(signals)
    if rbot_take_pending(SIGCHLD) {
      reapOrphans()
      reapDismissed()
    }
    for signal in ControlSignal.allCases where rbot_take_pending(signal.number) { tell(.signal(signal)) }
  }

  private func spawn(
    _ request: SpawnRequest, _ completion: @escaping @Sendable (Result<SpawnedProcess, SpawnError>) -> Void
  ) {
    let launch: Launch
    do {
      launch = try self.launch(request)
    } catch {
      completion(.failure(error))
      return
    }
    lastID += 1
    let child = Child(
      handle: ProcessHandle(id: lastID, pid: launch.pid), request: request, launch: launch,
      completion: completion)
    children[lastID] = child
    leaders.insert(launch.pid)
    warden.leads(launch.pid, request.spawnID)
    launching[lastID] = child
    let now = MonotonicClock.milliseconds
    child.launchDue = now + Self.launchPatience
    child.reportDue = now + Self.reportPause
    let watched = rbot_epoll_add(epoll, launch.pidfd, lastID << 1, UInt32(RBOT_EVENT_READ)) == 0
    // Unwatched it could end unseen. The kernel's limit on watches is the only way to get here.
    if !watched { fail(child, SpawnError(stage: "descriptors", code: errno, request: request)) }
  }

  /// From now on each word of it is heard as it comes.
  func watchReport(_ child: Child) {
    child.reportDue = nil
    let token = child.handle.id << 1 | 1
    guard rbot_epoll_add(epoll, child.launch.report, token, UInt32(RBOT_EVENT_READ)) != 0 else { return }
    fail(child, SpawnError(stage: "descriptors", code: errno, request: child.request))
  }

  /// It has been reaped, so its pid may go to another.
  func remove(_ child: Child) {
    launching[child.handle.id] = nil
    children[child.handle.id] = nil
    leaders.remove(child.handle.pid)
    warden.ended(child.handle.pid)
  }

  /// Takes in what rbot-exec says; the end of the file is the exec itself.
  func readReport(_ child: Child) {
    guard child.phase == .launching else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    var passed: Int32 = -1
    while true {
      var fds: Int32 = 0
      let count = rbot_receive(child.launch.report, &buffer, buffer.count, &passed, 1, &fds)
      if fds > 0, let error = adopt(passed, child) { return fail(child, error) }
      if count > 0 {
        child.report.add(buffer[..<count])
      } else if count < 0 && errno == EAGAIN {
        return
      } else {
        break
      }
    }
    child.report.end()
    if let failure = child.report.failure {
      fail(child, SpawnError(stage: failure.stage, code: failure.code, request: child.request))
    } else {
      close(child.launch.report)
      child.phase = .running
      child.launchDue = nil
      child.reportDue = nil
      launching[child.handle.id] = nil
      child.startTicks = ProcessTable.entry(child.handle.pid)?.startTicks ?? 0
      child.completion(.success(child.spawned))
    }
  }

  /// A descriptor has come with the report: the listener of the sandbox's notifications, if one is expected.
  private func adopt(_ passed: Int32, _ child: Child) -> SpawnError? {
    guard let sandbox = child.request.sandbox, child.watch == nil else {
      close(passed)
      return nil
    }
    let watch = Warden.Watch(
      id: child.handle.id, listener: passed, leader: child.handle.pid, spawnID: child.request.spawnID,
      sandbox: sandbox)
    do throws(SystemError) {
      try warden.watch(watch)
    } catch {
      return SpawnError(stage: "descriptors", code: error.code, request: child.request)
    }
    child.watch = watch
    return nil
  }

  func leaderEnded(_ child: Child) {
    if child.phase == .failing { return finishFailing(child) }
    // Its report was complete before it ended; read it now, so that the completion comes before the exit.
    readReport(child)
    guard child.phase == .running else { return }
    var wait = rbot_wait()
    guard rbot_wait_pidfd(child.launch.pidfd, true, &wait) == 0, wait.pid != 0 else { return }
    _ = rbot_epoll_remove(epoll, child.launch.pidfd)
    child.phase = .clearing
    let usage = ResourceUsage(wait.usage, memoryKills: child.request.cgroup?.memoryKills ?? 0)
    tell(.exited(child.handle, ExitStatus(wait), usage))
    startSweep(child)
  }
}
