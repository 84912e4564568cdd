import Model

/// Rows of the history.
extension SlotBook {
  /// Decisions of one kind in a row.
  struct Tally: Sendable {
    let outcome: SlotOutcome
    let reason: String
    /// Not written yet; beyond the bound only the first ones.
    var pending: [Upcoming] = []
    var count = 0
    var last: Int64 = 0
    /// Rows that were written one for one.
    var written = 0
    /// The row that all the further ones go into.
    var merged: SlotRecord?
  }

  /// Decides about a slot that is not opened.
  mutating func decide(_ outcome: SlotOutcome, _ reason: String, _ upcoming: Upcoming, _ now: Timestamp) {
    if tally?.outcome != outcome || tally?.reason != reason {
      flush(now)
      tally = Tally(outcome: outcome, reason: reason)
    }
    guard var tally else { return }
    if tally.pending.count <= Self.rowsMax { tally.pending.append(upcoming) }
    tally.count += 1
    tally.last = upcoming.slot.second
    self.tally = tally
  }

  /// Writes what has been decided.
  mutating func flush(_ now: Timestamp) {
    guard var tally, let first = tally.pending.first else { return }
    self.tally?.pending = []
    let news: SlotNews = tally.outcome == .missed ? .missed : .skipped
    if var merged = tally.merged {
      merged.until = tally.last
      merged.count += tally.count
      tally.merged = merged
      write(merged, nil, upTo: tally.last)
    } else if tally.written + tally.count > Self.rowsMax {
      var record = row(first, trigger, tally.outcome, now)
      record.reason = tally.reason
      if tally.count > 1 { record.until = tally.last }
      record.count = tally.count
      tally.merged = record
      write(record, news, upTo: tally.last)
    } else {
      tally.written += tally.count
      for upcoming in tally.pending {
        var record = row(upcoming, trigger, tally.outcome, now)
        record.reason = tally.reason
        write(record, news, upTo: upcoming.slot.second)
      }
    }
    tally.pending = []
    tally.count = 0
    self.tally = tally
  }

  var trigger: SlotTrigger {
    switch timetable.trigger {
    case .cron: .cron
    case .window: .window
    case .reboot: .reboot
    case .start: .start
    }
  }

  mutating func row(
    _ upcoming: Upcoming, _ trigger: SlotTrigger, _ outcome: SlotOutcome, _ now: Timestamp
  ) -> SlotRecord {
    lastID += 1
    return SlotRecord(
      id: lastID, name: name, second: upcoming.slot.second, trigger: trigger, outcome: outcome,
      due: upcoming.due, decided: now)
  }

  /// - Parameter upTo: the slot that is decided by this row, where others before `memory.decided` are not yet.
  mutating func write(_ record: SlotRecord, _ news: SlotNews?, upTo: Int64 = .max) {
    if record.id >= last?.id ?? 0 { last = record }
    if record.id == window?.record.id { window?.record = record }
    actions.append(.record(record, durable(upTo: upTo), news))
  }

  /// What may be remembered with a row: whatever comes after it may be lost, so it is not decided yet.
  mutating func durable(upTo: Int64 = .max) -> ScheduleRecord {
    let undecided = [backlog.first, tally?.pending.first?.slot.second].compactMap { $0 }.min()
    let bound = min(upTo, undecided.map { $0 - 1 } ?? .max)
    remembered = max(remembered, min(memory.decided, bound))
    var record = memory
    record.decided = remembered
    return record
  }
}
