import Model

/// What the process does. Words of an older generation find no attempt and are dropped.
extension Lifecycle {
  mutating func spawned(_ generation: Generation, _ pid: Int32, _ now: Moment) {
    switch phase {
    case .starting(var attempt) where attempt.generation == generation && attempt.pid == nil:
      attempt.pid = pid
      if attempt.freezesWhenMade { freeze(&attempt, now) }
      phase = .starting(attempt)
    case .ending(var attempt, let ending) where attempt.generation == generation && attempt.pid == nil:
      // Asked to stop before it existed: the signal could not be sent then.
      attempt.pid = pid
      phase = .ending(attempt, ending)
      if !ending.exited, ending.heldUntil == nil { actions.append(.terminate(generation)) }
    default: break
    }
  }

  mutating func spawnFailed(
    _ generation: Generation, _ failure: Ending, _ now: Moment,
    using random: inout some RandomNumberGenerator
  ) {
    switch phase {
    case .starting(let attempt) where attempt.generation == generation && attempt.pid == nil:
      conclude(attempt, failure, now, using: &random)
    case .ending(let attempt, let ending) where attempt.generation == generation && attempt.pid == nil:
      conclude(attempt, ending, now, using: &random)
    default: break
    }
  }

  mutating func hello(_ generation: Generation) {
    switch phase {
    case .starting(var attempt) where attempt.generation == generation:
      attempt.spoke = true
      attempt.heartbeat = policy.heartbeat
      phase = .starting(attempt)
    case .ending(var attempt, let ending) where attempt.generation == generation && ending.heldUntil != nil:
      attempt.spoke = true
      phase = .ending(attempt, ending)
    default: break
    }
  }

  mutating func ready(_ generation: Generation, _ now: Moment) {
    // Only from starting: a ready that crossed a stop on its way changes nothing.
    guard case .starting(var attempt) = phase, attempt.generation == generation, attempt.spoke else { return }
    attempt.readySince = now
    attempt.lastBeat = now
    phase = .ready(attempt)
    trouble = nil
    answerStarts(.done("\(refusesEntries ? "paused" : "running"), generation \(generation)"))
  }

  mutating func beat(_ generation: Generation, _ now: Moment) {
    guard case .ready(var attempt) = phase, attempt.generation == generation else { return }
    attempt.lastBeat = max(attempt.lastBeat, now)
    phase = .ready(attempt)
  }

  mutating func channelClosed(_ generation: Generation, _ reason: String, _ now: Moment) {
    switch phase {
    case .starting(var attempt) where attempt.generation == generation && attempt.channelLost == nil:
      attempt.channelLost = (now, reason)
      phase = .starting(attempt)
    case .ready(var attempt) where attempt.generation == generation && attempt.channelLost == nil:
      attempt.channelLost = (now, reason)
      phase = .ready(attempt)
    default: break
    }
  }

  mutating func exited(_ generation: Generation, _ status: ProcessEnd, _ now: Moment) {
    switch phase {
    case .starting(let attempt) where attempt.generation == generation,
      .ready(let attempt) where attempt.generation == generation:
      var ending = Ending(cause: .itself, killAt: now + Self.killAgainAfter)
      ending.status = status
      ending.exited = true
      actions.append(.killAll(generation))
      // A cgroup that stays frozen would freeze its successor.
      var attempt = attempt
      thaw(&attempt, now)
      phase = .ending(attempt, ending)
    case .ending(let attempt, var ending) where attempt.generation == generation && !ending.exited:
      ending.status = status
      ending.exited = true
      ending.terminateAt = nil
      ending.heldUntil = nil
      ending.killAt = now + Self.killAgainAfter
      phase = .ending(attempt, ending)
      // The leader is gone, so nothing that it left behind has a reason to live until the deadline.
      actions.append(.killAll(generation))
    default: break
    }
  }

  mutating func emptied(
    _ generation: Generation, _ words: String?, _ now: Moment, using random: inout some RandomNumberGenerator
  ) {
    switch phase {
    case .ending(let attempt, var ending) where attempt.generation == generation:
      ending.lastWords = words
      conclude(attempt, ending, now, using: &random)
    case .starting(let attempt) where attempt.generation == generation,
      .ready(let attempt) where attempt.generation == generation:
      var attempt = attempt
      thaw(&attempt, now)
      var ending = Ending(cause: .itself, killAt: now)
      ending.lastWords = words
      conclude(attempt, ending, now, using: &random)
    default: break
    }
  }

  /// Between two tries to kill what should be dead already.
  static var killAgainAfter: Duration { .seconds(1) }
  /// After so many tries those who wait for the stop are told that it doesn't work; the tries go on.
  static var killsBeforeAnswer: Int { 10 }
  /// A process that ends closes its channel a moment before it is gone; one that only closes it is killed after this.
  static var channelGrace: Duration { .seconds(1) }
}
