/// Counts wrong tries of one secret, and locks it for a while after too many. A value: its time is the caller's, and it
/// is stored, so that a restart unlocks nothing.
struct AttemptGuard: Hashable, Sendable {
  static let triesMax = 5
  static let lockSeconds: Int64 = 15 * 60

  /// Wrong tries since the last right one, or since the last lock ended.
  private(set) var wrong: Int
  /// Seconds since 1970; 0: never was.
  private(set) var lockedUntil: Int64

  init(wrong: Int = 0, lockedUntil: Int64 = 0) {
    self.wrong = wrong
    self.lockedUntil = lockedUntil
  }

  /// For how many more seconds nothing is even looked at; nil: it may be tried.
  func remaining(now: Int64) -> Int64? {
    guard now < lockedUntil else { return nil }
    // A clock that was set back must not lock for longer than a lock takes.
    return min(lockedUntil - now, Self.lockSeconds)
  }

  /// How many tries are left before the lock.
  var triesLeft: Int { Self.triesMax - wrong }

  mutating func succeeded() { self = AttemptGuard() }

  mutating func failed(now: Int64) {
    wrong += 1
    guard wrong >= Self.triesMax else { return }
    self = AttemptGuard(wrong: 0, lockedUntil: now + Self.lockSeconds)
  }
}
