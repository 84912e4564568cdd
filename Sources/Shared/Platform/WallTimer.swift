import CPlatform
import Glibc
import Synchronization

/// A timer on the clock of the day, which hears of it when somebody sets that clock.
///
/// One thread of its own waits on a timerfd, so an armed timer costs nothing and is late only by what the scheduler
/// takes. The kernel counts in real time: it is due at that time of day, also where the machine was suspended before it
/// or the clock was set past it.
///
/// ```swift
/// let timer = try WallTimer { event in … }
/// timer.arm(at: 1_772_800_140_000_000_000)
/// ```
public final class WallTimer: Sendable {
  /// What the timer says, on its own thread.
  public enum Event: Hashable, Sendable {
    /// The moment has come. Whoever armed it again meanwhile may hear this of the earlier moment: look at the clock.
    case due
    /// The clock was set, or the machine slept. What is armed stays armed, and is due by the new time.
    case clockChanged
  }

  /// What the waiting thread and those who arm share.
  private struct State {
    /// Nanoseconds since 1970; nil: nothing is awaited.
    var moment: Int64?
    /// Told to who armed the timer, and not yet to who waits.
    var clockWasSet = false
    var isClosed = false
  }

  /// The calls to the kernel; tests put others in their place, since the clock of a machine is not theirs to set.
  struct Calls: Sendable {
    enum Taken { case nothing, due, clockWasSet }

    /// Arms it, and returns 0 or an errno.
    var set: @Sendable (_ timer: Int32, _ moment: Int64) -> Int32 = {
      rbot_walltimer_set($0, $1) == 0 ? 0 : errno
    }
    var take: @Sendable (_ timer: Int32) -> Taken = { timer in
      switch rbot_walltimer_take(timer) {
      case RBOT_WALLTIMER_DUE: .due
      case RBOT_WALLTIMER_CLOCK_SET: .clockWasSet
      default: .nothing
      }
    }
  }

  private final class Shared: Sendable {
    let timer: Int32
    let wake: Int32
    let calls: Calls
    let state = Mutex(State())

    init(timer: Int32, wake: Int32, calls: Calls) {
      self.timer = timer
      self.wake = wake
      self.calls = calls
    }

    deinit {
      close(timer)
      close(wake)
    }
  }

  private let shared: Shared

  /// Starts the thread; nothing is armed.
  ///
  /// - Parameter onEvent: called on that thread, and not after the timer is gone; it must return quickly.
  /// - Throws: ``SystemError`` where a descriptor or the thread cannot be made.
  public convenience init(onEvent: @escaping @Sendable (Event) -> Void) throws(SystemError) {
    try self.init(calls: Calls(), onEvent: onEvent)
  }

  init(calls: Calls, onEvent: @escaping @Sendable (Event) -> Void) throws(SystemError) {
    let timer = rbot_walltimer()
    guard timer >= 0 else { throw SystemError("make a timer of the day's clock") }
    let wake = rbot_eventfd()
    guard wake >= 0 else {
      let error = SystemError("make an eventfd")
      close(timer)
      throw error
    }
    let shared = Shared(timer: timer, wake: wake, calls: calls)
    self.shared = shared
    // Nothing is due, and still it is heard when the clock is set.
    _ = calls.set(timer, 0)
    try startThread(named: "wall-timer") { Self.wait(shared, onEvent) }
  }

  deinit {
    shared.state.withLock { $0.isClosed = true }
    rbot_eventfd_signal(shared.wake)
  }

  /// Waits for that moment instead of the one before; any thread may call it.
  ///
  /// - Parameter moment: nanoseconds since 1970; one that has passed is due at once. Nil: waits for none.
  public func arm(at moment: Int64?) {
    let wasSet = shared.state.withLock { state in
      state.moment = moment
      // Zero is the kernel's word for none.
      let code = shared.calls.set(shared.timer, moment.map { max($0, 1) } ?? 0)
      if code == ECANCELED { state.clockWasSet = true }
      return code == ECANCELED
    }
    if wasSet { rbot_eventfd_signal(shared.wake) }
  }

  /// The moment that is awaited, in nanoseconds since 1970.
  public var moment: Int64? { shared.state.withLock { $0.moment } }

  private static func wait(_ shared: Shared, _ onEvent: (Event) -> Void) {
    var watched = [
      pollfd(fd: shared.timer, events: Int16(POLLIN), revents: 0),
      pollfd(fd: shared.wake, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      _ = poll(&watched, nfds_t(watched.count), -1)
      rbot_eventfd_clear(shared.wake)
      var events: [Event] = []
      let isClosed = shared.state.withLock { state in
        // Under the lock, so that what is taken belongs to the moment that is there.
        switch shared.calls.take(shared.timer) {
        case .due:
          state.moment = nil
          events.append(.due)
        case .clockWasSet: state.clockWasSet = true
        case .nothing: break
        }
        if state.clockWasSet {
          state.clockWasSet = false
          events.insert(.clockChanged, at: 0)
        }
        return state.isClosed
      }
      if isClosed { return }
      for event in events { onEvent(event) }
    }
  }
}
