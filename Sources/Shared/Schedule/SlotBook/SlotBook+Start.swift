import Model

/// What an earlier daemon left, and what this one begins with.
extension SlotBook {
  mutating func begin(_ past: SlotPast, _ boot: String, _ isReload: Bool, _ now: Timestamp) {
    let isSame = past.schedule?.definition == timetable.definition
    let why = !isSame ? "its schedule is new" : isReload ? "its manifest was wrong" : "rbotd was not running"
    if isSame, let schedule = past.schedule {
      memory = schedule
      let newest = past.open.filter { $0.trigger != .manual }.map { $0.until ?? $0.second }.max()
      memory.decided = max(memory.decided, newest ?? .min)
      remembered = schedule.decided
      seek()
    } else {
      arm(anew: timetable, boot: isReload ? boot : nil, now)
    }
    recall(past, isSame, now, why)
    fireOnce(boot, isReload, now)
    reopen(false, now)
    look(now, why)
    startNext(now)
  }

  /// A schedule that was not there before: it owes nothing for the past, but is in the window that it is in.
  mutating func arm(anew timetable: Timetable, boot: String?, _ now: Timestamp) {
    memory = ScheduleRecord(name: name, definition: timetable.definition, decided: now.second, boot: boot)
    if let opened = windowAround(now) { memory.decided = opened - 1 }
    remembered = memory.decided
    seek()
    actions.append(.remember(memory))
  }

  /// When the window opened in which `now` is.
  private func windowAround(_ now: Timestamp) -> Int64? {
    guard isWindow else { return nil }
    var second = now.second - Self.windowMax
    var found: Int64?
    while true {
      do throws(CalendarError) {
        guard let slot = try timetable.slot(after: second), slot.second <= now.second else { return found }
        if let closes = slot.closes, closes > now.second { found = found ?? slot.second }
        second = slot.second
      } catch {
        guard error.second > second, error.second <= now.second else { return found }
        second = error.second
      }
    }
  }

  /// No window is longer: from a Sunday's opening to the Friday's close.
  private static var windowMax: Int64 { 8 * 86_400 }

  private mutating func recall(_ past: SlotPast, _ isSame: Bool, _ now: Timestamp, _ why: String) {
    if isSame, let record = past.window, let slot = slot(at: record.second), let closes = slot.closes {
      window = Queued(record: record, closes: closes, note: nil)
    }
    for record in past.open {
      if record.outcome == .queued {
        let isLate = isLate(record.due, now)
        let queued = Queued(record: record, closes: nil, note: isLate ? "caught up: \(why)" : nil)
        if isSame, disarmed == nil, record.trigger != .window, !isLate || timetable.missed == .all {
          queue.append(queued)
        } else {
          drop(queued, .missed, "rbotd ended while it waited for the one before it", now)
        }
      } else {
        interrupt(record, now)
      }
    }
  }

  private mutating func interrupt(_ old: SlotRecord, _ now: Timestamp) {
    var record = old
    record.outcome = .interrupted
    record.ended = now
    record.reason =
      record.run != nil
      ? "rbotd ended while it ran, so it is not run again"
      : record.started != nil
        ? "rbotd ended as it began: it may have run, and is not run again"
        : "rbotd ended before it was begun; it is not run, because that cannot be told for certain"
    write(record, .ended)
  }

  private func slot(at second: Int64) -> Slot? {
    guard let slot = try? timetable.slot(after: second - 1), slot.second == second else { return nil }
    return slot
  }

  /// `@start` and `@reboot`.
  private mutating func fireOnce(_ boot: String, _ isReload: Bool, _ now: Timestamp) {
    guard !isReload else { return }
    switch timetable.trigger {
    case .start: break
    case .reboot:
      guard memory.boot != boot else { return }
      memory.boot = boot
    case .cron, .window: return
    }
    // No two of them have the same second.
    let second = max(now.second, memory.decided + 1)
    memory.decided = second
    let segment = timetable.zone.segment(at: second)
    let firing = Firing(
      second: second, offset: segment.offset, abbreviation: segment.abbreviation, shift: .none)
    let upcoming = Upcoming(slot: Slot(firing, verdict: .due), due: now, error: nil)
    if let disarmed {
      decide(.skipped, disarmed, upcoming, now)
    } else if isPaused {
      decide(.skipped, "paused", upcoming, now)
    } else {
      begin(upcoming, now, note: nil, inRow: false)
    }
  }
}
