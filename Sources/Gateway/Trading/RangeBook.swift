import Model

/// The latest complete candles of each instrument and granularity, as far as trades are looked after by them.
struct RangeBook: Sendable {
  /// What is kept of a candle.
  struct Bar: Sendable {
    let high: Price
    let low: Price
    let close: Price
  }

  /// One more than the longest look back, whose first candle gives the close before.
  static let kept = max(RangeTrail.periodMax, MomentumRule.candlesMax) + 1

  private static let granularities = Granularity.allCases

  /// The bars of one instrument and granularity, oldest first from `first` on.
  private struct Series: Sendable {
    var bars: [Bar] = []
    var first = 0

    mutating func add(_ bar: Bar) {
      bars.append(bar)
      if bars.count - first > RangeBook.kept { first += 1 }
      if first > RangeBook.kept {
        bars.removeFirst(first)
        first = 0
      }
    }

    /// The latest `count`, oldest first; nil while there are fewer.
    func last(_ count: Int) -> ArraySlice<Bar>? {
      bars.count - first >= count ? bars[(bars.count - count)...] : nil
    }
  }

  /// By the board's position, then by granularity.
  private var series: [[Series]]
  /// By the board's position, a bit for each granularity that a trade is looked after by.
  private var watched: [UInt16]

  init(instruments: Int) {
    series = Array(
      repeating: Array(repeating: Series(), count: Self.granularities.count), count: instruments)
    watched = Array(repeating: 0, count: instruments)
  }

  private static func index(_ granularity: Granularity) -> Int {
    granularities.firstIndex(of: granularity) ?? 0
  }

  mutating func add(_ candle: Candle, at position: Int) {
    series[position][Self.index(candle.granularity)]
      .add(Bar(high: candle.high, low: candle.low, close: candle.close))
  }

  func isWatched(_ granularity: Granularity, at position: Int) -> Bool {
    watched[position] & (1 << Self.index(granularity)) != 0
  }

  mutating func watch(_ granularity: Granularity, at position: Int, _ isWatched: Bool = true) {
    let bit: UInt16 = 1 << Self.index(granularity)
    if isWatched { watched[position] |= bit } else { watched[position] &= ~bit }
  }

  /// The mean of the true ranges of the last `period` candles: of each the largest of high − low, and of the distances
  /// of both from the close before. Nil while there are not that many and one before them.
  func averageRange(_ granularity: Granularity, period: Int, at position: Int) -> Amount? {
    guard let bars = series[position][Self.index(granularity)].last(period + 1) else { return nil }
    var sum = Amount.zero
    for (before, bar) in zip(bars, bars.dropFirst()) {
      let range = max(bar.high, before.close) - min(bar.low, before.close)
      sum = Cash.sum(sum, range)
    }
    return sum.divided(by: Amount(period))
  }

  /// By how much the close has moved over the last `candles`; nil while there are not that many and one before them.
  func move(_ granularity: Granularity, candles: Int, at position: Int) -> Amount? {
    guard let bars = series[position][Self.index(granularity)].last(candles + 1), let first = bars.first,
      let last = bars.last
    else { return nil }
    return last.close - first.close
  }
}
