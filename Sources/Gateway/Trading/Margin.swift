import Model

/// Quotes between which nothing needs to be looked at.
struct PriceBand: Hashable, Sendable {
  private var bidLow: Int128
  private var bidHigh: Int128
  private var askLow: Int128
  private var askHigh: Int128

  static let unlimited = PriceBand(bidLow: .min, bidHigh: .max, askLow: .min, askHigh: .max)
  /// Every quote is outside.
  static let none = PriceBand(bidLow: .max, bidHigh: .min, askLow: .max, askHigh: .min)

  private init(bidLow: Int128, bidHigh: Int128, askLow: Int128, askHigh: Int128) {
    self.bidLow = bidLow
    self.bidHigh = bidHigh
    self.askLow = askLow
    self.askHigh = askHigh
  }

  /// Bids and asks that differ by `distance` at the most.
  init(around quote: Quote, distance: Int128) {
    self.init(
      bidLow: quote.bid.raw - distance, bidHigh: quote.bid.raw + distance, askLow: quote.ask.raw - distance,
      askHigh: quote.ask.raw + distance)
  }

  func contains(_ quote: Quote) -> Bool {
    quote.bid.raw >= bidLow && quote.bid.raw <= bidHigh && quote.ask.raw >= askLow && quote.ask.raw <= askHigh
  }

  func narrowed(by other: PriceBand) -> PriceBand {
    PriceBand(
      bidLow: max(bidLow, other.bidLow), bidHigh: min(bidHigh, other.bidHigh),
      askLow: max(askLow, other.askLow), askHigh: min(askHigh, other.askHigh))
  }
}

/// Closing trades whose margin gives out.
///
/// A strategy whose equity falls below `marginCloseout` of the margin that its trades bind has them closed at the
/// market, the largest loss first, until that is no longer so (or nothing is left). Real brokers take half for the
/// share and close everything at once; closing one at a time leaves the trader what he can bear.
///
/// Looking at every strategy at every quote would cost too much, so each look also says between which prices nothing
/// can have changed: each of its instruments may use up its part of what is spare.
extension TradingCore {
  /// A quote of the instrument at that position came, or positions changed.
  mutating func watchMargins(_ position: Int) {
    guard settings.marginCloseout != nil else { return staleMargins.removeAll() }
    guard let quote = board.quotes[position] else { return }
    let isBreached = !marginGuards[position].contains(quote)
    var endangered = staleMargins
    staleMargins.removeAll(keepingCapacity: true)
    if isBreached {
      for (name, book) in strategies where book.marginBands[position]?.contains(quote) == false {
        endangered.insert(name)
      }
    }
    for name in endangered.sorted() { watchMargin(name) }
    if isBreached {
      marginGuards[position] = strategies.values.reduce(.unlimited) { band, book in
        book.marginBands[position].map { band.narrowed(by: $0) } ?? band
      }
    }
  }

  private mutating func watchMargin(_ name: String) {
    var last: Int64?
    while let trade = nextToCloseOut(name), trade.id != last {
      last = trade.id
      let exit = trade.stopLossOrderID.flatMap { memory.order(id: $0, prefix: idPrefix) }
      closePosition(
        Trader(strategy: name, generation: exit?.generation ?? 0), trade.instrument, trade: trade,
        reason: "margin_closeout")
    }
    // Closing made the strategy stale again, and it has just been looked at.
    staleMargins.remove(name)
    let bands = strategies[name].map { marginBands($0) } ?? [:]
    withStrategy(name) { $0.marginBands = bands }
    for (position, band) in bands { marginGuards[position] = marginGuards[position].narrowed(by: band) }
  }

  /// What a strategy has beyond the equity at which its trades are closed; nil when that cannot be told, for want of
  /// a quote or a conversion, or when it holds nothing.
  private func spareEquity(_ book: StrategyBook) -> Money? {
    guard let share = settings.marginCloseout, !book.positions.isEmpty else { return nil }
    for instrument in book.positions.keys {
      guard let position = board.position(of: instrument), board.quotes[position] != nil,
        board.rate(for: position) != nil
      else { return nil }
    }
    return Cash.clamped(equity(book) - Cash.product(margin(book), share))
  }

  /// The trade with the largest loss, the oldest of equals, of a strategy whose margin has given out.
  private mutating func nextToCloseOut(_ name: String) -> Trade? {
    guard let book = strategies[name], let spare = spareEquity(book), spare.isNegative else { return nil }
    var worst: (trade: Trade, profit: Money)?
    for trade in book.positions.values.flatMap({ $0 }).sorted(by: { $0.id < $1.id }) {
      let profit = unrealised(Position(trade))
      if worst.map({ profit < $0.profit }) ?? true { worst = (trade, profit) }
    }
    guard let worst else { return nil }
    emit(
      .marginCloseout, strategy: name,
      [
        EventField("strategy", .string(name)), EventField("trade_id", .int(worst.trade.id)),
        EventField("instrument", .string(worst.trade.instrument)),
        EventField("equity", .number(equity(book))), EventField("margin_used", .number(margin(book))),
      ])
    return worst.trade
  }

  private static let roundings = Amount(raw: 1_000_000_000_000)

  /// Between which prices a strategy's margin surely suffices.
  private func marginBands(_ book: StrategyBook) -> [Int: PriceBand] {
    var bands: [Int: PriceBand] = [:]
    let spare = spareEquity(book)
    let share = settings.marginCloseout ?? .zero
    for instrument in book.positions.keys {
      guard let position = board.position(of: instrument) else { continue }
      let conversions = board.conversions(of: position)
      guard let spare, let quote = board.quotes[position], conversions.isEmpty else {
        // Two prices move what it is worth, or it is not known: every quote of either is looked at.
        for each in conversions + [position] { bands[each] = PriceBand.none }
        continue
      }
      // A move of both sides by d costs units × d of equity, and binds units × d × margin rate more.
      let rate = Amount.one + Cash.product(share, board.instruments[position].marginRate)
      let cost = Cash.product(book.units(instrument).magnitude, rate)
      let part = Amount(raw: spare.raw / Int128(book.positions.count))
      // A little less, for the roundings on the way.
      let distance = (part - Self.roundings).divided(by: cost)?.raw ?? 0
      let band =
        distance > 0 ? PriceBand(around: quote, distance: min(distance, Cash.limit.raw)) : PriceBand.none
      bands[position] = bands[position].map { $0.narrowed(by: band) } ?? band
    }
    return bands
  }
}

/// Closing trades for their age.
extension TradingCore {
  /// Closes the trades whose time is up, oldest first, at the latest quote. One whose instrument has had no quote
  /// since the start waits for it.
  mutating func closeHeldTooLong() {
    let due = strategies.values.flatMap { $0.positions.values.flatMap { $0 } }
      .filter { trade in trade.closes.map { $0 <= now } ?? false }
      .sorted { $0.id < $1.id }
    for trade in due where board.quote(trade.instrument) != nil {
      let exit = trade.stopLossOrderID.flatMap { memory.order(id: $0, prefix: idPrefix) }
      closePosition(
        Trader(strategy: trade.strategy, generation: exit?.generation ?? 0), trade.instrument, trade: trade,
        reason: "max_hold")
    }
    nextHoldEnd =
      strategies.values.flatMap { $0.positions.values.flatMap { $0.compactMap(\.closes) } }.min()
      ?? Timestamp(nanoseconds: .max)
  }
}
