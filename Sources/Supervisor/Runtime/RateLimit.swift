import Lifecycle

/// A bucket of bytes that fills at a rate and holds one second of it, unless it is made smaller.
struct RateLimit: Sendable {
  private var bytesPerSecond: Double
  private var bytesMax: Double
  private var tokens: Double
  private var filled = Moment(nanoseconds: 0)
  /// Lines that found it empty since the last time that somebody asked.
  private(set) var dropped = 0
  private(set) var droppedInAll = 0

  /// Nil: no limit.
  init(bytesPerSecond: UInt64?, burstBytes: UInt64? = nil) {
    self.bytesPerSecond = bytesPerSecond.map { Double($0) } ?? .infinity
    bytesMax = burstBytes.map { Double($0) } ?? self.bytesPerSecond
    tokens = bytesMax
  }

  /// Another rate from now on; what was dropped stays counted.
  mutating func change(bytesPerSecond: UInt64?) {
    self.bytesPerSecond = bytesPerSecond.map { Double($0) } ?? .infinity
    bytesMax = self.bytesPerSecond
    tokens = bytesMax
  }

  /// Whether bytes may pass.
  mutating func admit(_ bytes: Int, now: Moment) -> Bool {
    guard hasRoom(now: now) else { return false }
    // One line may overdraw, so that a limit smaller than a line still lets lines through now and then.
    tokens -= Double(bytes)
    return true
  }

  private mutating func hasRoom(now: Moment) -> Bool {
    guard bytesPerSecond.isFinite else { return true }
    let passed = Double(now.nanoseconds - filled.nanoseconds) / 1e9
    tokens = min(bytesMax, tokens + max(0, passed) * bytesPerSecond)
    filled = now
    return tokens >= 1
  }

  /// Counts lines that may not pass.
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

/// What all of them together may say: beyond it only those are heard who say little.
struct OutputLimit: Sendable {
  /// Output of all workers together that is kept, in bytes a second.
  static let bytesPerSecond: UInt64 = 64 << 20
  /// What each may say however much the others do.
  static let shareBytesPerSecond: UInt64 = 64 << 10

  /// At once, however long it was quiet before: the disk takes no second's worth in a moment.
  static let burstBytes: UInt64 = 8 << 20

  private var all = RateLimit(bytesPerSecond: bytesPerSecond, burstBytes: burstBytes)
  private var shares: [String: RateLimit] = [:]

  mutating func admit(_ bytes: Int, from name: String, now: Moment) -> Bool {
    if all.admit(bytes, now: now) { return true }
    return shares[name, default: RateLimit(bytesPerSecond: Self.shareBytesPerSecond)].admit(bytes, now: now)
  }

  mutating func forget(_ name: String) { shares[name] = nil }
}
