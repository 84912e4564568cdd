import Model

/// Going through what is due.
extension SlotBook {
  /// Slots that are due and not decided: more may follow, and only then it is known which of them run.
  struct Backlog: Sendable {
    /// Later than the grace, with why; only those that may be caught up with, oldest first.
    var late: [(upcoming: Upcoming, why: String)] = []
    /// On time, oldest first.
    var fresh: [Upcoming] = []
    /// Decided to run, and not recorded yet.
    var rest: [Upcoming] = []

    var isEmpty: Bool { late.isEmpty && fresh.isEmpty && rest.isEmpty }
    /// The first of them.
    var first: Int64? {
      [late.first?.upcoming.slot.second, fresh.first?.slot.second, rest.first?.slot.second].compactMap { $0 }
        .min()
    }
  }

  /// Looks at the clock.
  mutating func look(_ now: Timestamp, _ why: String) {
    guard !isEnding, !isRetired else { return }
    expireClaim(now)
    closeWindow(now)
    gather(now, why)
    squareOffIfDue(now)
    noticeLag(now)
  }

  private mutating func gather(_ now: Timestamp, _ why: String) {
    leap(now)
    let why = whyBehind ?? why
    var examined = 0
    while let upcoming = next, upcoming.due <= now {
      guard examined < Self.chunk else {
        whyBehind = why
        return
      }
      examined += 1
      memory.decided = upcoming.slot.second
      seek()
      sort(upcoming, now, why)
    }
    whyBehind = nil
    settle(now)
  }

  /// Looks for the first slot after the last decision.
  mutating func seek() {
    do throws(CalendarError) {
      next = try timetable.slot(after: memory.decided).map {
        Upcoming(
          slot: $0,
          due: Timestamp(second: $0.second).advanced(
            nanoseconds: timetable.delay(of: $0, name: name) * 1_000_000),
          error: nil)
      }
    } catch {
      let segment = timetable.zone.segment(at: error.second)
      let firing = Firing(
        second: error.second, offset: segment.offset, abbreviation: segment.abbreviation, shift: .none)
      next = Upcoming(slot: Slot(firing, verdict: .due), due: Timestamp(second: error.second), error: error)
    }
  }

  /// Leaves out what is so long ago that it is not worth a look; one row says so.
  private mutating func leap(_ now: Timestamp) {
    let from = now.second - Self.reach
    guard let first = next, first.slot.second < from - 86_400 else { return }
    decide(
      disarmed == nil ? .missed : .skipped,
      disarmed ?? "too_long_ago: nobody counted the slots of more than a year before", first, now)
    flush(now)
    memory.decided = from
    seek()
  }

  private mutating func sort(_ upcoming: Upcoming, _ now: Timestamp, _ why: String) {
    if let error = upcoming.error { return decide(.skipped, error.word, upcoming, now) }
    if case .skipped(let reason) = upcoming.slot.verdict {
      let sentence = reason.sentence
      return decide(
        .skipped, sentence.hasPrefix(reason.word) ? sentence : "\(reason.word): \(sentence)", upcoming, now)
    }
    if let closes = upcoming.slot.closes { return sortWindow(upcoming, closes, now, why) }
    if let disarmed { return decide(.skipped, disarmed, upcoming, now) }
    if isPaused { return decide(.skipped, "paused", upcoming, now) }
    if isLate(upcoming.due, now) {
      sortLate(upcoming, now, why)
    } else {
      backlog.fresh.append(upcoming)
      let max = timetable.missed == .all ? Self.caughtUpMax : 1
      if backlog.fresh.count > max { decide(.missed, "coalesced", backlog.fresh.removeFirst(), now) }
    }
  }

  private mutating func sortLate(_ upcoming: Upcoming, _ now: Timestamp, _ why: String) {
    let max =
      switch timetable.missed {
      case .skip: 0
      case .once: 1
      case .all: Self.caughtUpMax
      }
    backlog.late.append((upcoming, why))
    if backlog.late.count > max {
      let first = backlog.late.removeFirst()
      decide(.missed, first.why, first.upcoming, now)
    }
  }

  /// In whole seconds, as a slot is one: without a grace what is late by less is on time.
  func isLate(_ due: Timestamp, _ now: Timestamp) -> Bool {
    due.advanced(seconds: timetable.grace + 1) <= now
  }

  /// A window is late only when it is over.
  private mutating func sortWindow(_ upcoming: Upcoming, _ closes: Int64, _ now: Timestamp, _ why: String) {
    if Timestamp(second: closes) <= now {
      return decide(disarmed == nil ? .missed : .skipped, disarmed ?? why, upcoming, now)
    }
    flush(now)
    if let disarmed {
      var record = row(upcoming, .window, .skipped, now)
      record.reason = disarmed
      window = Queued(record: record, closes: closes, note: nil)
      return write(record, .skipped)
    }
    begin(upcoming, now, note: isLate(upcoming.due, now) ? "opened late: \(why)" : nil, inRow: false)
  }

  /// All that is due is known: what runs, runs.
  private mutating func settle(_ now: Timestamp) {
    guard !backlog.isEmpty else { return }
    if timetable.missed == .once, !backlog.fresh.isEmpty {
      for late in backlog.late { decide(.missed, late.why, late.upcoming, now) }
      backlog.late = []
    }
    flush(now)
    var items = backlog.late.map { (upcoming: $0.upcoming, note: Optional("caught up: \($0.why)")) }
    items += backlog.fresh.map { ($0, nil) }
    backlog = Backlog()
    backlog.rest = items.map(\.upcoming)
    let isRow = timetable.missed == .all
    for (index, item) in items.enumerated() {
      backlog.rest.removeFirst()
      begin(item.upcoming, now, note: item.note, inRow: isRow && index > 0)
    }
  }

  // MARK: A clock that was wrong

  private mutating func noticeLag(_ now: Timestamp) {
    guard memory.decided - now.second > Self.lagMax else {
      toldOfLag = false
      return
    }
    guard !toldOfLag else { return }
    toldOfLag = true
    actions.append(.alert(lagWords))
  }

  var lagWords: String {
    "the clock was set back: slots until \(Timestamp(second: memory.decided)) were decided already, and none of them "
      + "comes again; to have it begin anew: rbotctl stop \(name), then rbotctl start \(name)"
  }
}
