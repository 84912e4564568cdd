import BrokerInterface
public import Model

/// Looking after trades by candles: stop losses that follow at a multiple of the average true range, and take profits
/// that are given up for a market that runs.
extension TradingCore {
  /// Takes a candle that a quote has completed, after that quote. Empty, and cheap, when no trade is looked after by
  /// candles of its granularity.
  public mutating func candle(_ candle: Candle) -> ChangeSet {
    guard candle.isComplete, let position = board.position(of: candle.instrument) else { return ChangeSet() }
    ranges.add(candle, at: position)
    guard ranges.isWatched(candle.granularity, at: position), let quote = board.quotes[position] else {
      return ChangeSet()
    }
    now = quote.time
    var isNeeded = false
    for book in sortedBooks {
      for trade in book.trades(candle.instrument) {
        guard let stop = trade.stopLossOrderID.flatMap({ memory.order(id: $0, prefix: idPrefix) }),
          !stop.state.isFinal
        else { continue }
        let terms = stop.terms
        isNeeded = isNeeded || terms.looks(at: candle.granularity)
        // First the momentum: from then on its own distance counts.
        if terms.momentum?.granularity == candle.granularity { letRun(trade, stop, position, quote) }
        if terms.rangeTrail?.granularity == candle.granularity { retrail(stop.number) }
      }
    }
    ranges.watch(candle.granularity, at: position, isNeeded)
    drain()
    return finish()
  }

  /// Takes candles in that were completed before this desk began, oldest first; nothing follows from them now.
  public mutating func recall(_ candles: [Candle]) {
    for candle in candles where candle.isComplete {
      if let position = board.position(of: candle.instrument) { ranges.add(candle, at: position) }
    }
  }

  /// Notes that a trade is looked after by candles, if it is.
  mutating func watchCandles(_ instrument: String, _ terms: OrderTerms) {
    guard let position = board.position(of: instrument) else { return }
    for granularity in [terms.rangeTrail?.granularity, terms.momentum?.granularity].compactMap({ $0 }) {
      ranges.watch(granularity, at: position)
    }
  }

  /// How far a stop loss is behind the market now: the average true range times the multiplier, to the nearest tick,
  /// one at the least. Nil while there are too few candles.
  func trailDistance(_ rule: RangeTrail?, _ instrument: String) -> Amount? {
    guard let rule, let position = board.position(of: instrument),
      let range = ranges.averageRange(rule.granularity, period: rule.period, at: position)
    else { return nil }
    let instrument = board.instruments[position]
    let distance = Cash.product(range, rule.multiplier).rounded(decimals: instrument.priceDecimals)
    return max(distance, instrument.tick)
  }

  private mutating func retrail(_ number: Int64) {
    guard let stop = memory[number], let distance = trailDistance(stop.terms.rangeTrail, stop.instrument)
    else {
      return
    }
    retrail(stop, to: distance)
  }

  private mutating func retrail(_ before: Order, to distance: Amount) {
    guard before.terms.trail != distance else { return }
    var stop = before
    stop.terms.trail = distance
    stop.updated = now
    store(stop)
    venue.execute(.modify(orderID: stop.id, trail: distance))
    drain()
  }

  /// Gives the take profit up where the market runs the trade's way.
  private mutating func letRun(_ trade: Trade, _ before: Order, _ position: Int, _ quote: Quote) {
    let side = Amount(trade.units.signum)
    guard let rule = before.terms.momentum,
      let takeProfit = trade.takeProfitOrderID.flatMap({ memory.order(id: $0, prefix: idPrefix) }),
      !takeProfit.state.isFinal, let target = takeProfit.price,
      let move = ranges.move(rule.granularity, candles: rule.candles, at: position),
      Cash.product(move, side) >= Cash.product((target - trade.price).magnitude, rule.share),
      Cash.product((trade.units.isNegative ? quote.ask : quote.bid) - trade.price, side).isPositive
    else { return }
    var stop = before
    stop.terms.momentum = nil
    if let trail = rule.trail {
      stop.terms.rangeTrail = nil
      stop.terms.trail = trail
    }
    stop.updated = now
    store(stop)
    forgetTakeProfit(of: trade)
    withdraw(takeProfit.number, reason: "momentum")
    if stop.terms.trail != before.terms.trail {
      venue.execute(.modify(orderID: stop.id, trail: stop.terms.trail))
    }
    drain()
    if let last = memory[stop.number] { emit(.orderModified, last) }
  }

  private mutating func forgetTakeProfit(of trade: Trade) {
    withStrategy(trade.strategy) { book in
      guard var kept = book.positions[trade.instrument]?[trade: trade.id] else { return }
      kept.takeProfitOrderID = nil
      book.update(kept)
    }
    note(trade)
  }
}

extension OrderTerms {
  /// Whether a trade is looked after by candles of that length.
  func looks(at granularity: Granularity) -> Bool {
    rangeTrail?.granularity == granularity || momentum?.granularity == granularity
  }
}
