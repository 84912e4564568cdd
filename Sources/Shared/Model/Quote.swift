/// The best bid and ask of an instrument at one moment.
public struct Quote: Hashable, Sendable {
  /// Rises by one with every quote of the feed, whatever its instrument.
  public let sequence: Int64
  public let instrument: String
  public let bid: Price
  public let ask: Price
  public let time: Timestamp
  /// Units that can be sold at the bid and bought at the ask; nil where the feed does not say.
  public let bidSize: Quantity?
  public let askSize: Quantity?

  public init(
    sequence: Int64, instrument: String, bid: Price, ask: Price, time: Timestamp, bidSize: Quantity? = nil,
    askSize: Quantity? = nil
  ) {
    self.sequence = sequence
    self.instrument = instrument
    self.bid = bid
    self.ask = ask
    self.time = time
    self.bidSize = bidSize
    self.askSize = askSize
  }

  /// Halfway between bid and ask.
  public var mid: Price { Amount(raw: (bid.raw + ask.raw) / 2) }

  /// The price at which a market order of that side trades.
  public func price(for side: Side) -> Price { side == .buy ? ask : bid }
}

/// Open, high, low and close of the mid price over one interval.
public struct Candle: Hashable, Sendable {
  public let instrument: String
  public let granularity: Granularity
  /// The start of the interval.
  public let start: Timestamp
  public var open: Price
  public var high: Price
  public var low: Price
  public var close: Price
  /// How many quotes made it.
  public var volume: Int
  /// Whether the interval is over.
  public var isComplete: Bool

  public init(
    instrument: String, granularity: Granularity, start: Timestamp, open: Price, high: Price, low: Price,
    close: Price, volume: Int, isComplete: Bool
  ) {
    self.instrument = instrument
    self.granularity = granularity
    self.start = start
    self.open = open
    self.high = high
    self.low = low
    self.close = close
    self.volume = volume
    self.isComplete = isComplete
  }
}

/// The length of a candle.
public enum Granularity: String, CaseIterable, Sendable {
  case s1 = "S1"
  case s5 = "S5"
  case s10 = "S10"
  case s15 = "S15"
  case s30 = "S30"
  case m1 = "M1"
  case m5 = "M5"
  case m15 = "M15"
  case m30 = "M30"
  case h1 = "H1"
  case h4 = "H4"
  case d = "D"

  public var seconds: Int64 {
    switch self {
    case .s1: 1
    case .s5: 5
    case .s10: 10
    case .s15: 15
    case .s30: 30
    case .m1: 60
    case .m5: 300
    case .m15: 900
    case .m30: 1_800
    case .h1: 3_600
    case .h4: 14_400
    case .d: 86_400
    }
  }

  /// The start of the interval that holds `time`; intervals are counted from midnight UTC.
  public func start(of time: Timestamp) -> Timestamp {
    let length = seconds * 1_000_000_000
    return Timestamp(nanoseconds: time.nanoseconds.flooredDivision(by: length).quotient * length)
  }
}
