import Model

/// How long stored candles are kept, by how long they are: shorter ones, which are many, for a shorter time.
public struct CandleRetention: Hashable, Sendable {
  /// Of candles below a minute, in seconds.
  public var secondsKept: Int64
  /// From a minute to below an hour.
  public var minutesKept: Int64
  /// From an hour on.
  public var hoursKept: Int64
  /// What the file's used pages may take; beyond it all ages are halved until they do not.
  public var bytesMax: Int64

  public init(secondsKept: Int64, minutesKept: Int64, hoursKept: Int64, bytesMax: Int64) {
    self.secondsKept = secondsKept
    self.minutesKept = minutesKept
    self.hoursKept = hoursKept
    self.bytesMax = bytesMax
  }

  /// The age in seconds that a candle may have.
  func age(_ granularity: Granularity) -> Int64 {
    switch granularity.seconds {
    case ..<60: secondsKept
    case ..<3_600: minutesKept
    default: hoursKept
    }
  }
}
