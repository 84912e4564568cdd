import BrokerInterface
import Model

/// What an execution closed.
struct Closed {
  var units: Quantity = .zero
  var realised: Money = .zero
  /// The last trade that it touched.
  var trade: Int64?
}

/// Trades as OANDA keeps them: each entry opens one with exits of its own; an opposite entry first reduces the
/// oldest.
extension TradingCore {
  /// Opens a trade and places its stop loss and take profit, linked so that one cancels the other.
  mutating func openTrade(_ order: Order, _ units: Quantity, _ price: Price) -> Int64 {
    let id = nextTradeID
    nextTradeID += 1
    var trade = Trade(
      id: id, strategy: order.strategy, broker: order.broker, instrument: order.instrument,
      entryOrderID: order.id, opened: now, price: price, units: order.side == .buy ? units : -units)
    let terms = order.terms
    trade.closes = (terms.maxHoldSeconds ?? settings.maxHoldSeconds).map { now.advanced(seconds: Int64($0)) }
    if let closes = trade.closes { nextHoldEnd = min(nextHoldEnd, closes) }
    var stopLoss = order.stopLoss.map { exit(order, .stopLoss, .stop, $0, units, id) }
    if terms.managesTrade {
      stopLoss?.terms = OrderTerms(
        breakEven: terms.breakEven, trail: terms.trail ?? trailDistance(terms.rangeTrail, order.instrument),
        rangeTrail: terms.rangeTrail, momentum: terms.momentum,
        reference: terms.breakEven == nil ? nil : price)
      watchCandles(order.instrument, terms)
    }
    let takeProfit = order.takeProfit.map { exit(order, .takeProfit, .limit, $0, units, id) }
    trade.stopLossOrderID = stopLoss?.id
    trade.takeProfitOrderID = takeProfit?.id
    withStrategy(order.strategy) { $0.add(trade) }
    note(trade)
    disturbKillSwitch()
    emit(.positionOpened, trade, order)
    for exit in [stopLoss, takeProfit].compactMap({ $0 }) {
      insert(exit)
      venue.execute(.place(exit, group: group(of: exit)))
    }
    return id
  }

  /// - Parameter isReplacement: whether `entry` is an exit of the same trade, which has ended.
  mutating func exit(
    _ entry: Order, _ role: OrderRole, _ type: OrderType, _ price: Price, _ units: Quantity, _ trade: Int64,
    isReplacement: Bool = false
  ) -> Order {
    let number = takeOrderNumber()
    return Order(
      number: number, id: idPrefix + String(number), clientOrderID: Self.ownPrefix + String(number),
      strategy: entry.strategy, generation: entry.generation, broker: entry.broker,
      instrument: entry.instrument, side: isReplacement ? entry.side : entry.side.opposite, type: type,
      role: role, timeInForce: .gtc,
      reduceOnly: true, quality: nil, mode: entry.mode, tag: entry.tag, created: now, units: units,
      price: price, stopLoss: nil, takeProfit: nil, tradeID: trade, updated: now, expires: nil,
      route: entry.route)
  }

  mutating func takeOrderNumber() -> Int64 {
    defer { nextOrderNumber += 1 }
    return nextOrderNumber
  }

  /// Takes a new order into the books.
  mutating func insert(_ order: Order) {
    memory.insert(order)
    recorder.orders.append(order.number)
    withStrategy(order.strategy) {
      $0.addOpen(order)
      $0.account.orders += 1
    }
    recorder.accounts.append(order.strategy)
  }

  mutating func note(_ trade: Trade) {
    recorder.trades.append(
      Recorder.TradeKey(id: trade.id, strategy: trade.strategy, instrument: trade.instrument))
  }

  /// Closes up to `units` of the trades on the other side of an order, oldest first.
  mutating func reduceOldest(
    by order: Order, _ units: Quantity, _ price: Price, _ rate: Amount
  ) -> Closed {
    var closed = Closed()
    while closed.units < units,
      let trade = strategies[order.strategy]?.positions[order.instrument]?.first,
      trade.units.signum == -order.side.sign
    {
      reduce(trade, min(units - closed.units, trade.units.magnitude), price, rate, by: order, &closed)
    }
    return closed
  }

  /// Closes the trade that an exit belongs to.
  mutating func reduceOwn(of exit: Order, _ units: Quantity, _ price: Price, _ rate: Amount) -> Closed {
    var closed = Closed()
    if let id = exit.tradeID, let trade = strategies[exit.strategy]?.positions[exit.instrument]?[trade: id] {
      reduce(trade, min(units, trade.units.magnitude), price, rate, by: exit, &closed)
    }
    return closed
  }

  private mutating func reduce(
    _ before: Trade, _ units: Quantity, _ price: Price, _ rate: Amount, by order: Order,
    _ closed: inout Closed
  ) {
    var trade = before
    let signed = trade.units.isNegative ? -units : units
    let profit = Cash.money(Cash.profit(units: signed, from: trade.price, to: price), rate: rate)
    trade.units -= signed
    trade.realised = Cash.sum(trade.realised, profit)
    closed.units += units
    closed.realised = Cash.sum(closed.realised, profit)
    closed.trade = trade.id
    withStrategy(trade.strategy) { $0.update(trade) }
    note(trade)
    let isExit = order.role == .stopLoss || order.role == .takeProfit
    for id in [trade.stopLossOrderID, trade.takeProfitOrderID].compactMap({ $0 }) where id != order.id {
      guard let exit = memory.order(id: id, prefix: idPrefix), !exit.state.isFinal else { continue }
      if trade.units.isZero {
        withdraw(exit.number, reason: isExit ? "oco" : "trade_closed")
      } else {
        resize(exit, to: trade.units.magnitude)
      }
    }
    if trade.units.isZero {
      emit(.positionClosed, before, closedBy: order, price: price, realised: trade.realised)
    }
  }

  /// Sets what a working order still has to fill.
  mutating func resize(_ order: Order, to remaining: Quantity) {
    guard order.remainingUnits != remaining else { return }
    var order = order
    order.units = order.filledUnits + remaining
    order.updated = now
    store(order)
    venue.execute(.modify(orderID: order.id, units: remaining))
  }

  /// Keeps what `reduce_only` promises when a position shrinks or turns: working orders that would do more than
  /// close it shrink with it, and end when there is nothing left.
  mutating func trimReducing(_ strategy: String, _ instrument: String) {
    guard let book = strategies[strategy] else { return }
    let held = book.units(instrument)
    for number in book.entries {
      guard let order = memory[number], order.reduceOnly, order.instrument == instrument else { continue }
      if held.signum != -order.side.sign {
        withdraw(number, reason: "nothing_to_reduce")
      } else if order.remainingUnits > held.magnitude {
        resize(order, to: held.magnitude)
      }
    }
  }
}
