public import Model

/// The candles of every instrument and granularity, built from quotes.
///
/// A quote touches only the forming candle of one second. When that is over it is merged into the next longer
/// ones, and so on upward; so a quote costs the same however many granularities there are.
public struct CandleBook: Sendable {
  /// How many complete candles of each kind are kept.
  public static let kept = 500

  private var series: [String: CandleSeries] = [:]

  public init() {}

  /// Takes a quote in and appends the candles that it completed, shorter ones first.
  public mutating func add(_ quote: Quote, completed: inout [Candle]) {
    series[quote.instrument, default: CandleSeries(instrument: quote.instrument)]
      .add(quote.mid, at: quote.time, completed: &completed)
  }

  /// Takes complete candles in that were stored before a restart, each granularity's oldest first; what was forming
  /// then is put together again from the shorter ones.
  public mutating func restore(_ instrument: String, _ stored: [Granularity: [Candle]]) {
    series[instrument] = CandleSeries(instrument: instrument, restoring: stored)
  }

  /// The last `count` candles, oldest first; the last is the forming one where there is one.
  public func candles(_ instrument: String, _ granularity: Granularity, count: Int) -> [Candle] {
    series[instrument]?.last(granularity, count: count) ?? []
  }
}

/// The candles of one instrument.
struct CandleSeries: Sendable {
  /// One candle without what all of a series share.
  struct Bar: Sendable {
    var start: Timestamp
    var open: Price
    var high: Price
    var low: Price
    var close: Price
    var volume: Int

    init(_ candle: Candle) {
      start = candle.start
      open = candle.open
      high = candle.high
      low = candle.low
      close = candle.close
      volume = candle.volume
    }

    init(start: Timestamp, price: Price) {
      self.start = start
      open = price
      high = price
      low = price
      close = price
      volume = 1
    }

    mutating func add(_ price: Price) {
      if price > high { high = price }
      if price < low { low = price }
      close = price
      volume += 1
    }

    mutating func merge(_ later: Bar) {
      high = max(high, later.high)
      low = min(low, later.low)
      close = later.close
      volume += later.volume
    }
  }

  /// One granularity: its forming bar, and the last complete ones.
  struct Level: Sendable {
    var forming: Bar?
    var ring: [Bar] = []
    /// Where the oldest is once the ring is full.
    var oldest = 0

    mutating func keep(_ bar: Bar) {
      if ring.count < CandleBook.kept {
        ring.append(bar)
      } else {
        ring[oldest] = bar
        oldest = (oldest + 1) % CandleBook.kept
      }
    }
  }

  private static let granularities = Granularity.allCases
  /// Which level a level's complete bars are merged into: 15 seconds are made of 5, not of 10.
  private static let parents: [[Int]] = granularities.map { granularity in
    let above: [Granularity] =
      switch granularity {
      case .s1: [.s5]
      case .s5: [.s10, .s15]
      case .s10: []
      case .s15: [.s30]
      case .s30: [.m1]
      case .m1: [.m5]
      case .m5: [.m15]
      case .m15: [.m30]
      case .m30: [.h1]
      case .h1: [.h4]
      case .h4: [.d]
      case .d: []
      }
    return above.compactMap { granularities.firstIndex(of: $0) }
  }

  private let instrument: String
  private var levels = Array(repeating: Level(), count: granularities.count)
  /// The forming second ends here.
  private var secondEnd = Timestamp(nanoseconds: .min)

  init(instrument: String) { self.instrument = instrument }

  init(instrument: String, restoring stored: [Granularity: [Candle]]) {
    self.instrument = instrument
    for (index, granularity) in Self.granularities.enumerated() {
      for candle in stored[granularity] ?? [] {
        levels[index].keep(Bar(candle))
        secondEnd = max(secondEnd, candle.start.advanced(seconds: granularity.seconds))
      }
    }
    for (index, granularity) in Self.granularities.enumerated() {
      guard let below = Self.parents.firstIndex(where: { $0.contains(index) }),
        let parts = stored[Self.granularities[below]], let last = parts.last
      else { continue }
      let whole = stored[granularity]?.last?.start.advanced(seconds: granularity.seconds)
      let start = max(granularity.start(of: last.start), whole ?? Timestamp(nanoseconds: .min))
      for part in parts where part.start >= start { mergeUp(Bar(part), into: index) }
    }
  }

  mutating func add(_ price: Price, at time: Timestamp, completed: inout [Candle]) {
    let isSameSecond = time < secondEnd && time >= secondEnd.advanced(seconds: -1)
    if isSameSecond {
      levels[0].forming?.add(price)
      return
    }
    if time < secondEnd {
      // A replay that starts over: what is forming belongs to another time.
      for index in levels.indices { levels[index].forming = nil }
    } else {
      finish(before: time, &completed)
    }
    let start = Granularity.s1.start(of: time)
    levels[0].forming = Bar(start: start, price: price)
    secondEnd = start.advanced(seconds: 1)
  }

  /// Completes every forming bar that ended by `time`. Levels are in the order of their length, so a bar has
  /// everything from below when it is its turn.
  private mutating func finish(before time: Timestamp, _ completed: inout [Candle]) {
    for index in levels.indices {
      let granularity = Self.granularities[index]
      guard let bar = levels[index].forming,
        time >= bar.start.advanced(seconds: granularity.seconds)
      else { continue }
      levels[index].forming = nil
      levels[index].keep(bar)
      completed.append(candle(bar, granularity, isComplete: true))
      for parent in Self.parents[index] { mergeUp(bar, into: parent) }
    }
  }

  private mutating func mergeUp(_ bar: Bar, into index: Int) {
    if levels[index].forming == nil {
      var first = bar
      first.start = Self.granularities[index].start(of: bar.start)
      levels[index].forming = first
    } else {
      levels[index].forming?.merge(bar)
    }
  }

  func last(_ granularity: Granularity, count: Int) -> [Candle] {
    guard let index = Self.granularities.firstIndex(of: granularity), count > 0 else { return [] }
    let level = levels[index]
    var candles = (0..<level.ring.count).map { offset in
      candle(level.ring[(level.oldest + offset) % level.ring.count], granularity, isComplete: true)
    }
    if let bar = forming(index) { candles.append(candle(bar, granularity, isComplete: false)) }
    return Array(candles.suffix(count))
  }

  /// What is forming at a level: its own part and what is still forming below it.
  private func forming(_ index: Int) -> Bar? {
    guard let below = Self.parents.firstIndex(where: { $0.contains(index) }) else {
      return levels[index].forming
    }
    guard let part = forming(below) else { return levels[index].forming }
    guard var bar = levels[index].forming else {
      var first = part
      first.start = Self.granularities[index].start(of: part.start)
      return first
    }
    bar.merge(part)
    return bar
  }

  private func candle(_ bar: Bar, _ granularity: Granularity, isComplete: Bool) -> Candle {
    Candle(
      instrument: instrument, granularity: granularity, start: bar.start, open: bar.open, high: bar.high,
      low: bar.low, close: bar.close, volume: bar.volume, isComplete: isComplete)
  }
}
