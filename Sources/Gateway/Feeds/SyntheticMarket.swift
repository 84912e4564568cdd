public import Model

/// A made-up market: a seeded random walk for five instruments, about four quotes a second each.
///
/// The walk has what strategies live on: spells of high and of low volatility, drifts that come and go, and a
/// pull back to where it began. Everything is whole numbers, so a seed gives the same market on every machine.
public struct SyntheticMarket: QuoteSource, Sendable {
  public private(set) var seed: UInt64
  private var walks: [SyntheticWalk]
  private var sequence: Int64

  public static let instruments: [Instrument] = SyntheticWalk.profiles.compactMap { profile in
    Instrument.conventional(profile.name)
  }

  /// A market that begins at `start`, or goes on where `state` was taken.
  ///
  /// - Parameters:
  ///   - start: The time of the first quotes.
  ///   - sequence: The sequence number of the last quote before.
  ///   - state: What ``state`` gave; ignored when it is of another seed or cannot be read.
  public init(seed: UInt64, start: Timestamp, sequence: Int64 = 0, restoring state: String? = nil) {
    self.seed = seed
    self.sequence = sequence
    walks = SyntheticWalk.profiles.enumerated().map { index, profile in
      SyntheticWalk(profile, seed: seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15, start: start)
    }
    if let state { restore(state) }
  }

  public mutating func fill(_ batch: inout QuoteBatch, limit: Int) {
    for _ in 0..<limit { batch.quotes.append(next()) }
  }

  /// The next quote, by time.
  public mutating func next() -> Quote {
    var first = 0
    for index in walks.indices.dropFirst() where walks[index].due < walks[first].due { first = index }
    sequence += 1
    return walks[first].step(sequence: sequence)
  }

  /// The time of the quote that ``next()`` will give.
  public var nextTime: Timestamp {
    walks.reduce(Timestamp(nanoseconds: .max)) { earliest, walk in min(earliest, walk.due) }
  }

  /// Leaves out the time until `time`: after the machine slept nobody wants hours of quotes at once.
  public mutating func jump(to time: Timestamp) {
    for index in walks.indices where walks[index].due < time { walks[index].due = time }
  }

  /// The walk as text, from which a restarted gateway goes on without a jump of the prices.
  public var state: String {
    "\(seed)" + walks.map { ";" + $0.state }.joined()
  }

  private mutating func restore(_ state: String) {
    let parts = state.split(separator: ";", omittingEmptySubsequences: false)
    guard parts.count == walks.count + 1, parts[0] == "\(seed)" else { return }
    var restored = walks
    for index in restored.indices {
      guard restored[index].restore(parts[index + 1]) else { return }
    }
    walks = restored
  }
}
