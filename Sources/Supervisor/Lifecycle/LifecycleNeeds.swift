import Model

/// What others, on whom it depends or who depend on it, mean for it.
extension Lifecycle {
  /// One that waits starts when nothing is missing any more; one that runs ends when what it requires goes. What
  /// was not there before, such as a requirement that a manifest has just gained, counts at the next start only.
  mutating func needsChanged(_ new: [Need], _ now: Moment) {
    let old = needs
    needs = new
    switch phase {
    case .waiting:
      if unmet.isEmpty { begin(now) }
    case .starting(let attempt), .ready(let attempt):
      let lost = new.first { need in
        need.isRequired && !need.isMet
          && old.contains { $0.name == need.name && $0.isRequired && $0.isMet }
      }
      guard let lost else { return }
      askToEnd(attempt, .need(lost.name), "needs \(lost.words)", now)
    case .stopped, .ending, .backoff, .failed, .scheduled, .finished: break
    }
  }

  mutating func heldBack(_ isHeldBack: Bool, _ now: Moment) {
    self.isHeldBack = isHeldBack
    guard !isHeldBack, case .ending(let attempt, let ending) = phase, ending.heldUntil != nil else { return }
    release(attempt, ending, now)
  }

  /// The longest that one waits with its own end for the ends of others. Each of those is bounded by its own stop
  /// timeout, so this is only the last resort.
  static var holdMax: Duration { .seconds(600) }
}
