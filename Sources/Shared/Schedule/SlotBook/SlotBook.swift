public import Model

/// One strategy's schedule as a value: which slots are decided, which is open, which wait. Events and the wall clock's
/// time go in, actions come out, and nothing else happens.
///
/// - Each slot after the moment at which the schedule was armed is decided once, in order, and each decision is a row.
/// - What is to be started is claimed first: it is opened only once its row is on the disk. So a slot is opened at most
///   once, wherever the daemon or the machine dies; a window is a span of time, and is opened again while it lasts.
/// - The clock may jump: what lies before the last decision is never looked at again.
public struct SlotBook: Sendable {
  public let name: String
  public internal(set) var timetable: Timetable
  /// What would be remembered now.
  public internal(set) var memory: ScheduleRecord
  /// Why it does not run when it is due: `stopped`, `disabled`; nil: it does.
  public internal(set) var disarmed: String?
  public internal(set) var isPaused: Bool
  /// The newest row.
  public internal(set) var last: SlotRecord?
  /// The least number of seconds that the disk has to take a claim.
  public var claimSeconds: Int64 = 10

  /// The first slot about which nothing is decided.
  var next: Upcoming?
  var backlog = Backlog()
  /// Why the slots are late that are still being gone through.
  var whyBehind: String?
  /// The last second that was given to the disk as decided.
  var remembered: Int64 = .min
  var current: Current?
  /// Slots that wait for the current one to end, oldest first.
  var queue: [Queued] = []
  /// The last window that was due, whatever became of it.
  var window: Queued?
  /// The row of the window whose positions are being closed.
  var squaring: SlotRecord?
  var tally: Tally?
  var isEnding = false
  /// A reload has taken it away.
  public internal(set) var isRetired = false
  var toldOfLag = false
  var lastID: SlotID = 0
  var actions: [SlotAction] = []

  /// So many wait at most; what comes then is skipped.
  static let queueMax = 100
  /// So many missed ones are caught up with at most: the newest.
  static let caughtUpMax = 100
  /// More decisions of one kind in a row are one row.
  static let rowsMax = 1_000
  /// Slots that are gone through at once; the rest waits for the next wake-up, so that others get their turn.
  static let chunk = 10_000
  /// Slots of so many seconds ago are not counted any more: a clock that was years off is no reason to go through them
  /// all.
  static let reach: Int64 = 366 * 86_400
  /// Decided for so many seconds in advance, the clock must have been wrong.
  static let lagMax: Int64 = 86_400

  /// A schedule that has not begun.
  public init(name: String, timetable: Timetable, disarmed: String? = nil, isPaused: Bool = false) {
    self.name = name
    self.timetable = timetable
    self.disarmed = disarmed
    self.isPaused = isPaused
    memory = ScheduleRecord(name: name, definition: timetable.definition, decided: 0)
  }

  /// Takes one event in.
  ///
  /// - Parameters:
  ///   - now: The wall clock.
  ///   - ids: The last number that was given to a row, over all schedules.
  public mutating func handle(_ event: SlotEvent, now: Timestamp, ids: inout SlotID) -> [SlotAction] {
    lastID = ids
    switch event {
    case .began(let past, let boot, let isReload): begin(past, boot, isReload, now)
    case .woke(let because): look(now, because)
    case .recorded(let id): recorded(id, now)
    case .refused(let id): refused(id, now)
    case .spawned(let id, let run): spawned(id, run)
    case .runEnded(let id, let outcome, let reason, let exit): runEnded(id, outcome, reason, exit, now)
    case .armed(let byPerson): arm(byPerson, now)
    case .disarmed(let word): disarm(word, now)
    case .paused(let isPaused): self.isPaused = isPaused
    case .runNow: runNow(now)
    case .squaredOff(let id, let words): squaredOff(id, words)
    case .changed(let timetable): change(to: timetable, now)
    case .retired: retire(now)
    case .ending: end(now)
    }
    flush(now)
    ids = lastID
    defer { actions = [] }
    return actions
  }

  /// When a `woke` is next of use; nil: never.
  public var nextWake: Timestamp? {
    guard !isEnding, !isRetired else { return nil }
    var times: [Timestamp] = []
    if let next { times.append(next.due) }
    switch current?.stage {
    case .claiming(let until)?: times.append(until)
    case .open?: if let closes = current?.closes { times.append(Timestamp(second: closes)) }
    case .closing?, nil: break
    }
    if let window, window.record.owesSquareOff, squaring == nil, let closes = window.closes {
      // Not before the process has ended: that is told.
      if current?.record.id != window.record.id { times.append(Timestamp(second: closes)) }
    }
    return times.min()
  }

  /// The next slot, whatever will become of it.
  public var nextSlot: Slot? { next?.slot }
  /// When that is to begin.
  public var nextDue: Timestamp? { next?.due }
  /// Why the next slot will be skipped, as far as that is known now.
  public var nextSkip: String? {
    guard let next else { return nil }
    if let error = next.error { return error.word }
    if case .skipped(let reason) = next.slot.verdict { return reason.sentence }
    return disarmed ?? (isPaused && !isWindow ? "paused" : nil)
  }
  /// What a person should know: the calendar is over, or the clock was wrong.
  public var warning: String? { next?.error?.description ?? (toldOfLag ? lagWords : nil) }
  /// The row of the open slot, or of the one that is being opened.
  public var openRecord: SlotRecord? { current?.record }
  /// When the open window closes.
  public var closes: Int64? { current?.closes }
  /// A retired one that has nothing open any more can be forgotten.
  public var isOver: Bool { isRetired && current == nil && squaring == nil }
  /// Whether that slot waits for the one before it.
  public func isWaiting(_ id: SlotID) -> Bool { queue.contains { $0.record.id == id } }
  /// Whether positions of that window are still to be closed.
  public func isSquaring(_ id: SlotID) -> Bool { squaring?.id == id }

  var isWindow: Bool { if case .window = timetable.trigger { true } else { false } }

  /// A slot and what it needs to be decided.
  struct Upcoming: Sendable {
    let slot: Slot
    let due: Timestamp
    let error: CalendarError?
  }

  struct Current: Sendable {
    enum Stage: Sendable {
      /// Its row is on the way to the disk; after that moment it is too late.
      case claiming(until: Timestamp)
      case open
      case closing
    }

    var record: SlotRecord
    let closes: Int64?
    var stage: Stage
    /// What made it run although it is late.
    let note: String?
  }

  struct Queued: Sendable {
    var record: SlotRecord
    let closes: Int64?
    var note: String?
  }
}

extension Timestamp {
  init(second: Int64) { self = Timestamp(nanoseconds: 0).advanced(seconds: second) }

  /// The second that it is in.
  var second: Int64 { nanoseconds.floored(by: 1_000_000_000) }
}
