/// Names one slot of a strategy's schedule; rises over all strategies and all runs of the daemon.
public typealias SlotID = Int64

/// What made a slot.
public enum SlotTrigger: String, Sendable, CaseIterable {
  case cron
  case window
  /// A person, by `rbotctl schedule run`.
  case manual
  /// The machine was started.
  case reboot
  /// rbotd was started.
  case start
}

/// What became of a slot.
public enum SlotOutcome: String, Sendable, CaseIterable {
  /// Decided, and waits for the one before it to end. Becomes: running, missed, stopped, skipped.
  case queued
  /// Opened, or on its way there. Becomes any of those below but skipped.
  case running
  /// It did its work, or its window closed.
  case done
  case failed
  /// Ended by a person, a reload or the end of rbotd.
  case stopped
  /// Ended, because the next one was due.
  case replaced
  /// Not opened, and rightly so: a holiday, a pause, one that runs already.
  case skipped
  /// Should have been opened, and was not.
  case missed
  /// rbotd died while it was open: it may have run, and is not run again.
  case interrupted

  /// Whether something is still to come.
  public var isOpen: Bool { self == .queued || self == .running }
}

/// What outlives the daemon of one strategy's schedule.
public struct ScheduleRecord: Hashable, Sendable {
  public let name: String
  /// What the schedule was; another one owes nothing for its past.
  public var definition: String
  /// The last nominal second about which something was decided: slots are sought after it only.
  public var decided: Int64
  /// The boot for which `@reboot` has been decided; nil: none yet.
  public var boot: String?

  public init(name: String, definition: String, decided: Int64, boot: String? = nil) {
    self.name = name
    self.definition = definition
    self.decided = decided
    self.boot = boot
  }
}

/// One decision about a slot, or about many like it in a row: a row of the history.
public struct SlotRecord: Hashable, Sendable {
  public let id: SlotID
  public let name: String
  /// The slot's nominal time, in seconds since 1970-01-01T00:00:00Z: with the name its identity, but for a manual one.
  public let second: Int64
  /// The last one's nominal second where the row is about several; nil: about one.
  public var until: Int64?
  /// How many slots this is about; for a window, how often it was opened.
  public var count: Int
  public let trigger: SlotTrigger
  public var outcome: SlotOutcome
  /// Why, as the end of a sentence, beginning with a word that stays the same: `holiday: Thanksgiving`.
  public var reason: String?
  /// When it was to begin: the nominal time, and the jitter.
  public let due: Timestamp
  public let decided: Timestamp
  public var started: Timestamp?
  public var ended: Timestamp?
  /// The run of the last process that there was of it.
  public var run: Int64?
  /// How the last process ended: `exited with code 3`.
  public var exit: String?
  /// When its window is over, the gateway is to close the strategy's positions, and has not said yet that it has.
  public var owesSquareOff = false

  public init(
    id: SlotID, name: String, second: Int64, until: Int64? = nil, count: Int = 1, trigger: SlotTrigger,
    outcome: SlotOutcome, reason: String? = nil, due: Timestamp, decided: Timestamp
  ) {
    self.id = id
    self.name = name
    self.second = second
    self.until = until
    self.count = count
    self.trigger = trigger
    self.outcome = outcome
    self.reason = reason
    self.due = due
    self.decided = decided
  }

  /// How long after it was due it was opened, or decided where it never was, in milliseconds.
  public var latenessMilliseconds: Int64 {
    ((started ?? decided).nanoseconds - due.nanoseconds) / 1_000_000
  }
}
