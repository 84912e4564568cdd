/// So many at once, and then so many a second; the time is the caller's.
struct TokenBucket {
  /// The most that may come at once.
  let capacity: Double
  /// How many come back in a second.
  let perSecond: Double
  private var tokens: Double
  private var filled: UInt64

  /// - Parameter now: milliseconds of a clock that never goes back.
  init(capacity: Int, perSecond: Int, now: UInt64) {
    self.capacity = Double(capacity)
    self.perSecond = Double(perSecond)
    tokens = Double(capacity)
    filled = now
  }

  /// Takes one if there is one.
  mutating func take(now: UInt64) -> Bool {
    fill(now)
    guard tokens >= 1 else { return false }
    tokens -= 1
    return true
  }

  /// When there will be one.
  mutating func next(now: UInt64) -> UInt64 {
    fill(now)
    return tokens >= 1 ? now : now + UInt64(((1 - tokens) / perSecond * 1000).rounded(.up))
  }

  private mutating func fill(_ now: UInt64) {
    guard now > filled else { return }
    tokens = min(capacity, tokens + Double(now - filled) / 1000 * perSecond)
    filled = now
  }
}
