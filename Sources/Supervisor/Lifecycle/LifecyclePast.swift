public import Model

/// What an earlier daemon knew of it.
extension Lifecycle {
  /// Takes in that its processes stood still when the daemon ended. A freeze ends with them, and that is said.
  public mutating func recallFreeze() { wasFrozen = isPaused }

  /// Takes in how it came to its end; for one to which nothing has happened yet.
  ///
  /// - Parameters:
  ///   - state: `failed` or `finished`; another one is no end, and changes nothing.
  ///   - reason: what went wrong.
  ///   - isWanted: whether it should run, as far as people have said.
  public mutating func recall(_ state: WorkerState, reason: String?, isWanted: Bool) {
    switch state {
    case .failed: phase = .failed
    case .finished: phase = .finished
    default: return
    }
    trouble = reason
    self.isWanted = isWanted
  }
}
