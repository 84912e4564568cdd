import Glibc

/// The clock that neither jumps nor knows the date: for timeouts, backoff and measurements.
public enum MonotonicClock {
  /// Nanoseconds since some moment before the start; never goes back.
  public static var nanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The same in whole milliseconds.
  public static var milliseconds: UInt64 { nanoseconds / 1_000_000 }
}
