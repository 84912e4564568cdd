import Model

/// How orders meet the market.
extension MatchingEngine {
  /// An order comes to the market.
  mutating func arrive(_ order: MatchOrder, _ index: Int, asks: Bool) {
    events.append(.accepted(id: order.id))
    var order = order
    if order.type == .trailingStop, let trail = order.trail, books[index].hasQuote {
      let far = books[index].farSide(order.side)
      let price = order.side == .buy ? far + trail : max(far - trail, books[index].instrument.tick)
      if price != order.price { move(&order, to: price) }
    } else if order.follows {
      catchUp(&order, index)
    }
    meet(order, index, asks: asks)
  }

  /// Moves a stop that follows to where the latest quote has it.
  mutating func catchUp(_ order: inout MatchOrder, _ index: Int) {
    if books[index].hasQuote, let price = books[index].movedPrice(of: order) { move(&order, to: price) }
  }

  /// Matches an order that comes in or was changed: it is reached, waits, or is over.
  mutating func meet(_ order: MatchOrder, _ index: Int, asks: Bool) {
    if isReached(order, index) {
      reach(order, isTaker: true, asks: asks)
    } else if order.timeInForce.isImmediate, books[index].hasQuote || order.work != .market {
      end(order.id)
      events.append(.cancelled(id: order.id, reason: "not_marketable", time: time))
    } else {
      books[index].rest(order)
    }
  }

  private func isReached(_ order: MatchOrder, _ index: Int) -> Bool {
    guard books[index].hasQuote else { return false }
    guard let price = order.workingPrice else { return true }
    return books[index].reaches(order.side, order.work, price)
  }

  private mutating func move(_ order: inout MatchOrder, to price: Price) {
    order.price = price
    orders[order.id] = order
    events.append(.repriced(id: order.id, price: price))
  }

  /// Moves the stops that follow the market, oldest first.
  mutating func moveStops(_ index: Int) {
    let list = books[index].following
    books[index].forgetMoves()
    for (_, id) in list {
      guard var order = orders[id] else { continue }
      guard let price = books[index].movedPrice(of: order) else {
        books[index].lookOut(for: order)
        continue
      }
      books[index].unrest(order)
      move(&order, to: price)
      books[index].rest(order)
    }
  }

  /// Takes everything that the quote reaches off its ladder, to be filled in order.
  mutating func reachAll(_ index: Int) {
    for (side, work) in [(Side.buy, MatchOrder.Work.stop), (.sell, .stop), (.buy, .limit), (.sell, .limit)] {
      let market = books[index].farSide(side).raw * Book.direction(side, work)
      while let entry = books[index].withLadder(side, work, { $0.best >= market ? $0.popBest() : nil }) {
        ready.append(
          Reached(
            rank: work == .stop ? 1 : 2, number: entry.number, id: entry.id, isTaker: false, asks: true))
      }
    }
    for (number, id) in books[index].hungry {
      ready.append(Reached(rank: 0, number: number, id: id, isTaker: false, asks: true))
    }
    ready.sort { $1.precedes($0) }
  }

  private mutating func reach(_ order: MatchOrder, isTaker: Bool, asks: Bool) {
    let rank = order.work == .market ? 0 : order.work == .stop ? 1 : 2
    let reached = Reached(rank: rank, number: order.number, id: order.id, isTaker: isTaker, asks: asks)
    let index = ready.firstIndex { $0.precedes(reached) } ?? ready.endIndex
    ready.insert(reached, at: index)
  }

  /// Whether a reached order does not fill now but goes on waiting: a stop-limit that is only triggered, or one for
  /// which nothing is left.
  func waitsOn(_ order: MatchOrder) -> Bool {
    if order.type == .stopLimit && !order.isTriggered { return true }
    guard let index = bookIndex[order.instrument], !order.handling.contains(.whole) else { return false }
    return books[index].left(order.side)?.isZero == true
  }

  // MARK: - Fills

  mutating func fill(_ before: MatchOrder, _ reached: Reached) {
    guard let index = bookIndex[before.instrument] else { return }
    var order = before
    if order.type == .stopLimit, !order.isTriggered {
      trigger(&order, index)
      // The trigger is the market's; what the limit then meets is a question of its own.
      return meet(order, index, asks: reached.asks)
    }
    let left = order.handling.contains(.whole) ? nil : books[index].left(order.side)
    let units = left.map { min($0, order.units) } ?? order.units
    let isWhole = units == order.units
    if !isWhole, order.timeInForce == .fok || (units.isZero && order.timeInForce == .ioc) {
      return cancelForUnits(order)
    }
    let isMaker = order.work == .limit && !reached.isTaker
    let price = price(of: order, index, isTaker: reached.isTaker)
    if !isWhole, order.work == .stop { trigger(&order, index) }
    if units.isPositive {
      if left != nil { books[index].consume(order.side, units) }
      book(order, units, price, isMaker ? rules.makerFeeRate : rules.takerFeeRate, isWhole, index)
    }
    guard !isWhole else { return }
    if order.timeInForce == .ioc { return cancelForUnits(order) }
    order.units -= units
    orders[order.id] = order
    books[index].rest(order)
  }

  private func price(of order: MatchOrder, _ index: Int, isTaker: Bool) -> Price {
    let far = books[index].farSide(order.side)
    if order.work == .limit, let limit = order.workingPrice {
      return isTaker ? (order.side == .buy ? min(limit, far) : max(limit, far)) : limit
    }
    let tick = books[index].instrument.tick
    let slip = Amount(raw: tick.raw * Int128(rules.slippageTicks))
    return order.side == .buy ? far + slip : max(far - slip, tick)
  }

  private mutating func trigger(_ order: inout MatchOrder, _ index: Int) {
    books[index].unrest(order)
    order.isTriggered = true
    orders[order.id] = order
    events.append(.triggered(id: order.id))
  }

  /// Says a fill, and does to the group what follows from it.
  private mutating func book(
    _ order: MatchOrder, _ units: Quantity, _ price: Price, _ feeRate: Amount, _ isWhole: Bool, _ index: Int
  ) {
    let fee = feeRate.isZero ? .zero : price.multiplied(by: units)?.multiplied(by: feeRate) ?? .zero
    let sisters = order.group.flatMap { groups[$0] } ?? []
    if isWhole { end(order.id) }
    events.append(
      .filled(
        id: order.id, units: units, price: price, fee: fee, sequence: books[index].sequence, time: time))
    for id in sisters where id != order.id {
      guard var sister = orders[id] else { continue }
      if isWhole || sister.units <= units {
        end(id)
        events.append(.cancelled(id: id, reason: "oco", time: time))
      } else {
        sister.units -= units
        orders[id] = sister
      }
    }
  }

  private mutating func cancelForUnits(_ order: MatchOrder) {
    end(order.id)
    events.append(.cancelled(id: order.id, reason: "insufficient_liquidity", time: time))
  }
}

extension TimeInForce {
  var isImmediate: Bool { self == .ioc || self == .fok }
}
