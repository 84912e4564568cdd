import BrokerInterface
public import Model

extension TradingCore {
  /// Cancels a working order. An exit is not cancelled alone: its trade would stand unprotected.
  ///
  /// Refused with `unknown_order`, `order_final` or `exit_protects_trade`.
  public mutating func cancel(orderID: String, by trader: Trader, now: Timestamp) -> Outcome<Order> {
    self.now = now
    do throws(Refusal) {
      let order = try own(orderID, trader)
      guard !order.state.isFinal else { throw final(order) }
      guard order.role == .entry else {
        throw Refusal(
          "exit_protects_trade",
          "order \(order.id) protects trade \(order.tradeID ?? 0): change it with order.modify, or close the position"
        )
      }
      withdraw(order.number, reason: "requested")
      drain()
      let changes = finish()
      return Outcome(.success(changes.orders.first { $0.number == order.number } ?? order), changes)
    } catch {
      return Outcome(.failure(error), finish())
    }
  }

  /// Changes a working entry's price, stop loss or take profit, an exit's price, or through a filled entry the exits
  /// of its trade.
  ///
  /// Refused with `unknown_order`, `order_final`, `nothing_to_modify`, or as a new order would be.
  public mutating func modify(
    orderID: String, price: Price? = nil, stopLoss: Price? = nil, takeProfit: Price? = nil, by trader: Trader,
    now: Timestamp
  ) -> Outcome<Order> {
    self.now = now
    do throws(Refusal) {
      let order = try own(orderID, trader)
      guard price != nil || stopLoss != nil || takeProfit != nil else {
        throw Refusal("nothing_to_modify", "give a price, a stop_loss or a take_profit")
      }
      guard let instrument = board.instrument(order.instrument) else {
        throw Refusal("unknown_instrument", "there is no instrument \(order.instrument) here")
      }
      for (field, value) in [("price", price), ("stop_loss", stopLoss), ("take_profit", takeProfit)] {
        if let value { try admitPrice(value, field, instrument) }
      }
      switch order.role {
      case .entry where !order.state.isFinal:
        try modifyEntry(order, price: price, stopLoss: stopLoss, takeProfit: takeProfit)
      case .entry:
        try modifyTrade(of: order, price: price, stopLoss: stopLoss, takeProfit: takeProfit)
      case .stopLoss where !order.state.isFinal:
        try modifyExits(of: order, stopLoss: price ?? stopLoss, takeProfit: takeProfit)
      case .takeProfit where !order.state.isFinal:
        try modifyExits(of: order, stopLoss: stopLoss, takeProfit: price ?? takeProfit)
      default: throw final(order)
      }
      drain()
      let changes = finish()
      let last = changes.orders.last { $0.number == order.number } ?? memory[order.number] ?? order
      return Outcome(.success(last), changes)
    } catch {
      return Outcome(.failure(error), finish())
    }
  }

  private func own(_ orderID: String, _ trader: Trader) throws(Refusal) -> Order {
    var found = memory.order(id: orderID, prefix: idPrefix)
    if found == nil { found = try look { (lookup) throws(LookupFailure) in try lookup.order(id: orderID) } }
    guard let order = found, order.strategy == trader.strategy else {
      throw Refusal("unknown_order", "\(trader.strategy) has no order \(orderID.prefix(64)): see orders")
    }
    return order
  }

  private func final(_ order: Order) -> Refusal {
    Refusal("order_final", "order \(order.id) is \(order.state.rawValue) already")
  }

  private mutating func modifyEntry(
    _ before: Order, price: Price?, stopLoss: Price?, takeProfit: Price?
  ) throws(Refusal) {
    var order = before
    if order.reduceOnly, stopLoss != nil || takeProfit != nil {
      throw Refusal("exits_not_allowed", "a reduce_only order carries neither stop_loss nor take_profit")
    }
    order.price = price ?? order.price
    order.stopLoss = stopLoss ?? order.stopLoss
    order.takeProfit = takeProfit ?? order.takeProfit
    let entry = order.price ?? .zero
    try admitSides(
      order.side, stopLoss: order.stopLoss, takeProfit: order.takeProfit, reference: entry,
      "the entry \(entry)",
      "a \(order.side.rawValue) order")
    guard Cash.product(entry, order.remainingUnits) <= Cash.maxNotional else {
      throw Refusal("amount_out_of_range", "units times price may be at most \(Cash.maxNotional)")
    }
    order.updated = now
    store(order)
    emit(.orderModified, order)
    if let price, price != before.price {
      venue.execute(.modify(orderID: order.id, price: price, units: nil))
    }
  }

  private mutating func modifyTrade(
    of entry: Order, price: Price?, stopLoss: Price?, takeProfit: Price?
  ) throws(Refusal) {
    let trades = strategies[entry.strategy]?.positions[entry.instrument] ?? []
    guard entry.state == .filled, price == nil, trades.contains(where: { $0.id == entry.tradeID }) else {
      throw final(entry)
    }
    try modifyExits(of: entry, stopLoss: stopLoss, takeProfit: takeProfit)
    guard var order = memory[entry.number] else { return }
    order.stopLoss = stopLoss ?? order.stopLoss
    order.takeProfit = takeProfit ?? order.takeProfit
    order.updated = now
    store(order)
    emit(.orderModified, order)
  }

  private mutating func modifyExits(
    of order: Order, stopLoss: Price?, takeProfit: Price?
  ) throws(Refusal) {
    let trades = strategies[order.strategy]?.positions[order.instrument] ?? []
    guard let trade = trades.first(where: { $0.id == order.tradeID }) else { throw final(order) }
    guard let quote = board.quote(trade.instrument) else {
      throw Refusal("no_quote", "there is no quote of \(trade.instrument) yet: wait for the first one")
    }
    let isLong = !trade.units.isNegative
    let market = isLong ? quote.bid : quote.ask
    try admitSides(
      isLong ? .buy : .sell, stopLoss: stopLoss, takeProfit: takeProfit, reference: market,
      "the current \(isLong ? "bid" : "ask") \(market)", "a \(isLong ? "long" : "short") trade")
    reprice(trade.stopLossOrderID, stopLoss)
    reprice(trade.takeProfitOrderID, takeProfit)
    recorder.trades.append(
      Recorder.TradeKey(id: trade.id, strategy: trade.strategy, instrument: trade.instrument))
  }

  private mutating func reprice(_ id: String?, _ price: Price?) {
    guard let id, let price, var order = memory.order(id: id, prefix: idPrefix), !order.state.isFinal,
      order.price != price
    else { return }
    order.price = price
    order.updated = now
    store(order)
    emit(.orderModified, order)
    venue.execute(.modify(orderID: id, price: price, units: nil))
  }
}
