/// Token buckets by key (a user, an address): so many requests at once, then so many a second. A value; its time is the
/// caller's.
public struct RequestBudget: Sendable {
  private struct Bucket {
    var tokens: Double
    var filled: Int64
  }

  private let capacity: Double
  private let perSecond: Double
  private let keysMax: Int
  private var buckets: [String: Bucket] = [:]

  /// - Parameters:
  ///   - capacity: how many may come at once.
  ///   - perSecond: how many come back each second.
  ///   - keysMax: how many keys are remembered; beyond that those that are full again are forgotten, and where none
  ///     is, newcomers share one bucket, so that a flood of addresses costs no memory.
  public init(capacity: Int, perSecond: Double, keysMax: Int = 10_000) {
    self.capacity = Double(capacity)
    self.perSecond = perSecond
    self.keysMax = keysMax
  }

  /// Takes one for `key`.
  ///
  /// - Parameter now: milliseconds of a clock that never goes back.
  /// - Returns: nil when there was one, else in how many seconds (rounded up) there will be.
  public mutating func take(_ key: String, now: Int64) -> Int64? {
    let key = buckets[key] != nil || makeRoom(now) ? key : ""
    var bucket = buckets[key] ?? Bucket(tokens: capacity, filled: now)
    fill(&bucket, now)
    defer { buckets[key] = bucket }
    guard bucket.tokens >= 1 else { return Int64(((1 - bucket.tokens) / perSecond).rounded(.up)) }
    bucket.tokens -= 1
    return nil
  }

  /// Gives back what `take` took: the request was one that does not count.
  public mutating func giveBack(_ key: String) {
    guard var bucket = buckets[key] else { return }
    bucket.tokens = min(capacity, bucket.tokens + 1)
    buckets[key] = bucket
  }

  private func fill(_ bucket: inout Bucket, _ now: Int64) {
    guard now > bucket.filled else { return }
    bucket.tokens = min(capacity, bucket.tokens + Double(now - bucket.filled) / 1_000 * perSecond)
    bucket.filled = now
  }

  private mutating func makeRoom(_ now: Int64) -> Bool {
    guard buckets.count >= keysMax else { return true }
    buckets = buckets.filter { key, bucket in
      var bucket = bucket
      fill(&bucket, now)
      return bucket.tokens < capacity
    }
    return buckets.count < keysMax
  }
}
