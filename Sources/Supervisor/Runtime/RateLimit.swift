import Lifecycle

/// A bucket of bytes that fills at a rate and holds one second of it.
struct RateLimit: Sendable {
  private let bytesPerSecond: Double
  private var tokens: Double
  private var filled = Moment(nanoseconds: 0)
  /// Lines that found it empty since the last time that somebody asked.
  private(set) var dropped = 0
  private(set) var droppedInAll = 0

  /// Nil: no limit.
  init(bytesPerSecond: UInt64?) {
    self.bytesPerSecond = bytesPerSecond.map { Double($0) } ?? .infinity
    tokens = self.bytesPerSecond
  }

  /// Whether a line of that many bytes may pass; counts it when not.
  mutating func admit(_ bytes: Int, now: Moment) -> Bool {
    guard bytesPerSecond.isFinite else { return true }
    let passed = Double(now.nanoseconds - filled.nanoseconds) / 1e9
    tokens = min(bytesPerSecond, tokens + max(0, passed) * bytesPerSecond)
    filled = now
    guard tokens >= 1 else {
      drop(1)
      return false
    }
    // One line may overdraw, so that a limit smaller than a line still lets lines through now and then.
    tokens -= Double(bytes)
    return true
  }

  mutating func drop(_ lines: Int) {
    dropped += lines
    droppedInAll += lines
  }

  /// How many were dropped since the last call.
  mutating func takeDropped() -> Int {
    defer { dropped = 0 }
    return dropped
  }
}
