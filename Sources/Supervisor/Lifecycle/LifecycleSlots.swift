public import Model

/// A slot that has been opened, and has not ended.
struct OpenSlot: Sendable {
  let id: SlotID
  /// When it was opened; later by as long as its processes stood still.
  var opened: Moment
}

/// Why an open slot is to end.
public enum SlotClosing: Hashable, Sendable {
  /// Its window is over.
  case window
  /// The next one is due, and takes its place.
  case replaced
  /// It has lasted longer than its schedule allows.
  case expired(Duration)
  /// The strategy has another schedule now, or none.
  case changed

  var outcome: SlotOutcome {
    switch self {
    case .window: .done
    case .replaced: .replaced
    case .expired: .failed
    case .changed: .stopped
    }
  }

  var words: String {
    switch self {
    case .window: "its window closed"
    case .replaced: "replaced by the next slot"
    case .expired(let max): "ran longer than its max_runtime of \(max.words)"
    case .changed: "its schedule has changed"
    }
  }
}

/// What a slot came to.
public struct SlotEnd: Hashable, Sendable {
  /// done, failed, stopped or replaced.
  public let outcome: SlotOutcome
  /// The end of a sentence.
  public let reason: String
}

/// Slots of a schedule: inside one the ordinary machine runs, and between two nothing does.
extension Lifecycle {
  /// The slot that is open.
  public var openSlot: SlotID? { slot?.id }

  /// Takes a slot that is on the disk; whoever has been stopped since is not started by it.
  mutating func slotOpened(_ id: SlotID, _ command: CommandID?, _ isManual: Bool, _ now: Moment) {
    if let why = closedTo(isManual) {
      actions.append(.slotEnded(id, SlotEnd(outcome: .stopped, reason: why)))
      if let command { actions.append(.answer(command, .refused("not_scheduled", why))) }
      return
    }
    if let command { starts.append(command) }
    slot = OpenSlot(id: id, opened: now)
    history.forget()
    restarts = 0
    trouble = nil
    begin(now)
  }

  /// Why no slot can be opened; nil: it can.
  private func closedTo(_ isManual: Bool) -> String? {
    if isShuttingDown { return "rbotd is shutting down" }
    guard policy.isScheduled else { return "it has no schedule any more" }
    if slot != nil { return "another slot is open" }
    switch phase {
    case .scheduled: return nil
    case .stopped: return isManual ? nil : "stopped before it began"
    case .waiting, .starting, .ready, .ending, .backoff, .failed, .finished: return "it is \(state.rawValue)"
    }
  }

  mutating func slotClosed(_ id: SlotID, _ closing: SlotClosing, _ now: Moment) {
    guard slot?.id == id else { return }
    switch phase {
    case .starting(let attempt), .ready(let attempt):
      askToEnd(attempt, .slot(closing), closing.words, now)
    case .ending(let attempt, var ending):
      switch ending.cause {
      case .stop, .shutdown, .slot: return
      // It did its work a moment ago.
      case .itself where policy.isOneShot && ending.status?.succeeded == true: return
      case .itself, .failure, .restart, .need: ending.cause = .slot(closing)
      }
      phase = .ending(attempt, ending)
    case .waiting, .backoff:
      // It has not done what it was opened for.
      let lacking =
        waitsFor.isEmpty
        ? trouble.map { "it waited for another try: \($0)" }
        : "it waited for \(waitsFor.map(\.words).joined(separator: ", "))"
      let outcome = closing == .window ? .failed : closing.outcome
      concludeSlot(outcome, lacking.map { "\(closing.words) while \($0)" } ?? closing.words, now)
    case .stopped, .scheduled, .failed, .finished:
      concludeSlot(closing.outcome, closing.words, now)
    }
  }

  /// The open slot is over, and with it what was asked for inside it.
  mutating func concludeSlot(_ outcome: SlotOutcome, _ reason: String, _ now: Moment) {
    waitingUntil = nil
    trouble = outcome == .failed ? reason : nil
    let told = outcome == .done ? Answer.done(reason) : .refused("slot_\(outcome.rawValue)", reason)
    answerStarts(told)
    if outcome == .failed, slot != nil {
      actions.append(.alert("its slot failed: \(reason); the next one is tried afresh"))
    }
    endSlot(outcome, reason)
    rest(now)
  }

  /// Tells the end of the open slot, if there is one.
  mutating func endSlot(_ outcome: SlotOutcome, _ reason: String) {
    guard let id = slot?.id else { return }
    slot = nil
    actions.append(.slotEnded(id, SlotEnd(outcome: outcome, reason: reason)))
  }

  /// What one does that is not to run now: it waits for its next slot, or, where it has no schedule, begins.
  mutating func rest(_ now: Moment) {
    guard isWanted, !isShuttingDown else {
      phase = .stopped
      return
    }
    guard policy.isScheduled else {
      history.forget()
      return begin(now)
    }
    phase = .scheduled
    answerStarts(.done("scheduled: it starts at its next slot"))
  }

  /// Another policy holds from now on. One that gets a schedule, loses it, or has a window instead of single runs,
  /// ends what it does at the moment.
  mutating func policyChanged(_ new: WorkerPolicy, _ now: Moment) {
    let (before, after) = (policy.isScheduled, new.isScheduled)
    let isSameKind = before == after && policy.isOneShot == new.isOneShot
    policy = new
    guard !isSameKind else { return }
    switch phase {
    case .starting(let attempt), .ready(let attempt):
      askToEnd(attempt, .slot(.changed), SlotClosing.changed.words, now)
    case .ending(let attempt, var ending):
      switch ending.cause {
      case .stop, .shutdown, .slot: return
      case .itself, .failure, .restart, .need: ending.cause = .slot(.changed)
      }
      phase = .ending(attempt, ending)
    case .waiting, .backoff, .failed, .finished, .scheduled:
      waitingUntil = nil
      trouble = nil
      endSlot(.stopped, SlotClosing.changed.words)
      rest(now)
    case .stopped: break
    }
  }

  /// When the open slot has lasted as long as it may; nil: never, or not while its processes stand still.
  var slotDeadline: Moment? {
    guard case .oneShot(let max?)? = policy.slots, let slot else { return nil }
    switch phase {
    case .starting(let attempt) where attempt.frozenSince == nil,
      .ready(let attempt) where attempt.frozenSince == nil:
      return slot.opened + max
    case .waiting, .backoff: return slot.opened + max
    case .stopped, .scheduled, .starting, .ready, .ending, .failed, .finished: return nil
    }
  }

  /// Ends an open slot that has lasted too long.
  ///
  /// - Returns: whether it did.
  mutating func expireSlot(_ now: Moment) -> Bool {
    guard let slotDeadline, now >= slotDeadline, let slot, case .oneShot(let max?)? = policy.slots else {
      return false
    }
    slotClosed(slot.id, .expired(max), now)
    return true
  }
}
