import CPlatform
import Glibc

/// The loop of the process thread; only that thread touches it.
final class ProcessLoop {
  private static let wakeToken = UInt64.max
  private static let signalToken = UInt64.max - 1

  let epoll: Int32
  let onEvent: @Sendable (ProcessEvent) -> Void
  var children: [UInt64: Child] = [:]
  var orphansReaped = 0
  private let signals: Int32
  private let mailbox: Mailbox
  private var lastID: UInt64 = 0

  init(epoll: Int32, signals: Int32, mailbox: Mailbox, onEvent: @escaping @Sendable (ProcessEvent) -> Void) {
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
      for index in 0..<Int(max(count, 0)) { handle(events[index].token) }
      sweepDue()
    }
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
      guard let child = children[handle.id] else { return }
      startSweep(child)
    }
  }

  private func readSignals() {
    rbot_eventfd_clear(signals)
    if rbot_take_pending(SIGCHLD) { reapOrphans() }
    for signal in ControlSignal.allCases where rbot_take_pending(signal.number) { onEvent(.signal(signal)) }
  }

  private func spawn(
    _ request: SpawnRequest, _ completion: @escaping @Sendable (Result<SpawnedProcess, SpawnError>) -> Void
  ) {
    let launch: Launch
    do {
      launch = try Spawner.launch(request)
    } catch {
      completion(.failure(error))
      return
    }
    lastID += 1
    let child = Child(
      handle: ProcessHandle(id: lastID, pid: launch.pid), request: request, launch: launch,
      completion: completion)
    children[lastID] = child
    let watched =
      rbot_epoll_add(epoll, launch.report, lastID << 1 | 1, UInt32(RBOT_EVENT_READ)) == 0
      && rbot_epoll_add(epoll, launch.pidfd, lastID << 1, UInt32(RBOT_EVENT_READ)) == 0
    // Unwatched it could end unseen. The kernel's limit on watches is the only way to get here.
    if !watched { abandon(child, SpawnError(stage: "descriptors", code: errno, request: request)) }
  }

  /// Takes in what rbot-exec says; the end of the file is the exec itself.
  private func readReport(_ child: Child) {
    guard child.phase == .launching else { return }
    var buffer = [UInt8](repeating: 0, count: 64)
    while true {
      let count = read(child.launch.report, &buffer, buffer.count)
      if count > 0 {
        child.report.add(buffer[..<count])
      } else if count < 0 && errno == EINTR {
        continue
      } else if count < 0 && errno == EAGAIN {
        return
      } else {
        break
      }
    }
    child.report.end()
    if let failure = child.report.failure {
      abandon(child, SpawnError(stage: failure.stage, code: failure.code, request: child.request))
    } else {
      close(child.launch.report)
      child.phase = .running
      child.completion(.success(child.spawned))
    }
  }

  /// Ends a spawn whose command never ran.
  private func abandon(_ child: Child, _ error: SpawnError) {
    _ = rbot_pidfd_signal(child.launch.pidfd, SIGKILL)
    var wait = rbot_wait()
    while rbot_wait_pidfd(child.launch.pidfd, false, &wait) == 0, wait.pid == 0 { usleep(100) }
    close(child.launch.report)
    close(child.launch.pidfd)
    child.launch.closeEnds()
    children[child.handle.id] = nil
    child.completion(.failure(error))
  }

  func leaderEnded(_ child: Child) {
    // Its report was complete before it ended; read it now, so that the completion comes before the exit.
    readReport(child)
    guard child.phase == .running else { return }
    var wait = rbot_wait()
    guard rbot_wait_pidfd(child.launch.pidfd, true, &wait) == 0, wait.pid != 0 else { return }
    _ = rbot_epoll_remove(epoll, child.launch.pidfd)
    child.phase = .clearing
    let usage = ResourceUsage(wait.usage, memoryKills: child.request.cgroup?.memoryKills ?? 0)
    onEvent(.exited(child.handle, ExitStatus(wait), usage))
    startSweep(child)
  }
}
