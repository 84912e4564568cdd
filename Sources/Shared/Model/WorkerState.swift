/// Where a worker is in its life, as the supervisor sees it.
public enum WorkerState: String, Sendable, CaseIterable {
  /// Not running, because nobody wants it to. Can transition to: waiting, starting, scheduled.
  case stopped
  /// Wants to run, but something that it needs is not there yet. Can transition to: starting, stopped.
  case waiting
  /// Spawned, not yet ready. Can transition to: ready, paused, backoff, failed, finished, stopping.
  case starting
  /// Running. Can transition to: paused, backoff, failed, finished, stopping.
  case ready
  /// Running, with entries refused. Can transition to: ready, backoff, failed, finished, stopping.
  case paused
  /// Asked to end. Can transition to: stopped, starting (a restart).
  case stopping
  /// Ended, and will be started again after a delay. Can transition to: starting, waiting, stopped.
  case backoff
  /// Ended too often, or may not be restarted: needs a person. Can transition to: starting, waiting, stopped.
  case failed
  /// Waits for its next slot. Can transition to: starting, stopped.
  case scheduled
  /// A one-shot run that ended well. Can transition to: starting, stopped.
  case finished

  /// Whether there is a process.
  public var isLive: Bool {
    switch self {
    case .starting, .ready, .paused, .stopping: true
    default: false
    }
  }
}
