import Model

/// The clock that schedules see: the time of day, or a rehearsal's.
///
/// A value that turns moments of the one into moments of the other. Slots, their records and what people are told of
/// them are in **schedule time**; the timer waits in **wall time**. Without a rehearsal both are the same.
struct ScheduleClock: Hashable, Sendable {
  let rehearsal: Rehearsal?
  /// The wall time at which a rehearsal began.
  private let began: Timestamp

  /// The time of day.
  static let wall = ScheduleClock(rehearsing: nil, at: Timestamp(nanoseconds: 0))

  /// - Parameters:
  ///   - rehearsal: nil: the time of day.
  ///   - wall: the wall time at this moment.
  init(rehearsing rehearsal: Rehearsal?, at wall: Timestamp) {
    self.rehearsal = rehearsal
    began = wall
  }

  /// What schedules see when the wall clock shows that.
  func time(at wall: Timestamp) -> Timestamp {
    guard let rehearsal else { return wall }
    let real = Self.difference(wall, began)
    let (passed, overflow) = real.multipliedReportingOverflow(by: rehearsal.rate)
    return rehearsal.from.advanced(nanoseconds: overflow ? (real > 0 ? .max : .min) : passed)
  }

  /// When the wall clock has come so far that schedules see at least that.
  func wall(at time: Timestamp) -> Timestamp {
    guard let rehearsal else { return time }
    let ahead = Self.difference(time, rehearsal.from)
    // Upwards: a nanosecond too early, and who wakes would find that nothing is due yet.
    let (whole, rest) = ahead.quotientAndRemainder(dividingBy: rehearsal.rate)
    return began.advanced(nanoseconds: rest > 0 ? whole + 1 : whole)
  }

  /// How long a piece of schedule time takes in real nanoseconds.
  func real(_ nanoseconds: Int64) -> Int64 { nanoseconds / (rehearsal?.rate ?? 1) }

  /// What schedules see now.
  var now: Timestamp { time(at: WallClock.now) }

  private static func difference(_ later: Timestamp, _ earlier: Timestamp) -> Int64 {
    let (value, overflow) = later.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    return overflow ? (later > earlier ? .max : .min) : value
  }
}
