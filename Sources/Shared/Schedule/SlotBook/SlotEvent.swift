public import Model

/// What happens around a strategy's schedule.
public enum SlotEvent: Sendable {
  /// Comes first, and once: rbotd has started, or (`isReload`) a reload has brought this schedule.
  ///
  /// `boot` names the boot of the machine.
  case began(SlotPast, boot: String, isReload: Bool = false)
  /// It may be time for something; `nextWake` says when that is. `because` says why it could be late: `busy`.
  case woke(because: String)
  /// The slot that was claimed is on the disk, and nothing there speaks against it.
  case recorded(SlotID)
  /// The disk holds a decision about that slot already.
  case refused(SlotID)
  /// The first process of an open slot, and each later one.
  case spawned(SlotID, run: Int64)
  /// What an open slot came to; `exit`: how its last process ended.
  case runEnded(SlotID, SlotOutcome, reason: String, exit: String? = nil)
  /// Somebody wants it to run when it is due; where it is a person's word just now, also what has failed already.
  case armed(byPerson: Bool)
  /// Nobody wants that any more. A stable word: `stopped`, `disabled`.
  case disarmed(String)
  case paused(Bool)
  /// A person wants it to run now.
  case runNow
  /// The gateway has closed the positions of that window's strategy; or, `isDone` false, never will.
  case squaredOff(SlotID, String)
  /// A reload has changed the schedule, or only how it deals with what is late.
  case changed(Timetable)
  /// A reload has taken the schedule away.
  case retired
  /// rbotd shuts down: what is due from now on is for the next one.
  case ending
}

/// What an earlier daemon left of one schedule.
public struct SlotPast: Hashable, Sendable {
  public var schedule: ScheduleRecord?
  /// Rows that say `running` or `queued`, oldest first.
  public var open: [SlotRecord]
  /// The newest row of a window.
  public var window: SlotRecord?

  public init(schedule: ScheduleRecord? = nil, open: [SlotRecord] = [], window: SlotRecord? = nil) {
    self.schedule = schedule
    self.open = open
    self.window = window
  }
}

/// What a row of the history is news of; the names of the events.
public enum SlotNews: String, Sendable, CaseIterable {
  case fired
  case caughtUp = "caught_up"
  case skipped
  case missed
  case ended
}

/// What the driver has to do, in this order.
public enum SlotAction: Hashable, Sendable {
  /// Write the row and the schedule's record in one transaction; nobody waits for it.
  case record(SlotRecord, ScheduleRecord, SlotNews?)
  /// The same, as the condition of a start: answered with `recorded` once it is on the disk, or with `refused` where
  /// another row of that slot is there already.
  case claim(SlotRecord, ScheduleRecord)
  /// Only the schedule's record has changed.
  case remember(ScheduleRecord)
  /// It is on the disk: start it. Answered with `runEnded`.
  case open(SlotRecord, SlotNews)
  /// End it. `refusesEntries`: the gateway is to refuse entries before it is asked to stop, because its positions are
  /// to be closed.
  case close(SlotID, SlotEnding, refusesEntries: Bool = false)
  /// Have the gateway close the strategy's positions; answered with `squaredOff`, and asked again until then.
  case squareOff(SlotRecord)
  /// What a person asked for cannot be; a stable word and a sentence.
  case refuse(String, String)
  /// Something that a person should look at.
  case alert(String)
}

/// Why an open slot is to end.
public enum SlotEnding: Hashable, Sendable {
  case window
  case replaced
  case changed
}
