import Model

/// What the passing of time does.
extension Lifecycle {
  /// When a `tick` is next of use; nil: never.
  public var deadline: Moment? {
    let times = [phaseDeadline, slotDeadline, pauseRetry?.at].compactMap { $0 }
    return times.min()
  }

  private var phaseDeadline: Moment? {
    switch phase {
    case .stopped, .failed, .scheduled, .finished: nil
    case .waiting: waitingUntil
    case .starting(let attempt) where attempt.frozenSince != nil,
      .ready(let attempt) where attempt.frozenSince != nil:
      nil
    case .starting(let attempt) where isSilentOneShot(attempt): nil
    case .starting(let attempt):
      earlier(attempt.began + policy.startTimeout, attempt.channelLost.map { $0.at + Self.channelGrace })
    case .ready(let attempt):
      earlier(missed(attempt), attempt.channelLost.map { $0.at + Self.channelGrace })
    case .ending(_, let ending) where ending.heldUntil != nil: ending.heldUntil
    case .ending(_, let ending): earlier(ending.killAt, ending.terminateAt)
    case .backoff(let until): until
    }
  }

  /// In its slot a one-shot may be a plain program that knows nothing of us: as long as it has not said hello, only
  /// `max_runtime` bounds it.
  private func isSilentOneShot(_ attempt: Attempt) -> Bool {
    slot != nil && policy.isOneShot && !attempt.spoke
  }

  /// When three beats have been missed.
  private func missed(_ attempt: Attempt) -> Moment { attempt.lastBeat + interval(attempt) * 3 }

  private func interval(_ attempt: Attempt) -> Duration { attempt.heartbeat ?? policy.heartbeat }

  /// Whether this tick comes so late that it was we who did not run: stopped, starved, or on a machine that stood
  /// still. What the worker said meanwhile is still waiting to be read, so it gets one more beat.
  private func wasAsleep(until now: Moment, past deadline: Moment) -> Bool {
    now >= deadline + policy.heartbeat + Self.latenessMax
  }

  /// More than a busy machine delays a timer.
  private static var latenessMax: Duration { .seconds(1) }

  private func earlier(_ first: Moment, _ second: Moment?) -> Moment {
    second.map { min(first, $0) } ?? first
  }

  mutating func tick(_ now: Moment) {
    retryPause(now)
    if expireSlot(now) { return }
    switch phase {
    case .stopped, .failed, .scheduled, .finished: break
    case .waiting: waited(now)
    // Who is frozen is not expected to do anything.
    case .starting(let attempt) where attempt.frozenSince != nil,
      .ready(let attempt) where attempt.frozenSince != nil:
      break
    case .starting(let attempt) where isSilentOneShot(attempt): break
    case .starting(var attempt):
      if wasAsleep(until: now, past: attempt.began + policy.startTimeout) {
        attempt.began = now + policy.heartbeat - policy.startTimeout
        phase = .starting(attempt)
        return
      }
      if let lost = attempt.channelLost, now >= lost.at + Self.channelGrace {
        kill(attempt, "lost its control channel before it was ready: \(lost.reason)", now)
      } else if now >= attempt.began + policy.startTimeout {
        let lacking = attempt.spoke ? "was not ready" : "did not say hello"
        kill(attempt, "\(lacking) within \(policy.startTimeout.words)", now)
      }
    case .ready(var attempt):
      if wasAsleep(until: now, past: missed(attempt)) {
        attempt.lastBeat = now - policy.heartbeat * 2
        phase = .ready(attempt)
        return
      }
      if let lost = attempt.channelLost, now >= lost.at + Self.channelGrace {
        kill(attempt, "lost its control channel: \(lost.reason)", now)
      } else if now >= missed(attempt) {
        kill(attempt, "missed three heartbeats of \(interval(attempt).words)", now)
      }
    case .ending(let attempt, let ending): press(attempt, ending, now)
    case .backoff(let until):
      if now >= until {
        restarts += 1
        begin(now)
      }
    }
  }

  private mutating func waited(_ now: Moment) {
    guard let until = waitingUntil, now >= until else { return }
    waitingUntil = nil
    let others = unmet.map(\.words).joined(separator: ", ")
    answerStarts(.refused("waiting", "waits for \(others), and starts by itself once it can"))
  }

  /// One that is being ended already is not ended twice.
  mutating func exceeded(_ generation: Generation, _ reason: String, _ now: Moment) {
    switch phase {
    case .starting(let attempt) where attempt.generation == generation && attempt.pid != nil,
      .ready(let attempt) where attempt.generation == generation:
      kill(attempt, reason, now)
    default: break
    }
  }

  /// Ends a worker that broke a rule, without asking.
  private mutating func kill(_ attempt: Attempt, _ reason: String, _ now: Moment) {
    actions.append(.killAll(attempt.generation))
    // One that stood still is not shown so while it ends, and a cgroup that stays frozen would freeze its successor.
    var attempt = attempt
    thaw(&attempt, now)
    phase = .ending(attempt, Ending(cause: .failure(reason), killAt: now + Self.killAgainAfter))
  }

  /// The next step of the stop sequence.
  private mutating func press(_ attempt: Attempt, _ old: Ending, _ now: Moment) {
    if let until = old.heldUntil {
      if now >= until { release(attempt, old, now) }
      return
    }
    var ending = old
    if let at = ending.terminateAt, now >= at {
      ending.terminateAt = nil
      if attempt.pid != nil { actions.append(.terminate(attempt.generation)) }
    }
    if now >= ending.killAt {
      if !ending.exited { ending.killedAtDeadline = true }
      ending.kills += 1
      ending.killAt = now + Self.killAgainAfter
      actions.append(.killAll(attempt.generation))
    }
    phase = .ending(attempt, ending)
    if ending.kills == Self.killsBeforeAnswer {
      let message = "something of generation \(attempt.generation) cannot be killed; rbotd goes on trying"
      actions.append(.alert(message))
      answerStops(.refused("still_alive", message))
      answerStarts(.refused("still_alive", message))
    }
  }
}
