import CPlatform
import Glibc
import Synchronization

/// A few threads of one's own for what may take a while, made beforehand.
///
/// libdispatch makes threads when they are asked for, and where the system gives none it sleeps a second, over and
/// over, on whoever asked: an event loop that hands it work stands still for as long. These are there from the start,
/// and more of them come only where the system has more to give. As the preferred executor of a task they also run the
/// parts of it that belong to no actor.
///
/// What waits is bounded by `jobsMax`, or else by those who ask: each task is one job at most.
public final class WorkThreads: TaskExecutor {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var idle = 0
    var threads = 0
  }

  private let name: String
  private let threadsMax: Int
  private let jobsMax: Int
  private let state = Mutex(State())
  /// Counts the jobs; the threads wait here.
  private let ready: Int32 = rbot_semaphore()

  /// - Parameters:
  ///   - atOnce: how many threads there are from the start, and how many there may be.
  ///   - jobsMax: how many jobs may wait for one.
  public init(named name: String, atOnce: ClosedRange<Int>, jobsMax: Int = .max) {
    self.name = name
    threadsMax = atOnce.upperBound
    self.jobsMax = jobsMax
    state.withLock { $0.threads = atOnce.lowerBound }
    for _ in 0..<atOnce.lowerBound { start() }
  }

  /// Has it done by the next thread that is free; returns at once.
  ///
  /// - Returns: false where too many wait; then it will not be done.
  @discardableResult
  public func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    let (isTaken, wantsThread) = state.withLock { state in
      guard state.jobs.count < jobsMax else { return (false, false) }
      state.jobs.append(job)
      let wantsThread = state.jobs.count > state.idle && state.threads < threadsMax
      if wantsThread { state.threads += 1 }
      return (true, wantsThread)
    }
    guard isTaken else { return false }
    if wantsThread { start() }
    rbot_eventfd_signal(ready)
    return true
  }

  /// Runs a part of a task, where these threads are its preferred executor.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// One that cannot be had now is asked for again when there is more to do than the others can take.
  private func start() {
    do {
      try startThread(named: name) { [self] in work() }
    } catch {
      state.withLock { $0.threads -= 1 }
    }
  }

  private func work() {
    while true {
      state.withLock { $0.idle += 1 }
      rbot_semaphore_wait(ready)
      let job = state.withLock { state -> (@Sendable () -> Void)? in
        state.idle -= 1
        return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
      }
      job?()
    }
  }
}
