import Model

/// Pause, freeze and resume. A pause is of the strategy and survives its processes; a freeze is of the processes
/// that there are, and ends with them.
extension Lifecycle {
  mutating func setPaused(_ command: Command, _ id: CommandID, _ now: Moment) {
    let paused = command != .resume
    isPaused = paused
    tradingSerial += 1
    pauses.append((id, tradingSerial, command))
    switch command {
    case .freeze:
      // The gateway hears of it first: a strategy that stands still must not have an entry on its way.
      if !isFrozen, freezesAfter == nil { freezesAfter = tradingSerial }
    case .resume:
      freezesAfter = nil
      thaw(now)
    default: break
    }
    if let attempt = phase.attempt, attempt.spoke, attempt.frozenSince == nil {
      actions.append(.tell(attempt.generation, paused: paused))
    }
    actions.append(.applyTrading(serial: tradingSerial, paused: paused))
  }

  mutating func tradingApplied(_ serial: Int, _ outcome: TradingOutcome, _ now: Moment) {
    // Whatever the gateway says: a person wants these processes to stand still.
    if freezesAfter == serial {
      freezesAfter = nil
      freeze(now)
    }
    guard let index = pauses.firstIndex(where: { $0.serial == serial }) else { return }
    let pause = pauses.remove(at: index)
    let done = done(pause.command)
    let answer: Answer =
      switch outcome {
      case .confirmed: .done(done)
      case .gatewayDown: .done("\(done); the gateway is down, and will be told when it is back")
      case .refused(let message): .refused("gateway_refused", message)
      }
    actions.append(.answer(pause.id, answer))
  }

  private func done(_ command: Command) -> String {
    switch command {
    case .freeze where isFrozen: "paused and frozen: its processes stand still until it is resumed"
    case .freeze where phase.attempt?.freezesWhenMade == true:
      "paused, and frozen as soon as there is a process"
    case .freeze where !isPaused: "paused, and resumed since"
    case .freeze: "paused; there is no running process to freeze"
    case .resume: "resumed"
    case _ where isFrozen: "paused, and still frozen"
    default: "paused: entries are refused, exits still work"
    }
  }

  private mutating func freeze(_ now: Moment) {
    switch phase {
    case .starting(var attempt):
      if attempt.pid == nil {
        attempt.freezesWhenMade = true
        phase = .starting(attempt)
      } else {
        freeze(&attempt, now)
        phase = .starting(attempt)
      }
      answerStarts(.refused("frozen", frozenBeforeReady))
    case .ready(var attempt):
      freeze(&attempt, now)
      phase = .ready(attempt)
    case .stopped, .waiting, .ending, .backoff, .failed, .finished: break
    }
  }

  /// What a start of one hears that was frozen while it started.
  var frozenBeforeReady: String { "is frozen before it was ready: rbotctl resume \(name) lets it go on" }

  mutating func freeze(_ attempt: inout Attempt, _ now: Moment) {
    attempt.freezesWhenMade = false
    guard attempt.frozenSince == nil else { return }
    attempt.frozenSince = now
    actions.append(.freeze(attempt.generation))
  }

  private mutating func thaw(_ now: Moment) {
    switch phase {
    case .starting(var attempt):
      thaw(&attempt, now)
      phase = .starting(attempt)
    case .ready(var attempt):
      thaw(&attempt, now)
      phase = .ready(attempt)
    case .stopped, .waiting, .ending, .backoff, .failed, .finished: break
    }
  }

  /// Its clocks stood still as well: nothing is late because of the freeze.
  mutating func thaw(_ attempt: inout Attempt, _ now: Moment) {
    attempt.freezesWhenMade = false
    guard let since = attempt.frozenSince else { return }
    attempt.frozenSince = nil
    attempt.began = attempt.began + (now - since)
    attempt.lastBeat = max(attempt.lastBeat, now)
    if let lost = attempt.channelLost { attempt.channelLost = (now, lost.reason) }
    actions.append(.thaw(attempt.generation))
  }
}
