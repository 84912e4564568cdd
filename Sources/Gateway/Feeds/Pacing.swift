public import Model

/// When a quote of a replay is due on the clock of this machine.
public struct Pacing: Sendable, Equatable {
  /// The time of the first quote that is played.
  public let first: Timestamp
  /// The moment at which that quote was due.
  public let begin: Timestamp
  public let speed: Double

  public init(first: Timestamp, begin: Timestamp, speed: Double) {
    self.first = first
    self.begin = begin
    self.speed = speed
  }

  /// The moment at which a quote is due; past ones are due at once.
  public func due(_ time: Timestamp) -> Timestamp {
    let elapsed = Double(time.nanoseconds &- first.nanoseconds) / speed
    return begin.advanced(nanoseconds: Int64(exactly: elapsed.rounded()) ?? .max)
  }
}
