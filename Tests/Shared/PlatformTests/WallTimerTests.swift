import Glibc
import Synchronization
import Testing

@testable import Platform

/// What a timer said, in order, with the time of day at which it did.
private final class Heard: Sendable {
  let events = Mutex<[(event: WallTimer.Event, at: Int64)]>([])

  func callAsFunction(_ event: WallTimer.Event) { events.withLock { $0.append((event, dayTime())) } }

  var all: [WallTimer.Event] { events.withLock { $0.map(\.event) } }

  /// Waits until there are that many; what there is after five seconds.
  func first(_ count: Int) -> [(event: WallTimer.Event, at: Int64)] {
    for _ in 0..<5_000 where events.withLock({ $0.count < count }) { usleep(1_000) }
    return events.withLock { $0 }
  }
}

private func dayTime() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

private let millisecond: Int64 = 1_000_000

@Suite("A timer on the clock of the day")
struct WallTimerTests {
  @Test("It is due at its moment, never before, and once")
  func due() throws {
    let heard = Heard()
    let timer = try WallTimer { heard($0) }
    let moment = dayTime() + 30 * millisecond
    timer.arm(at: moment)
    #expect(timer.moment == moment)
    let events = heard.first(1)
    #expect(events.map(\.event) == [.due])
    #expect(events.allSatisfy { $0.at >= moment })
    #expect(timer.moment == nil)
    usleep(50_000)
    #expect(heard.all == [.due])
  }

  @Test("A moment that has passed is due at once, however long ago")
  func past() throws {
    let heard = Heard()
    let timer = try WallTimer { heard($0) }
    for (index, moment) in [dayTime() - 1, 0, -5, Int64.min].enumerated() {
      timer.arm(at: moment)
      #expect(heard.first(index + 1).count == index + 1)
    }
  }

  @Test("The last moment that is given counts, be it earlier or later")
  func rearm() throws {
    let heard = Heard()
    let timer = try WallTimer { heard($0) }
    timer.arm(at: dayTime() + 3_600_000 * millisecond)
    let earlier = dayTime() + 20 * millisecond
    timer.arm(at: earlier)
    #expect(heard.first(1).allSatisfy { $0.at >= earlier })

    timer.arm(at: dayTime() + 40 * millisecond)
    let later = dayTime() + 120 * millisecond
    timer.arm(at: later)
    let events = heard.first(2)
    #expect(events.count == 2)
    #expect(events.last.map { $0.at >= later } == true)
  }

  @Test("One that is disarmed stays silent")
  func disarm() throws {
    let heard = Heard()
    let timer = try WallTimer { heard($0) }
    timer.arm(at: dayTime() + 30 * millisecond)
    timer.arm(at: nil)
    #expect(timer.moment == nil)
    usleep(80_000)
    #expect(heard.all.isEmpty)
  }

  @Test("A set clock is told to who waits, and what is armed stays armed")
  func clockSet() throws {
    let heard = Heard()
    let isSet = Mutex(false)
    let kernel = WallTimer.Calls()
    var calls = kernel
    // As the kernel says it: the timer is readable, and what is read is that it was cancelled.
    calls.take = { timer in
      let taken = kernel.take(timer)
      return isSet.withLock { isSet in
        guard isSet, taken == .due else { return taken }
        isSet = false
        return .clockWasSet
      }
    }
    let timer = try WallTimer(calls: calls) { heard($0) }
    isSet.withLock { $0 = true }
    timer.arm(at: dayTime())
    #expect(heard.first(1).map(\.event) == [.clockChanged])
    #expect(timer.moment != nil)
    timer.arm(at: dayTime() + 5 * millisecond)
    #expect(heard.first(2).map(\.event) == [.clockChanged, .due])
  }

  @Test("A set clock that only who arms is told of is passed on, and the timer is armed")
  func clockSetWhileArming() throws {
    let heard = Heard()
    let kernel = WallTimer.Calls()
    var calls = kernel
    calls.set = { timer, moment in
      let code = kernel.set(timer, moment)
      return moment == 0 ? code : ECANCELED
    }
    let timer = try WallTimer(calls: calls) { heard($0) }
    timer.arm(at: dayTime() + 20 * millisecond)
    #expect(heard.first(2).map(\.event) == [.clockChanged, .due])
  }

  @Test("One that is gone says nothing more, and leaves no thread and no descriptor behind")
  func gone() throws {
    let heard = Heard()
    let before = try #require(ProcessStatistics.readOwn())
    for _ in 0..<100 {
      let timer = try WallTimer { heard($0) }
      timer.arm(at: dayTime() + 20 * millisecond)
      withExtendedLifetime(timer) {}
    }
    var now = ProcessStatistics.readOwn()
    for _ in 0..<2_000 where (now?.threads ?? 0) > before.threads + 20 {
      usleep(1_000)
      now = ProcessStatistics.readOwn()
    }
    #expect((now?.threads ?? 0) <= before.threads + 20)
    #expect((now?.files ?? 0) <= (before.files ?? 0) + 40)
    usleep(40_000)
    #expect(heard.all.isEmpty)
  }
}
