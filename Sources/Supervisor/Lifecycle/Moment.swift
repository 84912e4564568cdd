/// A point on a monotonic clock, in nanoseconds since some fixed start; the wall clock's jumps don't move it.
public struct Moment: Hashable, Comparable, Sendable {
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

  /// The moment `duration` later; the last one there is rather than an overflow.
  public static func + (moment: Moment, duration: Duration) -> Moment {
    let (sum, overflow) = moment.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
    return Moment(nanoseconds: overflow ? .max : sum)
  }

  /// The moment `duration` before.
  public static func - (moment: Moment, duration: Duration) -> Moment {
    let (rest, overflow) = moment.nanoseconds.subtractingReportingOverflow(duration.wholeNanoseconds)
    return Moment(nanoseconds: overflow ? .min : rest)
  }

  /// How long after `earlier` this is.
  public static func - (later: Moment, earlier: Moment) -> Duration {
    .nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }
}

extension Duration {
  /// This duration in nanoseconds, at most what 64 bits hold.
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (seconds < 0 ? .min : .max) : scaled &+ attoseconds / 1_000_000_000
  }

  /// As a person writes it: `30 s`, `200 ms`.
  var words: String {
    let milliseconds = wholeNanoseconds / 1_000_000
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }
}
