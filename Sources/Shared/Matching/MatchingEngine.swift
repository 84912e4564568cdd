public import Model

/// A deterministic matching engine over bid and ask: the same quotes and orders in the same order give the same
/// fills, to the last digit.
///
/// - A market order fills at the far side (buy: ask, sell: bid), moved by `slippageTicks` against it.
/// - A limit fills when the far side reaches its price: at the far side where that is better when the order comes
///   in or is changed, at its own price when the market comes to it later.
/// - A stop triggers when the far side reaches its price (buy: ask at or above, sell: bid at or below) and fills
///   there, slipped as a market order: a gap is paid in full.
/// - `ioc` and `fok` fill at once or are cancelled (`not_marketable`).
/// - Quotes carry no sizes, so every fill is whole.
/// - Where one quote reaches several orders, market orders go first, then stops, then limits, each oldest first; so
///   of the exits of one trade the stop loss wins. The first of a group that fills cancels the rest.
/// - An order that expires at or before a quote's time does not meet that quote.
///
/// Events are pulled one by one with ``nextEvent()``: what the caller cancels after one is not matched.
public struct MatchingEngine: Sendable {
  /// The share of the notional that a fill costs.
  public let feeRate: Amount
  public let slippageTicks: Int

  var books: [Book] = []
  private var bookIndex: [String: Int] = [:]
  private var lastBook = 0
  var orders: [String: MatchOrder] = [:]
  /// Members of each group that still work, oldest first.
  private var groups: [Int64: [String]] = [:]
  /// Keys are times of expiry times -1.
  private var expiries = Ladder()
  /// Reached and not yet filled; the next is last.
  private var ready: [Reached] = []
  private var events: [MatchEvent] = []
  private var nextEventIndex = 0
  private var time = Timestamp(nanoseconds: .min)

  private struct Reached: Sendable {
    /// Market 0, stop 1, limit 2.
    let rank: Int
    let number: Int64
    let id: String
    /// Whether a limit gets the far side where it is better: it just came in.
    let isTaker: Bool

    func precedes(_ other: Reached) -> Bool { (rank, number) < (other.rank, other.number) }
  }

  public init(instruments: [Instrument], feeRate: Amount = .zero, slippageTicks: Int = 0) {
    self.feeRate = feeRate
    self.slippageTicks = slippageTicks
    for instrument in instruments where bookIndex[instrument.name] == nil {
      bookIndex[instrument.name] = books.count
      books.append(Book(instrument))
    }
  }

  // MARK: - Orders

  /// Takes an order and matches it against the latest quote.
  public mutating func place(_ order: MatchOrder) {
    guard let index = bookIndex[order.instrument] else { return reject(order, "unknown_instrument") }
    guard order.type == .market || order.price != nil else { return reject(order, "price_required") }
    guard books[index].hasQuote || order.type != .market else { return reject(order, "no_quote") }
    events.append(.accepted(id: order.id))
    keep(order)
    if isReached(order, index) {
      reach(order, isTaker: true)
    } else if order.timeInForce != .gtc {
      end(order.id)
      events.append(.cancelled(id: order.id, reason: "not_marketable", time: time))
    } else {
      rest(order, index)
    }
  }

  /// Puts a working order back after a restart, without an event; it meets the market at the next quote.
  public mutating func restore(_ order: MatchOrder) {
    guard let index = bookIndex[order.instrument], order.type != .market, order.price != nil else { return }
    keep(order)
    rest(order, index)
  }

  /// Ends an order; one that is gone already is left alone.
  public mutating func cancel(id: String) {
    guard end(id) else { return }
    events.append(.cancelled(id: id, reason: "requested", time: time))
  }

  /// Changes the price, the units or both of a working order; it keeps its age.
  public mutating func modify(id: String, price: Price?, units: Quantity?) {
    guard var order = orders[id], let index = bookIndex[order.instrument] else { return }
    let old = order.price
    order.units = units ?? order.units
    order.price = price ?? old
    orders[id] = order
    events.append(.replaced(id: id))
    guard order.price != old else { return }
    unrest(order, at: old, index)
    ready.removeAll { $0.id == id }
    if isReached(order, index) { reach(order, isTaker: true) } else { rest(order, index) }
  }

  /// Whether the order works.
  public func contains(_ id: String) -> Bool { orders[id] != nil }

  /// How many orders work.
  public var count: Int { orders.count }

  // MARK: - Market

  /// Takes a quote. True when there are events to read; with nothing reached it costs a few comparisons.
  public mutating func quote(_ quote: Quote) -> Bool {
    guard let index = index(of: quote.instrument) else { return false }
    books[index].sequence = quote.sequence
    books[index].bid = quote.bid
    books[index].ask = quote.ask
    books[index].time = quote.time
    books[index].hasQuote = true
    _ = advance(to: quote.time)
    if books[index].isReached { reachAll(index) }
    return hasEvents
  }

  /// Moves the clock and expires what is due. True when there are events to read.
  public mutating func advance(to now: Timestamp) -> Bool {
    time = now
    while expiries.best >= -Int128(now.nanoseconds), let due = expiries.popBest() {
      guard end(due.id) else { continue }
      events.append(.expired(id: due.id, reason: "ttl", time: now))
    }
    return hasEvents
  }

  /// The next event, or nil when everything that was reached has been filled.
  public mutating func nextEvent() -> MatchEvent? {
    while true {
      if nextEventIndex < events.count {
        let event = events[nextEventIndex]
        nextEventIndex += 1
        return event
      }
      events.removeAll(keepingCapacity: true)
      nextEventIndex = 0
      guard let next = ready.popLast() else { return nil }
      if let order = orders[next.id] { fill(order, isTaker: next.isTaker) }
    }
  }

  private var hasEvents: Bool { nextEventIndex < events.count || !ready.isEmpty }

  // MARK: - Matching

  private mutating func fill(_ order: MatchOrder, isTaker: Bool) {
    guard let index = bookIndex[order.instrument] else { return }
    let book = books[index]
    let far = book.farSide(order.side)
    let price: Price
    if order.type == .limit, let limit = order.price {
      price = isTaker ? (order.side == .buy ? min(limit, far) : max(limit, far)) : limit
    } else {
      let slip = Amount(raw: book.instrument.tick.raw * Int128(slippageTicks))
      price = order.side == .buy ? far + slip : max(far - slip, book.instrument.tick)
    }
    let fee = feeRate.isZero ? .zero : price.multiplied(by: order.units)?.multiplied(by: feeRate) ?? .zero
    let sisters = order.group.flatMap { groups[$0] } ?? []
    end(order.id)
    events.append(
      .filled(
        id: order.id, units: order.units, price: price, fee: fee, sequence: book.sequence, time: time))
    for sister in sisters where sister != order.id && end(sister) {
      events.append(.cancelled(id: sister, reason: "oco", time: time))
    }
  }

  private func isReached(_ order: MatchOrder, _ index: Int) -> Bool {
    guard books[index].hasQuote else { return false }
    guard order.type != .market, let price = order.price else { return true }
    return books[index].reaches(order.side, order.type, price)
  }

  /// Takes everything that the quote reaches off its ladder, to be filled in order.
  private mutating func reachAll(_ index: Int) {
    for (side, type) in [(Side.buy, OrderType.stop), (.sell, .stop), (.buy, .limit), (.sell, .limit)] {
      let market = books[index].farSide(side).raw * Book.direction(side, type)
      while let entry = books[index].withLadder(side, type, { $0.best >= market ? $0.popBest() : nil }) {
        ready.append(Reached(rank: type == .stop ? 1 : 2, number: entry.number, id: entry.id, isTaker: false))
      }
    }
    ready.sort { $1.precedes($0) }
  }

  private mutating func reach(_ order: MatchOrder, isTaker: Bool) {
    let rank = order.type == .market ? 0 : order.type == .stop ? 1 : 2
    let reached = Reached(rank: rank, number: order.number, id: order.id, isTaker: isTaker)
    let index = ready.firstIndex { $0.precedes(reached) } ?? ready.endIndex
    ready.insert(reached, at: index)
  }

  // MARK: - The book

  private mutating func keep(_ order: MatchOrder) {
    orders[order.id] = order
    if let group = order.group { groups[group, default: []].append(order.id) }
    if let expires = order.expires {
      expiries.insert(key: -Int128(expires.nanoseconds), number: order.number, id: order.id)
    }
  }

  private mutating func rest(_ order: MatchOrder, _ index: Int) {
    guard let price = order.price else { return }
    let key = price.raw * Book.direction(order.side, order.type)
    books[index].withLadder(order.side, order.type) {
      $0.insert(key: key, number: order.number, id: order.id)
    }
  }

  private mutating func unrest(_ order: MatchOrder, at price: Price?, _ index: Int) {
    guard let price else { return }
    let key = price.raw * Book.direction(order.side, order.type)
    books[index].withLadder(order.side, order.type) { $0.remove(key: key, number: order.number) }
  }

  /// Takes an order out of everything but `ready`, where it is skipped; false when it was gone.
  @discardableResult
  private mutating func end(_ id: String) -> Bool {
    guard let order = orders.removeValue(forKey: id) else { return false }
    if let index = bookIndex[order.instrument] { unrest(order, at: order.price, index) }
    if let expires = order.expires {
      expiries.remove(key: -Int128(expires.nanoseconds), number: order.number)
    }
    if let group = order.group {
      groups[group]?.removeAll { $0 == id }
      if groups[group]?.isEmpty == true { groups[group] = nil }
    }
    return true
  }

  private mutating func reject(_ order: MatchOrder, _ reason: String) {
    events.append(.rejected(id: order.id, reason: reason, time: time))
  }

  private mutating func index(of instrument: String) -> Int? {
    // Most quotes follow one of the same instrument, and names this short compare in a few instructions.
    if lastBook < books.count, books[lastBook].instrument.name == instrument { return lastBook }
    guard let index = bookIndex[instrument] else { return nil }
    lastBook = index
    return index
  }
}
