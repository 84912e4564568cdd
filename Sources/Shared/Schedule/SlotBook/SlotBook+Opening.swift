import Model

/// How a slot that is to run comes to run.
extension SlotBook {
  /// Opens it, or does what is to be done while another is open.
  ///
  /// - Parameter inRow: it is one of several that run one after the other, whatever overlaps otherwise mean.
  mutating func begin(_ upcoming: Upcoming, _ now: Timestamp, note: String?, inRow: Bool) {
    flush(now)
    tally = nil
    var record = row(upcoming, trigger, .running, now)
    record.reason = note
    let queued = Queued(record: record, closes: upcoming.slot.closes, note: note)
    if upcoming.slot.closes != nil { window = queued }
    begin(queued, now, inRow: inRow)
  }

  private mutating func begin(_ queued: Queued, _ now: Timestamp, inRow: Bool) {
    guard let current else { return claim(queued, now) }
    // The window before is still being closed.
    if inRow || queued.closes != nil { return enqueue(queued) }
    switch timetable.overlap {
    case .forbid:
      var record = queued.record
      record.outcome = .skipped
      record.reason = "overlap: that of \(Timestamp(second: current.record.second).shortText) still runs"
      write(record, .skipped)
    case .queue: enqueue(queued)
    case .replace: replace(with: queued, now)
    }
  }

  private mutating func enqueue(_ queued: Queued) {
    var queued = queued
    if queue.count >= Self.queueMax {
      queued.record.outcome = .skipped
      queued.record.reason = "queue_full: \(Self.queueMax) wait already"
      return write(queued.record, .skipped)
    }
    queued.record.outcome = .queued
    queue.append(queued)
    write(queued.record, nil)
  }

  /// Its own row comes first: with any other one it would be remembered as decided.
  private mutating func replace(with queued: Queued, _ now: Timestamp) {
    let waiting = queue
    queue = []
    let why = "replaced by a later slot before it began"
    guard let current else { return claim(queued, now) }
    switch current.stage {
    case .claiming:
      claim(queued, now)
      drop(current, .replaced, why, now)
    case .open:
      self.current?.stage = .closing
      enqueue(queued)
      actions.append(.close(current.record.id, .replaced))
    case .closing: enqueue(queued)
    }
    for old in waiting { drop(old, .replaced, why, now) }
  }

  /// Asks for its row to be on the disk.
  mutating func claim(_ queued: Queued, _ now: Timestamp) {
    var record = queued.record
    record.outcome = .running
    record.reason = queued.note
    if case .window(let window) = timetable.trigger, queued.closes != nil {
      record.owesSquareOff = window.squaresOff
    }
    let until =
      queued.closes.map(Timestamp.init(second:))
      ?? max(record.due.advanced(seconds: timetable.grace), now.advanced(seconds: claimSeconds))
    current = Current(
      record: record, closes: queued.closes, stage: .claiming(until: until), note: queued.note)
    if record.id == window?.record.id { window?.record = record }
    if record.id >= last?.id ?? 0 { last = record }
    actions.append(.claim(record, durable()))
    if queued.closes != nil { giveUpSquaring(for: record) }
  }

  mutating func recorded(_ id: SlotID, _ now: Timestamp) {
    guard var current, current.record.id == id, case .claiming(let until) = current.stage else { return }
    guard now < until || current.closes == nil else { return expireClaim(now) }
    current.stage = .open
    if current.record.started == nil { current.record.started = now }
    self.current = current
    let isCaughtUp = current.note?.hasPrefix("caught up") ?? false
    write(current.record, nil)
    actions.append(.open(current.record, isCaughtUp ? .caughtUp : .fired))
  }

  /// It was decided by an earlier daemon, whose clock was ahead of this one's.
  mutating func refused(_ id: SlotID, _ now: Timestamp) {
    guard let current, current.record.id == id, case .claiming = current.stage else { return }
    self.current = nil
    if window?.record.id == id { window = nil }
    actions.append(
      .alert(
        "the slot of \(Timestamp(second: current.record.second).shortText) was decided before, so it is not run again"
      ))
    startNext(now)
  }

  mutating func expireClaim(_ now: Timestamp) {
    guard let current, case .claiming(let until) = current.stage, now >= until else { return }
    self.current = nil
    drop(current, .missed, "not recorded in time: the disk did not take it, so it was not run", now)
    startNext(now)
  }

  mutating func startNext(_ now: Timestamp) {
    while current == nil, !queue.isEmpty, !isEnding {
      let queued = queue.removeFirst()
      if isPaused, queued.record.trigger == .cron {
        drop(queued, .skipped, "paused", now)
      } else if let closes = queued.closes, Timestamp(second: closes) <= now {
        drop(queued, .missed, "busy: the window before took so long to close", now)
      } else {
        claim(queued, now)
      }
    }
  }

  /// Ends one that was never opened.
  mutating func drop(_ queued: Queued, _ outcome: SlotOutcome, _ reason: String, _ now: Timestamp) {
    var record = queued.record
    record.outcome = outcome
    record.reason = reason
    record.owesSquareOff = record.owesSquareOff && record.started != nil
    if record.started != nil { record.ended = now }
    write(record, outcome == .missed ? .missed : outcome == .skipped ? .skipped : .ended)
  }

  mutating func drop(_ current: Current, _ outcome: SlotOutcome, _ reason: String, _ now: Timestamp) {
    drop(Queued(record: current.record, closes: current.closes, note: current.note), outcome, reason, now)
  }

  /// A person's wish: a slot of its own, about which nothing else is decided.
  mutating func runNow(_ now: Timestamp) {
    if isEnding || isRetired {
      return actions.append(.refuse("not_scheduled", "\(name) has no schedule any more"))
    }
    if isWindow {
      return actions.append(
        .refuse(
          "window", "\(name) runs inside its window only: rbotctl start \(name) opens it when that is now"))
    }
    if let current, timetable.overlap == .forbid {
      return actions.append(
        .refuse(
          "overlap",
          "the slot of \(Timestamp(second: current.record.second).shortText) still runs, and overlap = \"forbid\""
        ))
    }
    if queue.count >= Self.queueMax {
      return actions.append(.refuse("queue_full", "\(Self.queueMax) slots wait already"))
    }
    lastID += 1
    let record = SlotRecord(
      id: lastID, name: name, second: now.second, trigger: .manual, outcome: .running, due: now, decided: now)
    begin(Queued(record: record, closes: nil, note: nil), now, inRow: false)
  }
}

extension Timestamp {
  /// `2026-03-08T07:00:00Z`.
  var shortText: String { description.prefix(19) + "Z" }
}
