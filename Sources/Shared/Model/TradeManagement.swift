/// A stop loss that follows the market at a multiple of the average true range: far in a wild market, near in a calm
/// one.
public struct RangeTrail: Hashable, Sendable {
  /// Of the candles that the range is taken from.
  public var granularity: Granularity
  /// How many complete candles' true ranges are averaged, 1 to ``periodMax``.
  public var period: Int
  /// How many average true ranges the stop loss stays behind.
  public var multiplier: Amount

  public static let periodMax = 100
  /// The largest multiplier.
  public static let multiplierMax = Amount(100)

  public init(granularity: Granularity, period: Int = 14, multiplier: Amount) {
    self.granularity = granularity
    self.period = period
    self.multiplier = multiplier
  }
}

/// When a trade's take profit is given up because the market runs its way, and its stop loss follows the market instead.
public struct MomentumRule: Hashable, Sendable {
  /// Of the candles that are looked at when they complete.
  public var granularity: Granularity
  /// Over how many complete candles the move is measured, 1 to ``candlesMax``.
  public var candles: Int
  /// How much of the way from the entry price to the take profit the closes must have moved, more than 0.
  public var share: Amount
  /// How far behind the market the stop loss is from then on; nil: as the trade's `trail` or `rangeTrail` says.
  public var trail: Amount?

  public static let candlesMax = 100
  public static let shareMax = Amount(10)

  public init(granularity: Granularity, candles: Int, share: Amount, trail: Amount? = nil) {
    self.granularity = granularity
    self.candles = candles
    self.share = share
    self.trail = trail
  }
}

extension RangeTrail: CustomStringConvertible {
  /// `M1,14,2.5`
  public var description: String { "\(granularity.rawValue),\(period),\(multiplier)" }

  /// Reads that text; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 3, let granularity = Granularity(rawValue: String(parts[0])),
      let period = Int(parts[1]), let multiplier = Amount(parts[2])
    else { return nil }
    self.init(granularity: granularity, period: period, multiplier: multiplier)
  }
}

extension MomentumRule: CustomStringConvertible {
  /// `M1,5,0.5,0.001`, the last one `-` where it is nil.
  public var description: String {
    "\(granularity.rawValue),\(candles),\(share),\(trail.map(\.description) ?? "-")"
  }

  /// Reads that text; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 4, let granularity = Granularity(rawValue: String(parts[0])),
      let candles = Int(parts[1]), let share = Amount(parts[2])
    else { return nil }
    let trail = Amount(parts[3])
    guard trail != nil || parts[3] == "-" else { return nil }
    self.init(granularity: granularity, candles: candles, share: share, trail: trail)
  }
}
