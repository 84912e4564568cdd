public import Model

/// A deterministic matching engine over bid and ask: the same quotes and orders in the same order give the same
/// fills, to the last digit. docs/paper.md tells its rules in full.
///
/// - A market order fills at the far side (buy: ask, sell: bid), moved by `slippageTicks` against it.
/// - A limit fills when the far side reaches its price: at the far side where that is better when the order comes
///   in or is changed, at its own price when the market comes to it later.
/// - A stop triggers when the far side reaches its price (buy: ask at or above, sell: bid at or below) and fills
///   there, slipped as a market order: a gap is paid in full. A stop-limit becomes a limit instead.
/// - A stop with `trail` or `breakEven` is moved by a quote before it is compared with it.
/// - `ioc` and `fok` fill at once or are cancelled.
/// - Where a quote has sizes, each of them is used up by the fills on its side until the next quote; an order that
///   finds too few units waits for more. Without sizes every fill is whole.
/// - Where one quote reaches several orders, market orders go first, then stops, then limits, each oldest first; so
///   of the exits of one trade the stop loss wins. The first of a group that fills cancels the rest.
/// - An order that expires at or before a quote's time does not meet that quote.
///
/// Events are pulled one by one with ``nextEvent()``: what the caller cancels after one is not matched. What is due
/// between two quotes meets the first of them, so a caller that lets orders travel calls ``advance(to:)`` and reads
/// its events before it gives the next quote.
public struct MatchingEngine: Sendable {
  public let rules: MatchingRules

  var books: [Book] = []
  private(set) var bookIndex: [String: Int] = [:]
  private var lastBook = 0
  var orders: [String: MatchOrder] = [:]
  /// Members of each group that still work, oldest first.
  var groups: [Int64: [String]] = [:]
  /// Keys are times of expiry, and of arrival, times -1.
  private var expiries = Ladder()
  private var arrivals = Ladder()
  /// Reached and not yet filled; the next is last.
  var ready: [Reached] = []
  var events: [MatchEvent] = []
  private var nextEventIndex = 0
  /// Whether what was due last waits until what was due before it has been matched.
  private var isInterrupted = false
  private(set) var time = Timestamp(nanoseconds: .min)

  struct Reached: Sendable {
    /// Market 0, stop 1, limit 2.
    let rank: Int
    let number: Int64
    let id: String
    /// Whether a limit gets the far side where it is better: it just came in.
    let isTaker: Bool
    /// Whether the caller is to be told before it fills.
    var asks: Bool

    func precedes(_ other: Reached) -> Bool { (rank, number) < (other.rank, other.number) }
  }

  public init(instruments: [Instrument], rules: MatchingRules = MatchingRules()) {
    self.rules = rules
    for instrument in instruments where bookIndex[instrument.name] == nil {
      bookIndex[instrument.name] = books.count
      books.append(Book(instrument))
    }
  }

  // MARK: - Orders

  /// Takes an order and matches it against the latest quote, now or when it arrives.
  public mutating func place(_ order: MatchOrder) {
    guard let index = bookIndex[order.instrument] else { return reject(order, "unknown_instrument") }
    guard order.hasItsPrices else { return reject(order, "price_required") }
    guard books[index].hasQuote || order.type != .market else { return reject(order, "no_quote") }
    if travels(order) { return }
    keep(order)
    arrive(order, index, asks: false)
  }

  /// Puts a working order back after a restart, without an event; it meets the market at the next quote.
  public mutating func restore(_ order: MatchOrder) {
    guard let index = bookIndex[order.instrument], order.hasItsPrices else { return }
    if travels(order) { return }
    keep(order)
    books[index].rest(order)
  }

  /// Ends an order; one that is gone already is left alone.
  public mutating func cancel(id: String) {
    guard end(id) else { return }
    events.append(.cancelled(id: id, reason: "requested", time: time))
  }

  /// Changes the prices, the units or all of a working order; it keeps its age.
  ///
  /// - Parameter trail: how far a stop stays behind the market from now on; it moves at once where that is nearer.
  public mutating func modify(
    id: String, price: Price? = nil, limitPrice: Price? = nil, units: Quantity? = nil, trail: Amount? = nil
  ) {
    guard let old = orders[id], let index = bookIndex[old.instrument] else { return }
    var order = old
    order.units = units ?? old.units
    order.price = price ?? old.price
    order.limitPrice = limitPrice ?? old.limitPrice
    order.trail = trail ?? old.trail
    orders[id] = order
    events.append(.replaced(id: id))
    let retrails = order.trail != old.trail && order.follows
    guard order.workingPrice != old.workingPrice || retrails, !order.isTravelling else { return }
    books[index].unrest(old)
    ready.removeAll { $0.id == id }
    if retrails { catchUp(&order, index) }
    meet(order, index, asks: true)
  }

  /// Whether the order works.
  public func contains(_ id: String) -> Bool { orders[id] != nil }

  /// How many orders work.
  public var count: Int { orders.count }

  // MARK: - Market

  /// Takes a quote. True when there are events to read; with nothing reached it costs a few comparisons.
  public mutating func quote(_ quote: Quote) -> Bool {
    guard let index = index(of: quote.instrument) else { return false }
    books[index].take(quote)
    _ = advance(to: quote.time)
    if books[index].movesStops { moveStops(index) }
    if books[index].isReached { reachAll(index) }
    return hasEvents
  }

  /// Moves the clock: orders that are due arrive or expire. True when there are events to read.
  public mutating func advance(to now: Timestamp) -> Bool {
    time = now
    while ready.isEmpty, takeDue() {}
    isInterrupted = !ready.isEmpty
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
      if var next = ready.popLast() {
        guard let order = orders[next.id] else { continue }
        if next.asks, order.handling.contains(.asksFirst), !waitsOn(order) {
          next.asks = false
          ready.append(next)
          return .reached(id: next.id)
        }
        fill(order, next)
      } else if !isInterrupted || !takeDue() {
        isInterrupted = false
        return nil
      }
    }
  }

  private var hasEvents: Bool { nextEventIndex < events.count || !ready.isEmpty }

  /// Lets the next order that is due arrive or expire; at one moment expiry comes first.
  private mutating func takeDue() -> Bool {
    let limit = -Int128(time.nanoseconds)
    guard max(expiries.best, arrivals.best) >= limit else { return false }
    if expiries.best >= arrivals.best {
      if let due = expiries.popBest(), let order = orders[due.id], end(due.id) {
        events.append(.expired(id: due.id, reason: order.timeInForce.expiryReason, time: time))
      }
    } else if let due = arrivals.popBest(), var order = orders[due.id],
      let index = bookIndex[order.instrument]
    {
      order.isTravelling = false
      orders[due.id] = order
      arrive(order, index, asks: true)
    }
    return true
  }

  // MARK: - The book

  /// Whether the order is on its way to the market; it is kept then.
  private mutating func travels(_ order: MatchOrder) -> Bool {
    guard let arrives = order.arrives, arrives > time else { return false }
    var order = order
    order.isTravelling = true
    keep(order)
    arrivals.insert(key: -Int128(arrives.nanoseconds), number: order.number, id: order.id)
    return true
  }

  private mutating func keep(_ order: MatchOrder) {
    orders[order.id] = order
    if let group = order.group { groups[group, default: []].append(order.id) }
    if let expires = order.expires {
      expiries.insert(key: -Int128(expires.nanoseconds), number: order.number, id: order.id)
    }
  }

  /// Takes an order out of everything but `ready`, where it is skipped; false when it was gone.
  @discardableResult
  mutating func end(_ id: String) -> Bool {
    guard let order = orders.removeValue(forKey: id) else { return false }
    if order.isTravelling, let arrives = order.arrives {
      arrivals.remove(key: -Int128(arrives.nanoseconds), number: order.number)
    } else if let index = bookIndex[order.instrument] {
      books[index].unrest(order)
    }
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

extension TimeInForce {
  /// Why an order expires that works so long.
  fileprivate var expiryReason: String { self == .gtd || self == .day ? rawValue : "ttl" }
}
