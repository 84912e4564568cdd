/// Counts durations by size, in buckets that grow by about three.
public struct DurationHistogram: Hashable, Sendable {
  /// The upper bounds of all buckets but the last, in microseconds.
  public static let bounds: [UInt64] = [
    100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000,
  ]

  /// How many are in each bucket, the last one without a bound included.
  public private(set) var counts = [UInt64](repeating: 0, count: Self.bounds.count + 1)
  public private(set) var count: UInt64 = 0
  /// The sum of all.
  public private(set) var microseconds: UInt64 = 0

  public init() {}

  /// Counts one.
  public mutating func add(microseconds time: UInt64) {
    let index = Self.bounds.firstIndex { time <= $0 } ?? Self.bounds.count
    counts[index] += 1
    count += 1
    microseconds += time
  }

  /// Counts one.
  public mutating func add(_ time: Duration) {
    let (seconds, attoseconds) = time.components
    add(microseconds: UInt64(max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)))
  }
}
