import Model

/// What comes after a run.
extension Lifecycle {
  mutating func conclude(
    _ attempt: Attempt, _ ending: Ending, _ now: Moment, using random: inout some RandomNumberGenerator
  ) {
    if let since = attempt.readySince, now - since >= policy.healthyAfter { history.healthy() }
    let reason = reason(attempt, ending)
    let finished = ending.cause == .itself && attempt.readySince != nil && ending.status?.succeeded == true
    let asked = [.stop, .restart, .shutdown].contains(ending.cause)
    actions.append(
      .runEnded(
        RunEnd(
          generation: attempt.generation, status: ending.status, reason: reason, expected: asked || finished))
    )
    switch ending.cause {
    case .stop, .shutdown:
      phase = .stopped
      trouble = nil
      answerStops(.done("stopped: \(reason)"))
    case .restart:
      history.forget()
      restarts += 1
      trouble = nil
      begin(now)
    case .itself, .failure:
      if finished, policy.restart != .always {
        phase = .finished
        answerStarts(.done(reason))
      } else {
        failed(reason, wasReady: attempt.readySince != nil, now, using: &random)
      }
    }
  }

  private mutating func failed(
    _ reason: String, wasReady: Bool, _ now: Moment, using random: inout some RandomNumberGenerator
  ) {
    trouble = reason
    guard policy.restart != .never else { return giveUp("\(reason); its policy is to never restart it") }
    switch history.next(policy, wasReady: wasReady, now: now, using: &random) {
    case .giveUp:
      let limit = policy.limit ?? .init(bursts: 0, within: .zero)
      giveUp("\(reason); restarted \(limit.bursts) times within \(limit.within.words), so no more")
    case .restart(let delay) where delay == .zero:
      answerStarts(.refused("failed", reason))
      restarts += 1
      begin(now)
    case .restart(let delay):
      phase = .backoff(until: now + delay)
      answerStarts(.refused("failed", "\(reason); next try in \(delay.words)"))
      // Without a limit nobody would hear of it otherwise.
      if policy.limit == nil, history.failures % 10 == 0 {
        actions.append(.alert("failed \(history.failures) times in a row: \(reason)"))
      }
    }
  }

  private mutating func giveUp(_ reason: String) {
    phase = .failed
    trouble = reason
    answerStarts(.refused("failed", reason))
    actions.append(.alert("failed: \(reason)"))
  }

  private func reason(_ attempt: Attempt, _ ending: Ending) -> String {
    let end = ending.status?.description ?? "ended"
    switch ending.cause {
    case .stop, .restart, .shutdown:
      let why = ending.cause == .shutdown ? "shutdown" : ending.cause == .stop ? "stop" : "restart"
      if attempt.pid == nil, ending.status == nil { return "was never started (\(why))" }
      return ending.killedAtDeadline
        ? "killed at the deadline of \(policy.stopTimeout.words) (\(why))" : "\(end) (\(why))"
    case .failure(let reason): return reason
    case .itself:
      return attempt.readySince == nil ? "\(end) before it was ready" : end
    }
  }
}
