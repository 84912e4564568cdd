import Lifecycle
import Model
import Platform
import SupervisorStore

/// Who waits for whom: every worker's machine is kept told how those stand on whom it depends, and whether others
/// have to end before it.
extension Supervisor {
  /// Takes in the manifests' `after` and `requires` as they are now.
  func rebuildDependencies() {
    var nodes: [String: DependencyGraph.Node] = [:]
    for worker in strategies {
      let policy = worker.plan.policy
      nodes[worker.name] = .init(after: policy.after, requires: policy.requires)
    }
    dependencies = DependencyGraph(nodes)
    for worker in strategies {
      refreshNeeds(of: worker)
      releaseIfFree(worker.name)
    }
  }

  /// What others see of one; the gateway is ready once its channel is known to be open.
  private func look(_ name: String) -> Companion? {
    guard let worker = workers[name] else { return nil }
    var companion = worker.lifecycle.companion
    if worker.isGateway, !gatewayLink.isUp, companion.standing == .ready { companion.state = .starting }
    return companion
  }

  /// Something about `name` has changed that others may wait for.
  func refresh(around name: String) {
    for other in dependencies.dependents(of: name) {
      if let worker = workers[other] { refreshNeeds(of: worker) }
    }
    releaseIfFree(name)
    for other in dependencies.dependencies(of: name) { releaseIfFree(other) }
    // Whoever waits in vain from now on is not waited for any more.
    startFeedWhenSettled()
    wakeSettled()
  }

  func refreshNeeds(of worker: Worker) {
    let needs = dependencies.needs(of: worker.name, look: look)
    if needs != worker.lifecycle.needs { apply(.needsChanged(needs), to: worker) }
  }

  private func releaseIfFree(_ name: String) {
    guard let worker = workers[name], !worker.isGateway else { return }
    let isHeldBack = dependencies.isHeldBack(name, look: look)
    if isHeldBack != worker.lifecycle.isHeldBack { apply(.heldBack(isHeldBack), to: worker) }
  }

  /// Starts what a start of `name` needs.
  ///
  /// - Parameter lasting: names that a person has stopped, which stay stopped.
  func pullIn(for name: String, except lasting: Set<String> = []) {
    for other in dependencies.pulledIn(by: name) where !lasting.contains(other) {
      guard let worker = workers[other], !worker.isGateway, !worker.lifecycle.isWanted else { continue }
      log(other, run: nil, .supervisor, .info, "started, because \(name) requires it")
      apply(.command(.start, commands.add(other, nil)), to: worker)
    }
  }

  // MARK: Freezing

  /// Stops a worker's processes where they are.
  func freeze(_ worker: Worker) {
    if let cgroup = worker.cgroup {
      do throws(SystemError) {
        try cgroup.freeze(true)
        return
      } catch {
        say(.warning, "the cgroup of \(worker.name) cannot be frozen, so its processes are stopped: \(error)")
      }
    }
    guard let process = worker.process else { return }
    // Twice: a process that was made during the first look is there at the second, and those that could make
    // others have stopped.
    for _ in 0..<2 { processes?.signalTree(process.handle, Self.stopSignal) }
  }

  /// Lets them go on. Both ways: a cgroup that would not freeze may do so later.
  func thaw(_ worker: Worker) {
    if let cgroup = worker.cgroup { try? cgroup.freeze(false) }
    if let process = worker.process { processes?.signalTree(process.handle, Self.continueSignal) }
  }

  private static let stopSignal: Int32 = 19
  private static let continueSignal: Int32 = 18
}
