/// Holds a tree to a number of tasks without counting them at each new one. A pure value.
///
/// The estimate only grows, by one for each task that was admitted, until it reaches the bound; then the tree is
/// counted again, but not more often than the counting may cost: in between the answer is no.
struct TaskLedger {
  /// The bound.
  let max: Int
  private var estimate = 1
  private var admitted = 0
  private var latest: [UInt64] = []
  private var countAfter: UInt64 = 0

  /// Milliseconds that an admitted task may take to appear, on a machine that is busy.
  static let flight: UInt64 = 50
  /// Counting may take this part of the time, at most.
  static let share: UInt64 = 10

  init(max: Int) { self.max = max }

  /// Whether the tree has to be counted before ``admit(now:)``.
  func wantsCount(now: UInt64) -> Bool { estimate >= max && now >= countAfter }

  /// Takes in a count.
  ///
  /// - Parameters:
  ///   - own: tasks that are the tree's for certain, its zombies included.
  ///   - unclaimed: those that hide whose they are. They count against everybody, as one of them did it, but
  ///     against none further than it was ever admitted tasks: who forks little is not made to suffer.
  ///   - took: milliseconds that it took.
  mutating func counted(own: Int, unclaimed: Int, took: UInt64, now: UInt64) {
    latest.removeAll { $0 + Self.flight <= now }
    estimate = Swift.max(own, min(own + unclaimed + latest.count, 1 + admitted))
    countAfter = now + Swift.max(took * Self.share, Self.share)
  }

  /// Whether one more may be.
  mutating func admit(now: UInt64) -> Bool {
    guard estimate < max else { return false }
    estimate += 1
    admitted += 1
    if latest.count >= max { latest.removeFirst() }
    latest.append(now)
    return true
  }
}
