import Model

/// What people ask for. The last one wins, and a stop wins over everything that the machine does by itself.
extension Lifecycle {
  mutating func take(_ command: Command, _ id: CommandID, _ now: Moment) {
    switch command {
    case .start: start(id, now)
    case .restart: restart(id, now)
    case .stop: stop(id, .stop, now)
    case .shutdown:
      isShuttingDown = true
      stop(id, .shutdown, now)
    case .pause, .freeze, .resume: setPaused(command, id, now)
    case .reset: reset(id)
    }
  }

  private mutating func start(_ id: CommandID, _ now: Moment) {
    guard admitted(id) else { return }
    isWanted = true
    answerStops(.refused("superseded", "a later start took the place of this stop"))
    switch phase {
    case .ready(let attempt):
      let how = isFrozen ? "running, paused and frozen" : refusesEntries ? "running, paused" : "running"
      actions.append(.answer(id, .done("already \(how), generation \(attempt.generation)")))
    case .starting(let attempt):
      if attempt.frozenSince != nil || attempt.freezesWhenMade {
        actions.append(.answer(id, .refused("frozen", frozenBeforeReady)))
      } else {
        starts.append(id)
      }
    case .ending(let attempt, var ending):
      starts.append(id)
      // A slot is not run a second time: what comes after it is the next one.
      if !policy.isScheduled, slot == nil { ending.cause = .restart }
      phase = .ending(attempt, ending)
    case .scheduled:
      history.forget()
      trouble = nil
      actions.append(.answer(id, .done("scheduled already: it starts at its next slot")))
    case .stopped, .failed, .finished, .backoff:
      starts.append(id)
      beginAfresh(now)
    case .waiting:
      starts.append(id)
      if waitingUntil == nil { waitingUntil = now + policy.startTimeout }
    }
  }

  private mutating func restart(_ id: CommandID, _ now: Moment) {
    guard admitted(id) else { return }
    isWanted = true
    answerStops(.refused("superseded", "a later restart took the place of this stop"))
    switch phase {
    case .ready(let attempt), .starting(let attempt):
      starts.append(id)
      askToEnd(attempt, .restart, "restart", now)
    case .ending, .stopped, .failed, .scheduled, .finished, .backoff, .waiting:
      start(id, now)
    }
  }

  private mutating func admitted(_ id: CommandID) -> Bool {
    if isShuttingDown {
      actions.append(
        .answer(id, .refused("shutting_down", "rbotd is shutting down and starts nothing any more")))
    }
    return !isShuttingDown
  }

  /// A person's start: earlier failures don't count.
  private mutating func beginAfresh(_ now: Moment) {
    history.forget()
    restarts = 0
    trouble = nil
    begin(now)
  }

  private mutating func stop(_ id: CommandID, _ cause: Ending.Cause, _ now: Moment) {
    // What was wanted stays wanted when it is the daemon that ends.
    if cause == .stop { isWanted = false }
    waitingUntil = nil
    answerStarts(.refused("superseded", "a later stop took the place of this start"))
    switch phase {
    case .starting(let attempt), .ready(let attempt):
      stops.append(id)
      askToEnd(attempt, cause, Self.request(cause), now)
    case .ending(let attempt, var ending):
      stops.append(id)
      // A slot that is ending ends as what it is.
      if case .slot = ending.cause {} else { ending.cause = cause }
      ending.request = Self.request(cause)
      phase = .ending(attempt, ending)
    case .stopped:
      actions.append(.answer(id, .done("not running")))
    case .failed where cause == .shutdown, .finished where cause == .shutdown:
      // How it ended is for the next daemon to know.
      actions.append(.answer(id, .done("not running: it is \(state.rawValue)")))
    case .waiting, .backoff, .failed, .scheduled, .finished:
      phase = .stopped
      trouble = nil
      endSlot(.stopped, Self.request(cause))
      actions.append(.answer(id, .done("not running, and will not be started again")))
    }
  }

  private static func request(_ cause: Ending.Cause) -> String {
    cause == .shutdown ? "rbotd is shutting down" : "stop"
  }

  private mutating func reset(_ id: CommandID) {
    if case .scheduled = phase, trouble != nil {
      trouble = nil
      return actions.append(.answer(id, .done("the failure of its last slot is forgotten")))
    }
    guard case .failed = phase else {
      let answer =
        switch phase {
        case .backoff: "has not failed: it is tried again by itself, and rbotctl start \(name) tries now"
        default: "has not failed (it is \(state.rawValue)), so there is nothing to reset"
        }
      return actions.append(.answer(id, .refused("not_failed", answer)))
    }
    history.forget()
    trouble = nil
    restarts = 0
    isWanted = false
    phase = .stopped
    actions.append(.answer(id, .done("its failures are forgotten; rbotctl start \(name) starts it")))
  }

  /// The stop sequence: the message, SIGTERM, and at the deadline everything is killed.
  ///
  /// Who speaks our protocol gets half of the time to act on the message before the signal; who doesn't (or hasn't
  /// yet) gets the signal at once, for it is the only word that he understands.
  ///
  /// One that others depend on is not asked before those have ended. Frozen processes go on first: they could
  /// not act on anything.
  mutating func askToEnd(_ attempt: Attempt, _ cause: Ending.Cause, _ reason: String, _ now: Moment) {
    var ending = Ending(cause: cause, killAt: now + policy.stopTimeout)
    ending.request = reason
    var attempt = attempt
    freezesAfter = nil
    thaw(&attempt, now)
    if isHeldBack {
      ending.heldUntil = now + Self.holdMax
      phase = .ending(attempt, ending)
    } else {
      release(attempt, ending, now)
    }
  }

  /// Asks it now.
  mutating func release(_ attempt: Attempt, _ old: Ending, _ now: Moment) {
    var ending = old
    ending.heldUntil = nil
    ending.killAt = now + policy.stopTimeout
    if attempt.spoke {
      ending.terminateAt = now + policy.stopTimeout / 2
      actions.append(.askToStop(attempt.generation, within: policy.stopTimeout, reason: ending.request))
    } else if attempt.pid != nil {
      actions.append(.terminate(attempt.generation))
    }
    phase = .ending(attempt, ending)
  }
}
