import Model

/// What comes after a run.
extension Lifecycle {
  mutating func conclude(
    _ attempt: Attempt, _ ending: Ending, _ now: Moment, using random: inout some RandomNumberGenerator
  ) {
    if let since = attempt.readySince, now - since >= policy.healthyAfter { history.healthy() }
    let reason = reason(attempt, ending)
    // A single run may be over before it has anything to say.
    let isWhole = attempt.readySince != nil || (slot != nil && policy.isOneShot)
    let finished = ending.cause == .itself && isWhole && ending.status?.succeeded == true
    let asked =
      switch ending.cause {
      case .stop, .restart, .shutdown, .need: true
      case .slot(let closing): closing.outcome != .failed
      case .itself, .failure: false
      }
    freezesAfter = nil
    actions.append(
      .runEnded(
        RunEnd(
          generation: attempt.generation, status: ending.status, reason: reason, expected: asked || finished))
    )
    switch ending.cause {
    case .stop, .shutdown:
      trouble = nil
      endSlot(.stopped, reason)
      // Where somebody has started it since, it waits for the next slot.
      rest(now)
      answerStops(.done("stopped: \(reason)"))
    case .slot(let closing):
      concludeSlot(closing.outcome, reason, now)
      answerStops(.done("stopped: \(reason)"))
    case .restart:
      history.forget()
      restarts += 1
      trouble = nil
      begin(now)
    case .need:
      restarts += 1
      trouble = nil
      begin(now)
    case .itself, .failure:
      if finished, slot != nil, policy.restart != .always || policy.isOneShot {
        concludeSlot(.done, reason, now)
      } else if finished, policy.restart != .always {
        phase = .finished
        answerStarts(.done(reason))
      } else {
        failed(attempt, ending, reason, now, using: &random)
      }
    }
  }

  private mutating func failed(
    _ attempt: Attempt, _ ending: Ending, _ reason: String, _ now: Moment,
    using random: inout some RandomNumberGenerator
  ) {
    trouble = reason
    if cannotRun(attempt, ending) {
      return giveUp("cannot run as it is written (\(reason))\(ending.lastWords.map { ": \($0)" } ?? "")", now)
    }
    // Tried again at each start that a person asks for, and after a reload that changes it.
    if ending.isFinal { return giveUp(reason, now) }
    guard policy.restart != .never else { return giveUp("\(reason); its policy is to never restart it", now) }
    let wasReady = attempt.readySince != nil
    let told = ending.lastWords.map { "\(reason): \($0)" } ?? reason
    switch history.next(
      policy, wasReady: wasReady, countless: ending.isTemporary, now: now, using: &random)
    {
    case .giveUp:
      let limit = policy.limit ?? .init(bursts: 0, within: .zero)
      giveUp("\(reason); restarted \(limit.bursts) times within \(limit.within.words), so no more", now)
    case .restart(let delay) where delay == .zero:
      answerStarts(.refused("failed", told))
      restarts += 1
      begin(now)
    case .restart(let delay):
      phase = .backoff(until: now + delay)
      answerStarts(.refused("failed", "\(told); next try in \(delay.words)"))
      // Without a limit nobody would hear of it otherwise.
      if policy.limit == nil, history.failures % 10 == 0 {
        actions.append(.alert("failed \(history.failures) times in a row: \(reason)"))
      }
    }
  }

  private mutating func giveUp(_ reason: String, _ now: Moment) {
    if slot != nil { return concludeSlot(.failed, reason, now) }
    phase = .failed
    trouble = reason
    let message = wayOut.map { "\(reason); \($0)" } ?? reason
    answerStarts(.refused("failed", message))
    actions.append(.alert("failed: \(message)"))
  }

  /// Whether it said itself that another try is of no use. One that is never given up is tried all the same: what
  /// it lacks may come back.
  private func cannotRun(_ attempt: Attempt, _ ending: Ending) -> Bool {
    guard policy.limit != nil, ending.cause == .itself, case .code(let code)? = ending.status else {
      return false
    }
    return code == Self.configurationError || (attempt.readySince == nil && code == policy.refusalCode)
  }

  /// EX_CONFIG of sysexits.h.
  private static var configurationError: Int { 78 }

  private func reason(_ attempt: Attempt, _ ending: Ending) -> String {
    let end = ending.status?.description ?? "ended"
    switch ending.cause {
    case .stop, .restart, .shutdown:
      let why = ending.cause == .shutdown ? "shutdown" : ending.cause == .stop ? "stop" : "restart"
      if attempt.pid == nil, ending.status == nil { return "was never started (\(why))" }
      return ending.killedAtDeadline
        ? "killed at the deadline of \(policy.stopTimeout.words) (\(why))" : "\(end) (\(why))"
    case .need(let name):
      if attempt.pid == nil, ending.status == nil { return "was never started (\(name) is gone)" }
      let how = ending.killedAtDeadline ? "killed at the deadline of \(policy.stopTimeout.words)" : end
      return "\(how) (\(name) is gone)"
    case .slot(let closing):
      if attempt.pid == nil, ending.status == nil { return "was never started (\(closing.words))" }
      let how = ending.killedAtDeadline ? "killed at the deadline of \(policy.stopTimeout.words)" : end
      return "\(how) (\(closing.words))"
    case .failure(let reason): return reason
    case .itself:
      // A plain program in its slot is never ready, and need not be.
      let isPlain = slot != nil && policy.isOneShot && !attempt.spoke
      return attempt.readySince == nil && !isPlain ? "\(end) before it was ready" : end
    }
  }
}
