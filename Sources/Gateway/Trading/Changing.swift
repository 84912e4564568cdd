import BrokerInterface
public import Model

extension TradingCore {
  /// Cancels a working order. An exit is not cancelled alone: its trade would stand unprotected.
  ///
  /// Refused with `unknown_order`, `order_final` or `exit_protects_trade`.
  public mutating func cancel(orderID: String, by trader: Trader, now: Timestamp) -> Outcome<Order> {
    self.now = now
    do throws(Refusal) {
      let order = try cancellable(orderID, trader)
      withdraw(order.number, reason: "requested")
      drain()
      let changes = finish()
      return Outcome(.success(changes.orders.first { $0.number == order.number } ?? order), changes)
    } catch {
      return Outcome(.failure(error), finish())
    }
  }

  /// Changes a working entry's prices and units, an exit's price, or through an entry that has filled the exits of its
  /// trades, both in one step. `units` are all of the order's, what has filled included; it keeps its age.
  ///
  /// Refused with `unknown_order`, `order_final`, `nothing_to_modify`, `already_triggered`, `units_not_allowed` (of
  /// exits), `units_below_filled`, or as a new order would be.
  public mutating func modify(
    orderID: String, price: Price? = nil, limitPrice: Price? = nil, stopLoss: Price? = nil,
    takeProfit: Price? = nil, units: Quantity? = nil, by trader: Trader, now: Timestamp
  ) -> Outcome<Order> {
    self.now = now
    do throws(Refusal) {
      let order = try own(orderID, trader)
      guard price != nil || limitPrice != nil || stopLoss != nil || takeProfit != nil || units != nil else {
        throw Refusal("nothing_to_modify", "give a price, a limit_price, units, a stop_loss or a take_profit")
      }
      if units != nil, order.role != .entry {
        throw Refusal(
          "units_not_allowed",
          "the units of order \(order.id) are those of its trade: close a part of the position to shrink both"
        )
      }
      if limitPrice != nil, order.type != .stopLimit {
        throw Refusal(
          "limit_price_not_allowed", "limit_price is for a stop_limit order, not for a \(order.type.rawValue)"
        )
      }
      guard let instrument = board.instrument(order.instrument) else {
        throw Refusal("unknown_instrument", "there is no instrument \(order.instrument) here")
      }
      for (field, value) in [
        ("price", price), ("limit_price", limitPrice), ("stop_loss", stopLoss), ("take_profit", takeProfit),
      ] {
        if let value { try admitPrice(value, field, instrument) }
      }
      switch order.role {
      case .entry where !order.state.isFinal:
        try modifyEntry(
          order, price: price, limitPrice: limitPrice, stopLoss: stopLoss, takeProfit: takeProfit,
          units: units)
      case .entry:
        guard price == nil, limitPrice == nil, units == nil else { throw final(order) }
        try modifyTrades(of: order, stopLoss: stopLoss, takeProfit: takeProfit)
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

  /// A working order that may end without a trade losing its protection.
  func cancellable(_ orderID: String, _ trader: Trader) throws(Refusal) -> Order {
    let order = try own(orderID, trader)
    guard !order.state.isFinal else { throw final(order) }
    guard order.role == .entry else {
      throw Refusal(
        "exit_protects_trade",
        "order \(order.id) protects trade \(order.tradeID ?? 0): change it with order.modify, or close the position"
      )
    }
    return order
  }

  func own(_ orderID: String, _ trader: Trader) throws(Refusal) -> Order {
    var found = memory.order(id: orderID, prefix: idPrefix)
    if found == nil { found = try look { (lookup) throws(LookupFailure) in try lookup.order(id: orderID) } }
    guard let order = found, order.strategy == trader.strategy else {
      throw Refusal("unknown_order", "\(trader.strategy) has no order \(orderID.prefix(64)): see orders")
    }
    return order
  }

  func final(_ order: Order) -> Refusal {
    Refusal("order_final", "order \(order.id) is \(order.state.rawValue) already")
  }

  private mutating func modifyEntry(
    _ before: Order, price: Price?, limitPrice: Price?, stopLoss: Price?, takeProfit: Price?,
    units: Quantity?
  ) throws(Refusal) {
    var order = before
    if price != nil, order.type == .trailingStop {
      throw Refusal("price_not_allowed", "the price of a trailing_stop follows the market")
    }
    if price != nil, order.type == .stopLimit, order.state != .accepted, order.state != .submitted {
      throw Refusal(
        "already_triggered",
        "order \(order.id) works as a limit since the market reached its price: change limit_price"
      )
    }
    if order.reduceOnly, stopLoss != nil || takeProfit != nil {
      throw Refusal("exits_not_allowed", "a reduce_only order carries neither stop_loss nor take_profit")
    }
    try admitCollar(price, "price", board.quote(order.instrument), order.mode)
    try admitCollar(limitPrice, "limit_price", board.quote(order.instrument), order.mode)
    order.price = price ?? order.price
    order.stopLoss = stopLoss ?? order.stopLoss
    order.takeProfit = takeProfit ?? order.takeProfit
    if let limitPrice { order.terms.limitPrice = limitPrice }
    if let units { order.units = try admitUnits(units, of: order) }
    for (name, entry) in [("entry", order.price), ("limit_price", order.terms.limitPrice)] {
      guard let entry else { continue }
      try admitSides(
        order.side, stopLoss: order.stopLoss, takeProfit: order.takeProfit, reference: entry,
        "the \(name) \(entry)", "a \(order.side.rawValue) order")
      guard Cash.product(entry, order.remainingUnits) <= Cash.maxNotional else {
        throw Refusal("amount_out_of_range", "units times price may be at most \(Cash.maxNotional)")
      }
    }
    if stopLoss != nil || takeProfit != nil, !trades(of: order).isEmpty {
      try modifyExits(trades(of: order), stopLoss: stopLoss, takeProfit: takeProfit)
    }
    order.updated = now
    store(order)
    emit(.orderModified, order)
    let isResized = order.units != before.units
    if isResized || order.price != before.price || order.terms.limitPrice != before.terms.limitPrice {
      venue.execute(
        .modify(
          orderID: order.id, price: order.price, limitPrice: order.terms.limitPrice,
          units: isResized ? order.remainingUnits : nil))
    }
  }

  /// The open trades that an entry opened: one for each time it filled.
  private func trades(of entry: Order) -> [Trade] {
    strategies[entry.strategy]?.positions[entry.instrument]?.filter { $0.entryOrderID == entry.id } ?? []
  }

  private mutating func modifyTrades(
    of entry: Order, stopLoss: Price?, takeProfit: Price?
  ) throws(Refusal) {
    let trades = trades(of: entry)
    guard !trades.isEmpty else { throw final(entry) }
    try modifyExits(trades, stopLoss: stopLoss, takeProfit: takeProfit)
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
    guard let id = order.tradeID,
      let trade = strategies[order.strategy]?.positions[order.instrument]?[trade: id]
    else { throw final(order) }
    try modifyExits([trade], stopLoss: stopLoss, takeProfit: takeProfit)
  }

  /// Changes the exits of trades of one instrument and side; all are looked at before the first is changed.
  private mutating func modifyExits(
    _ trades: [Trade], stopLoss: Price?, takeProfit: Price?
  ) throws(Refusal) {
    guard let trade = trades.first else { return }
    guard let quote = board.quote(trade.instrument) else {
      throw Refusal("no_quote", "there is no quote of \(trade.instrument) yet: wait for the first one")
    }
    let isLong = !trade.units.isNegative
    let market = isLong ? quote.bid : quote.ask
    try admitSides(
      isLong ? .buy : .sell, stopLoss: stopLoss, takeProfit: takeProfit, reference: market,
      "the current \(isLong ? "bid" : "ask") \(market)", "a \(isLong ? "long" : "short") trade")
    if takeProfit != nil, trades.allSatisfy({ $0.takeProfitOrderID == nil }) {
      throw Refusal(
        "no_take_profit",
        "the take profit of trade \(trade.id) was given up: its stop loss follows the market now")
    }
    for trade in trades {
      reprice(trade.stopLossOrderID, stopLoss)
      reprice(trade.takeProfitOrderID, takeProfit)
      recorder.trades.append(
        Recorder.TradeKey(id: trade.id, strategy: trade.strategy, instrument: trade.instrument))
    }
  }

  private mutating func reprice(_ id: String?, _ price: Price?) {
    guard let id, let price, var order = memory.order(id: id, prefix: idPrefix), !order.state.isFinal,
      order.price != price
    else { return }
    order.price = price
    order.updated = now
    store(order)
    emit(.orderModified, order)
    venue.execute(.modify(orderID: id, price: price))
  }
}
