import Model

/// The working orders of one instrument and the quote that they meet.
struct Book: Sendable {
  let instrument: Instrument
  var sequence: Int64 = 0
  var bid: Price = .zero
  var ask: Price = .zero
  /// What is left of the quote's sizes; nil without limit.
  var bidLeft: Quantity?
  var askLeft: Quantity?
  var hasQuote = false

  // Each ladder's key is the price times `direction`, so that the order closest to the market has the greatest key
  // and one comparison tells whether the market has reached it.
  var buyLimits = Ladder()
  var sellStops = Ladder()
  var sellLimits = Ladder()
  var buyStops = Ladder()

  /// Numbers and ids of what takes the market's price and found too few units so far, oldest first.
  var hungry: [(number: Int64, id: String)] = []
  /// Numbers and ids of the stops whose price moves with the market, oldest first.
  var following: [(number: Int64, id: String)] = []
  /// A bid above it, or an ask below it, moves a stop.
  var bidThatMoves: Int128 = .max
  var askThatMoves: Int128 = .min

  init(_ instrument: Instrument) { self.instrument = instrument }

  mutating func take(_ quote: Quote) {
    sequence = quote.sequence
    bid = quote.bid
    ask = quote.ask
    bidLeft = quote.bidSize.map { max(.zero, $0.truncated(decimals: instrument.unitsDecimals)) }
    askLeft = quote.askSize.map { max(.zero, $0.truncated(decimals: instrument.unitsDecimals)) }
    hasQuote = true
  }

  /// Whether the quote reaches any working order.
  var isReached: Bool {
    ask.raw <= buyLimits.best || bid.raw <= sellStops.best || -bid.raw <= sellLimits.best
      || -ask.raw <= buyStops.best || !hungry.isEmpty
  }

  /// Whether the quote moves any stop.
  var movesStops: Bool { bid.raw > bidThatMoves || ask.raw < askThatMoves }

  /// 1 where the market comes down to the price, -1 where it comes up.
  static func direction(_ side: Side, _ work: MatchOrder.Work) -> Int128 {
    (side == .buy) == (work == .limit) ? 1 : -1
  }

  /// Where an order of that side trades now.
  func farSide(_ side: Side) -> Price { side == .buy ? ask : bid }

  /// Whether the quote reaches a limit or stop of that price. A buy looks at the ask, a sell at the bid.
  func reaches(_ side: Side, _ work: MatchOrder.Work, _ price: Price) -> Bool {
    let direction = Self.direction(side, work)
    return farSide(side).raw * direction <= price.raw * direction
  }

  /// Units that an order of that side finds; nil without limit.
  func left(_ side: Side) -> Quantity? { side == .buy ? askLeft : bidLeft }

  mutating func consume(_ side: Side, _ units: Quantity) {
    if side == .buy {
      askLeft = askLeft.map { max(.zero, $0 - units) }
    } else {
      bidLeft = bidLeft.map { max(.zero, $0 - units) }
    }
  }

  mutating func withLadder<Result>(
    _ side: Side, _ work: MatchOrder.Work, _ body: (inout Ladder) -> Result
  ) -> Result {
    switch (side, work) {
    case (.buy, .limit): body(&buyLimits)
    case (.sell, .limit): body(&sellLimits)
    case (.buy, _): body(&buyStops)
    case (.sell, _): body(&sellStops)
    }
  }
}

extension Book {
  // MARK: - Orders that wait

  mutating func rest(_ order: MatchOrder) {
    guard let price = order.workingPrice else { return Self.insert(order, into: &hungry) }
    let key = price.raw * Self.direction(order.side, order.work)
    withLadder(order.side, order.work) { $0.insert(key: key, number: order.number, id: order.id) }
    if order.follows {
      Self.insert(order, into: &following)
      lookOut(for: order)
    }
  }

  mutating func unrest(_ order: MatchOrder) {
    guard let price = order.workingPrice else { return hungry.removeAll { $0.number == order.number } }
    let key = price.raw * Self.direction(order.side, order.work)
    withLadder(order.side, order.work) { $0.remove(key: key, number: order.number) }
    if order.follows { following.removeAll { $0.number == order.number } }
    if following.isEmpty { forgetMoves() }
  }

  private static func insert(_ order: MatchOrder, into list: inout [(number: Int64, id: String)]) {
    let index = list.lastIndex { $0.number < order.number }.map { $0 + 1 } ?? 0
    if index < list.count, list[index].number == order.number { return }
    list.insert((order.number, order.id), at: index)
  }

  // MARK: - Stops that follow the market

  mutating func forgetMoves() {
    bidThatMoves = .max
    askThatMoves = .min
  }

  /// Takes note of the prices that would move a stop.
  mutating func lookOut(for order: MatchOrder) {
    guard let level = order.price?.raw else { return }
    let isSell = order.side == .sell
    func note(_ mark: Int128) {
      if isSell { bidThatMoves = min(bidThatMoves, mark) } else { askThatMoves = max(askThatMoves, mark) }
    }
    if let trail = order.trail { note(isSell ? level + trail.raw : level - trail.raw) }
    if let even = order.breakEven, isSell ? level < even.price.raw : level > even.price.raw {
      note(isSell ? even.price.raw + even.distance.raw - 1 : even.price.raw - even.distance.raw + 1)
    }
  }

  /// Where the market moves a stop to; nil where it stays. A stop never moves away from the market.
  func movedPrice(of order: MatchOrder) -> Price? {
    guard let level = order.price else { return nil }
    let isSell = order.side == .sell
    let far = farSide(order.side)
    var moved = level
    func better(_ price: Price) -> Price { isSell ? max(moved, price) : min(moved, price) }
    if let trail = order.trail { moved = better(isSell ? far - trail : far + trail) }
    if let even = order.breakEven,
      isSell ? far - even.price >= even.distance : even.price - far >= even.distance
    {
      moved = better(even.price)
    }
    return moved == level ? nil : moved
  }
}
