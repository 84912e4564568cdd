import Glibc
import Lifecycle
import Model
import NIOCore
import Platform
import Schedule
import SupervisorStore

/// What all schedules have in common: the one timer, the numbers of their rows, and what an earlier daemon left.
struct ScheduleBoard {
  /// What an earlier daemon left of schedules that have not been armed yet.
  var memory: SupervisorStore.ScheduleMemory
  /// The last number of a row.
  var lastSlot: SlotID
  var wakes = WakeHeap()
  var timer: WallTimer?
  /// The timer is to be set at the end of this turn.
  var isTimerDue = false
  /// The schedules' records that are to be written at the end of this turn, so that thousands are one transaction.
  var unsaved: [ScheduleRecord] = []
  /// Who waits for a slot that he asked for.
  var commands: [SlotID: CommandID] = [:]
  var outbox = ScheduleOutbox()
  var clocks = ClockReading.now
  /// The clock was set, or the machine slept, since the last wake-up.
  var whyLate: String?
  let boot = BootID.current

  init(_ memory: SupervisorStore.ScheduleMemory) {
    self.memory = memory
    lastSlot = memory.lastSlot
  }
}

/// The three clocks at one moment, to tell a clock that was set from a machine that slept.
struct ClockReading {
  let wall: Int64
  /// Goes on while the machine sleeps.
  let boot: Int64
  /// Stands still then.
  let monotonic: Int64

  static var now: ClockReading {
    func read(_ clock: clockid_t) -> Int64 {
      var time = timespec()
      clock_gettime(clock, &time)
      return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
    return ClockReading(
      wall: read(CLOCK_REALTIME), boot: read(CLOCK_BOOTTIME), monotonic: read(CLOCK_MONOTONIC))
  }

  /// What happened to the clocks since then; nil: nothing worth a word.
  func change(since earlier: ClockReading) -> String? {
    let slept = (boot - earlier.boot) - (monotonic - earlier.monotonic)
    let jumped = (wall - earlier.wall) - (boot - earlier.boot)
    if slept > Self.notable { return "the machine was suspended" }
    if jumped > Self.notable { return "the clock jumped forward" }
    if jumped < -Self.notable { return "the clock jumped back" }
    return nil
  }

  private static let notable: Int64 = 1_000_000_000
}
