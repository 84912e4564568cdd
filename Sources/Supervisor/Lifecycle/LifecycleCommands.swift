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
    case .pause: setPaused(true, id)
    case .resume: setPaused(false, id)
    }
  }

  private mutating func start(_ id: CommandID, _ now: Moment) {
    guard admitted(id) else { return }
    isWanted = true
    answerStops(.refused("superseded", "a later start took the place of this stop"))
    switch phase {
    case .ready(let attempt):
      actions.append(.answer(id, .done("already running, generation \(attempt.generation)")))
    case .starting:
      starts.append(id)
    case .ending(let attempt, var ending):
      starts.append(id)
      ending.cause = .restart
      phase = .ending(attempt, ending)
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
    case .ending, .stopped, .failed, .finished, .backoff, .waiting:
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
      askToEnd(attempt, cause, cause == .shutdown ? "rbotd is shutting down" : "stop", now)
    case .ending(let attempt, var ending):
      stops.append(id)
      ending.cause = cause
      phase = .ending(attempt, ending)
    case .stopped:
      actions.append(.answer(id, .done("not running")))
    case .waiting, .backoff, .failed, .finished:
      phase = .stopped
      trouble = nil
      actions.append(.answer(id, .done("not running, and will not be started again")))
    }
  }

  /// The stop sequence: the message, SIGTERM, and at the deadline everything is killed.
  ///
  /// Who speaks our protocol gets half of the time to act on the message before the signal; who doesn't (or hasn't
  /// yet) gets the signal at once, for it is the only word that he understands.
  mutating func askToEnd(_ attempt: Attempt, _ cause: Ending.Cause, _ reason: String, _ now: Moment) {
    var ending = Ending(cause: cause, terminateAt: nil, killAt: now + policy.stopTimeout)
    if attempt.spoke {
      ending.terminateAt = now + policy.stopTimeout / 2
      actions.append(.askToStop(attempt.generation, within: policy.stopTimeout, reason: reason))
    } else if attempt.pid != nil {
      actions.append(.terminate(attempt.generation))
    }
    phase = .ending(attempt, ending)
  }

  private mutating func setPaused(_ paused: Bool, _ id: CommandID) {
    isPaused = paused
    tradingSerial += 1
    pauses.append((id, tradingSerial, paused))
    if let attempt = phase.attempt, attempt.spoke {
      actions.append(.tell(attempt.generation, paused: paused))
    }
    actions.append(.applyTrading(serial: tradingSerial, paused: paused))
  }

  mutating func tradingApplied(_ serial: Int, _ outcome: TradingOutcome) {
    guard let index = pauses.firstIndex(where: { $0.serial == serial }) else { return }
    let pause = pauses.remove(at: index)
    let done = pause.paused ? "paused: the gateway refuses entries, exits still work" : "resumed"
    let answer: Answer =
      switch outcome {
      case .confirmed: .done(done)
      case .gatewayDown:
        .done(
          "\(pause.paused ? "paused" : "resumed"): recorded, and the gateway will be told when it is back")
      case .refused(let message): .refused("gateway_refused", message)
      }
    actions.append(.answer(pause.id, answer))
  }
}
