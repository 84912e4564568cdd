import Glibc
import Model

/// The time of day.
enum WallClock {
  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}

/// The last way to say something: standard error, which the supervisor keeps too.
public enum Terminal {
  public static func say(_ message: String) {
    let line = Array("rbot-gateway: \(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }
}
