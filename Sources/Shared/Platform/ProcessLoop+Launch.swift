import CPlatform
import Glibc

/// Spawns whose command never runs.
extension ProcessLoop {
  /// Milliseconds that rbot-exec may take. Only a file system that does not answer takes this long.
  static let launchPatience: UInt64 = 10_000
  /// Milliseconds that it may take to end once it was killed; then the kernel holds it.
  private static let endPatience: UInt64 = 2_000

  /// Milliseconds after a spawn in which its report is left alone: as a rule the command runs by then, and the one look
  /// takes in the whole of it. The new process is not kept waiting for a processor that we would look with, nor
  /// by all that is recorded of a start. Who needs an answer from us before that waits for it so long.
  static let reportPause: UInt64 = 1

  /// When the next launch is looked at or given up, nil where none is on its way.
  var nextLaunchDue: UInt64? {
    launching.values.lazy.compactMap { child in
      child.launchDue.map { min($0, child.reportDue ?? .max) }
    }.min()
  }

  func launchesDue() {
    guard let due = nextLaunchDue else { return }
    let now = MonotonicClock.milliseconds
    guard due <= now else { return }
    for child in launching.values where child.reportDue.map({ $0 <= now }) ?? false {
      readReport(child)
      if child.phase == .launching { watchReport(child) }
    }
    for child in launching.values where child.launchDue.map({ $0 <= now }) ?? false {
      if child.phase == .launching {
        fail(child, SpawnError(stage: "launch", code: ETIMEDOUT, request: child.request))
      } else {
        complete(child)
      }
    }
  }

  /// Ends a spawn whose command does not run; the completion follows when nothing of it is left.
  func fail(_ child: Child, _ error: SpawnError) {
    child.phase = .failing
    child.failure = error
    child.reportDue = nil
    child.launchDue = MonotonicClock.milliseconds + Self.endPatience
    _ = rbot_pidfd_signal(child.launch.pidfd, SIGKILL)
    _ = rbot_epoll_remove(epoll, child.launch.report)
    finishFailing(child)
  }

  /// Forgets it if it has ended.
  func finishFailing(_ child: Child) {
    var wait = rbot_wait()
    guard rbot_wait_pidfd(child.launch.pidfd, false, &wait) == 0, wait.pid != 0 else { return }
    close(child.launch.pidfd)
    remove(child)
    if let cgroup = child.request.cgroup { try? cgroup.remove() }
    complete(child)
  }

  /// Tells the failure, once. A process that the kernel holds beyond that is reaped whenever it ends.
  private func complete(_ child: Child) {
    guard let failure = child.failure else { return }
    child.failure = nil
    child.launchDue = nil
    close(child.launch.report)
    child.launch.closeEnds()
    child.completion(.failure(failure))
  }
}
