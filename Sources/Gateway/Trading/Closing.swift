import BrokerInterface
public import Model

/// Closing positions on request, whole or in part.
extension TradingCore {
  /// Closes a strategy's position in one instrument at the market, or `units` of it, the oldest trades first; exits of
  /// what is closed are cancelled, those of what stays shrink with it.
  ///
  /// Returns the closing order, nil when there is no position. More units than there are close all of it. Pause and
  /// mode do not stop it. The same `clientOrderID` with the same request returns the first order and does nothing.
  ///
  /// Refused with `unknown_instrument`, `market_closed`, `no_quote`, and as the units of an order would be.
  public mutating func close(
    instrument: String, units: Quantity? = nil, clientOrderID: String? = nil, by trader: Trader,
    now: Timestamp
  ) -> Outcome<Order?> {
    self.now = now
    do throws(Refusal) {
      guard let book = strategies[trader.strategy] else { throw unknown(trader.strategy) }
      let fingerprint = ["close", instrument, units?.description ?? "all"].joined(separator: " ")
      if let first = try earlier(clientOrderID, trader, fingerprint: fingerprint) {
        return Outcome(.success(first), finish())
      }
      guard let rules = board.instrument(instrument) else {
        throw Refusal("unknown_instrument", "there is no instrument \(instrument.prefix(32)) here")
      }
      if let units { try admitPart(units, rules) }
      guard book.positions[instrument] != nil else { return Outcome(.success(nil), finish()) }
      try admitClosing(instrument)
      let number = closePosition(
        trader, instrument, units: units, reason: nil,
        ticket: CloseTicket(clientOrderID: clientOrderID, fingerprint: fingerprint))
      let changes = finish()
      return Outcome(.success(changes.orders.first { $0.number == number }), changes)
    } catch {
      return Outcome(.failure(error), finish())
    }
  }

  private func admitPart(_ units: Quantity, _ instrument: Instrument) throws(Refusal) {
    guard units.isPositive, units <= Cash.maxUnits else {
      throw Refusal(
        "amount_out_of_range",
        "units is \(units): give more than 0, whatever the side of the position, and at most \(Cash.maxUnits)"
      )
    }
    guard units.fits(decimals: instrument.unitsDecimals) else {
      throw Refusal(
        "units_precision",
        "units \(units) of \(instrument.name) may have \(instrument.unitsDecimals) decimals: round it to"
          + " \(units.truncated(decimals: instrument.unitsDecimals))")
    }
  }

  /// Whether anything can be closed at the market now.
  func admitClosing(_ instrument: String) throws(Refusal) {
    if feedHasEnded {
      throw Refusal("market_closed", "the feed has ended: no order can trade any more")
    }
    guard board.quote(instrument) != nil else {
      throw Refusal("no_quote", "there is no quote of \(instrument) yet: wait for the first one")
    }
  }

  /// Sends the order that closes a position, `units` of it, or one trade of it; its instrument has a quote.
  @discardableResult
  mutating func closePosition(
    _ trader: Trader, _ instrument: String, trade: Trade? = nil, units: Quantity? = nil, reason: String?,
    ticket: CloseTicket = CloseTicket()
  ) -> Int64 {
    if let order = closing(trader.strategy, instrument, trade) { return order.number }
    let held = trade?.units ?? unitsToClose(trader.strategy, instrument)
    let number = takeOrderNumber()
    var order = Order(
      number: number, id: orderID(number, trader),
      clientOrderID: ticket.clientOrderID ?? Self.ownPrefix + String(number), strategy: trader.strategy,
      generation: trader.generation, broker: venue.name, instrument: instrument,
      side: held.isNegative ? .buy : .sell, type: .market, role: .close, timeInForce: .fok, reduceOnly: true,
      quality: nil, mode: heldMode(trader.strategy, instrument), tag: ticket.tag, created: now,
      units: min(units ?? held.magnitude, held.magnitude), price: nil, stopLoss: nil, takeProfit: nil,
      tradeID: trade?.id, updated: now, expires: nil, fingerprint: ticket.fingerprint,
      placedBy: trader.person, route: trader.route)
    order.reason = reason
    insert(order)
    venue.execute(.place(order, group: nil))
    drain()
    return number
  }
}

/// By what a closing order is known to those who asked for it.
struct CloseTicket {
  /// Nil: the gateway makes one.
  var clientOrderID: String?
  var fingerprint = ""
  var tag: String?
}
