import BrokerInterface
public import Model

/// Giving a working order other units, and putting another order in its place.
extension TradingCore {
  /// The units that a working entry may be changed to: what an order of that size would be admitted with now. Fewer
  /// units are always taken; more are asked what a new order is asked.
  func admitUnits(_ units: Quantity, of order: Order) throws(Refusal) -> Quantity {
    guard let instrument = board.instrument(order.instrument) else {
      throw Refusal("unknown_instrument", "there is no instrument \(order.instrument) here")
    }
    try admitUnits(units, order.price, instrument)
    guard units > order.filledUnits else {
      throw Refusal(
        "units_below_filled",
        "order \(order.id) has filled \(order.filledUnits) units: give more than that, or cancel what is left of it"
      )
    }
    guard units > order.units else { return units }
    guard let book = strategies[order.strategy] else { throw unknown(order.strategy) }
    let capabilities = try known(book)
    let rest = intent(of: order, units: units - order.filledUnits)
    if order.reduceOnly { return order.filledUnits + (try admitReduction(rest, book)) }
    try admitTrading(rest, book)
    try admitSession(rest)
    try admitCapabilities(rest, capabilities, book)
    try admitDailyLoss(capabilities, order.mode, book)
    if let entry = order.terms.limitPrice ?? order.price {
      try admitExposure(order.side, units - order.units, instrument, entry, order.mode, book)
      try admitMargin(order.side, rest.units, instrument, entry, book)
    }
    return units
  }

  /// What would have to be asked for to get the rest of a working order.
  private func intent(of order: Order, units: Quantity) -> OrderIntent {
    OrderIntent(
      instrument: order.instrument, side: order.side, type: order.type, units: units, price: order.price,
      stopLoss: order.stopLoss, takeProfit: order.takeProfit, timeInForce: order.timeInForce,
      reduceOnly: order.reduceOnly, quality: order.quality, expires: order.expires, terms: order.terms)
  }

  /// Puts an order in the place of a working entry: the old one is cancelled with reason `replaced` and the new one
  /// placed, both or neither. What of the old one has filled stays; the new one has units of its own.
  ///
  /// The same `clientOrderID` with the same intent returns the first order that took its place. Refused with
  /// `unknown_order`, `order_final`, `exit_protects_trade`, or as a new order would be.
  public mutating func replace(
    orderID: String, with intent: OrderIntent, by trader: Trader, now: Timestamp
  ) -> Outcome<Placement> {
    self.now = now
    let before = self
    do throws(Refusal) {
      if let first = try earlier(intent.clientOrderID, trader, fingerprint: intent.fingerprint) {
        return Outcome(.success(Placement(order: first, isDuplicate: true)), finish())
      }
      let order = try cancellable(orderID, trader)
      guard !venue.isRemote else {
        // It may fill before it is cancelled, and then both would be held.
        throw Refusal(
          "not_supported",
          "\(venue.name) cannot cancel and place in one step: cancel \(order.id), and place the new one when it has ended"
        )
      }
      withdraw(order.number, reason: "replaced")
      drain()
      let placement = try take(intent, trader)
      let changes = finish()
      return Outcome(.success(placement.settled(by: changes)), changes)
    } catch {
      self = before
      emitRefusal(error, intent, trader)
      return Outcome(.failure(error), finish())
    }
  }
}
