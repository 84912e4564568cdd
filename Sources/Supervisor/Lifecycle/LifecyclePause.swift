import Model

/// Pause, freeze and resume. A pause is of the strategy and survives its processes; a freeze is of the processes
/// that there are, and ends with them.
extension Lifecycle {
  mutating func setPaused(_ command: Command, _ id: CommandID, _ now: Moment) {
    let paused = command != .resume
    isPaused = paused
    pauseTrouble = nil
    pauseRetry = nil
    if command != .pause { wasFrozen = false }
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
    let index = pauses.firstIndex { $0.serial == serial }
    settle(serial, index.map { pauses[$0].command != .resume } ?? isPaused, outcome, now)
    guard let index else { return }
    let pause = pauses.remove(at: index)
    let done = done(pause.command)
    let answer: Answer =
      switch outcome {
      case .confirmed: .done(done)
      case .gatewayDown: .done("\(done); the gateway is down, and will be told when it is back")
      case .refused(let message):
        .refused("gateway_refused", serial == tradingSerial ? pauseTrouble ?? message : message)
      }
    actions.append(.answer(pause.id, answer))
  }

  /// Keeps what is in force: what the gateway confirmed last, or will be told first of all when it is there again. What
  /// it did not take it is asked again.
  private mutating func settle(_ serial: Int, _ paused: Bool, _ outcome: TradingOutcome, _ now: Moment) {
    let isTaken =
      switch outcome {
      case .confirmed: true
      case .gatewayDown: serial == tradingSerial
      case .refused: false
      }
    if isTaken, serial > takenSerial {
      takenSerial = serial
      refusesEntries = paused
    }
    guard serial == tradingSerial else { return }
    guard case .refused(let message) = outcome else {
      pauseTrouble = nil
      pauseRetry = nil
      return
    }
    let wait = pauseRetry?.next ?? PauseRetry.first
    // Also where it is in force already: whether an earlier word comes through late is not known.
    pauseRetry = PauseRetry(at: now + wait, wait: wait)
    guard refusesEntries != isPaused else { return }
    let isFirst = pauseTrouble == nil
    let (what, passes) = isPaused ? ("pause", "may still pass") : ("resume", "are still refused")
    let trouble =
      "the \(what) is not in force (\(message)): entries \(passes); the gateway is asked again "
      + "until it takes it"
      + (isPaused ? ", and rbotctl stop \(name) ends them at once" : "")
    pauseTrouble = trouble
    if isFirst { actions.append(.alert(trouble)) }
  }

  /// Asks the gateway again, where it did not take the last word.
  mutating func retryPause(_ now: Moment) {
    guard let retry = pauseRetry, let at = retry.at, now >= at else { return }
    pauseRetry?.at = nil
    tradingSerial += 1
    actions.append(.applyTrading(serial: tradingSerial, paused: isPaused))
  }

  /// The gateway did not take the last word, and hears it again.
  public var isPauseTried: Bool { pauseRetry != nil }

  /// What a person should know of its pause; nil where nothing is to be said.
  public var pauseNote: String? {
    if let pauseTrouble, refusesEntries != isPaused { return pauseTrouble }
    guard wasFrozen, state == .paused, !isFrozen else { return nil }
    return "it was frozen, and a freeze ends with the processes: it runs, paused; rbotctl pause --freeze "
      + "\(name) freezes it again, rbotctl resume \(name) lets it trade"
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
    case .stopped, .waiting, .ending, .backoff, .failed, .scheduled, .finished: break
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
    case .stopped, .waiting, .ending, .backoff, .failed, .scheduled, .finished: break
    }
  }

  /// Its clocks stood still as well: nothing is late because of the freeze.
  mutating func thaw(_ attempt: inout Attempt, _ now: Moment) {
    attempt.freezesWhenMade = false
    guard let since = attempt.frozenSince else { return }
    wasFrozen = isPaused
    attempt.frozenSince = nil
    attempt.began = attempt.began + (now - since)
    if let opened = slot?.opened { slot?.opened = opened + (now - since) }
    attempt.lastBeat = max(attempt.lastBeat, now)
    if let lost = attempt.channelLost { attempt.channelLost = (now, lost.reason) }
    actions.append(.thaw(attempt.generation))
  }
}

/// A word to the gateway that is said again.
struct PauseRetry: Sendable {
  /// Nil while it is on its way.
  var at: Moment?
  let wait: Duration

  /// How long after this one the next is said.
  var next: Duration { min(wait * 2, Self.longest) }

  static let first = Duration.milliseconds(500)
  private static let longest = Duration.seconds(15)
}
