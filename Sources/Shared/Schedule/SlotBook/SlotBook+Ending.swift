import Model

/// Ends of slots, of windows, and of the wish to have any.
extension SlotBook {
  mutating func spawned(_ id: SlotID, _ run: Int64) {
    guard current?.record.id == id else { return }
    current?.record.run = run
    if let record = current?.record { write(record, nil) }
  }

  mutating func runEnded(
    _ id: SlotID, _ outcome: SlotOutcome, _ reason: String, _ exit: String?, _ now: Timestamp
  ) {
    guard let current, current.record.id == id else { return }
    self.current = nil
    var record = current.record
    record.outcome = outcome
    record.reason = current.note.map { "\($0); \(reason)" } ?? reason
    record.ended = now
    record.exit = exit
    // Who was stopped by a person is his.
    if outcome == .stopped, disarmed != nil { record.owesSquareOff = false }
    write(record, .ended)
    squareOffIfDue(now)
    startNext(now)
  }

  mutating func closeWindow(_ now: Timestamp) {
    guard let current, let closes = current.closes, case .open = current.stage,
      Timestamp(second: closes) <= now
    else { return }
    self.current?.stage = .closing
    actions.append(.close(current.record.id, .window, refusesEntries: current.record.owesSquareOff))
  }

  // MARK: Closing positions

  /// Also where it ended by itself, or failed: what it holds is not held overnight.
  mutating func squareOffIfDue(_ now: Timestamp) {
    guard squaring == nil, let window, window.record.owesSquareOff,
      let closes = window.closes, Timestamp(second: closes) <= now, current?.record.id != window.record.id
    else { return }
    squaring = window.record
    actions.append(.squareOff(window.record))
  }

  mutating func squaredOff(_ id: SlotID, _ words: String) {
    guard var record = squaring, record.id == id else { return }
    squaring = nil
    record.owesSquareOff = false
    record.reason = record.reason.map { "\($0); \(words)" } ?? words
    write(record, nil)
  }

  /// Its next window opens before the positions of the last one are closed.
  mutating func giveUpSquaring(for record: SlotRecord) {
    guard let squaring, squaring.id != record.id else { return }
    actions.append(.alert("its positions could not be closed before its next window opened"))
    squaredOff(squaring.id, "not squared off before the next window opened")
  }

  // MARK: Whether it is wanted

  mutating func arm(_ byPerson: Bool, _ now: Timestamp) {
    disarmed = nil
    if byPerson, memory.decided - now.second > Self.lagMax {
      memory.decided = now.second
      remembered = now.second
      toldOfLag = false
      seek()
      actions.append(.remember(memory))
    }
    reopen(byPerson, now)
    look(now, "it was stopped")
  }

  /// Opens the window again that it is in.
  mutating func reopen(_ byPerson: Bool, _ now: Timestamp) {
    guard !isEnding, !isRetired, disarmed == nil, current == nil, var last = window, let closes = last.closes,
      now < Timestamp(second: closes), last.record.due <= now
    else { return }
    let isOver =
      switch last.record.outcome {
      case .done, .failed, .missed, .replaced: true
      case .queued, .running, .stopped, .skipped, .interrupted: false
      }
    guard byPerson || !isOver else { return }
    if last.record.started != nil {
      last.record.count += 1
      last.record.ended = nil
      last.record.exit = nil
      last.note = "reopened"
    }
    claim(last, now)
  }

  mutating func disarm(_ word: String, _ now: Timestamp) {
    disarmed = word
    // Who was stopped by a person is his; where nothing ran any more, its end has been told already.
    if var record = window?.record, record.owesSquareOff, record.outcome == .stopped, squaring == nil {
      record.owesSquareOff = false
      write(record, nil)
    }
    dropWaiting(.skipped, word, now)
    if let current, case .claiming = current.stage {
      self.current = nil
      drop(current, .stopped, "\(word) before it began", now)
    }
  }

  private mutating func dropWaiting(_ outcome: SlotOutcome, _ reason: String, _ now: Timestamp) {
    let waiting = queue
    queue = []
    for queued in waiting { drop(queued, outcome, reason, now) }
  }

  // MARK: Reloads and the end

  mutating func change(to new: Timetable, _ now: Timestamp) {
    let isSame = !isRetired && new.definition == timetable.definition
    isRetired = false
    timetable = new
    if isSame {
      if case .window(let rules) = new.trigger, !rules.squaresOff { window?.record.owesSquareOff = false }
      return
    }
    flush(now)
    tally = nil
    backlog = Backlog()
    dropWaiting(.stopped, "its schedule has changed", now)
    let open = current
    window = nil
    arm(anew: new, boot: memory.boot, now)
    if let open, open.closes != nil { endChanged(open, now) }
    look(now, "its schedule has changed")
  }

  /// A window that is open goes on as what it is now, or closes.
  private mutating func endChanged(_ open: Current, _ now: Timestamp) {
    switch open.stage {
    case .claiming:
      current = nil
      drop(open, .stopped, "its schedule has changed", now)
    case .open:
      current?.stage = .closing
      actions.append(.close(open.record.id, .changed))
    case .closing: break
    }
  }

  mutating func retire(_ now: Timestamp) {
    flush(now)
    isRetired = true
    next = nil
    dropWaiting(.stopped, "its schedule has been removed", now)
    if let current, case .claiming = current.stage {
      self.current = nil
      drop(current, .stopped, "its schedule has been removed", now)
    }
  }

  mutating func end(_ now: Timestamp) {
    isEnding = true
    guard let current, case .claiming = current.stage else { return }
    self.current = nil
    drop(current, .stopped, "rbotd shut down before it began", now)
  }
}
