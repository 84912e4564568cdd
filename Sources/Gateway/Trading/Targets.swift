import BrokerInterface
public import Model

/// What was done to reach a target.
public struct TargetOutcome: Hashable, Sendable {
  /// The order that closes, the one that opens, or both in that order; none where the target was held already.
  public let orders: [Placement]
  /// What was held before, and what is held now; signed.
  public let before: Quantity
  public let after: Quantity
}

extension TradingCore {
  /// Brings a strategy's position in one instrument to a target at the market: what is too much of the side that is
  /// held is closed, what is missing is opened with a stop loss and a take profit, and a position on the other side is
  /// closed before the new one is opened; all of it or nothing. Working orders are left as they are.
  ///
  /// The same `clientOrderID` with the same target returns the first orders and does nothing. What closes has that id
  /// with `.close` behind it where another order opens. Refused as its orders would be.
  public mutating func reach(
    _ target: PositionTarget, by trader: Trader, now: Timestamp
  ) -> Outcome<TargetOutcome> {
    self.now = now
    let before = self
    do throws(Refusal) {
      guard let book = strategies[trader.strategy] else { throw unknown(trader.strategy) }
      _ = try known(book)
      guard let instrument = board.instrument(target.instrument) else {
        let shown = String(target.instrument.prefix(32))
        throw Refusal("unknown_instrument", "there is no instrument \(shown) here")
      }
      let held = book.units(instrument.name)
      let earlier = try earlierOrders(of: target, trader)
      if !earlier.isEmpty {
        return Outcome(.success(TargetOutcome(orders: earlier, before: held, after: held)), finish())
      }
      try admitTarget(target.units, instrument)
      let placements = try approach(target, held: held, trader)
      let changes = finish()
      let now = strategies[trader.strategy]?.units(instrument.name) ?? .zero
      return Outcome(
        .success(
          TargetOutcome(orders: placements.map { $0.settled(by: changes) }, before: held, after: now)),
        changes)
    } catch {
      self = before
      emitRefusal(error, target.entry(of: target.units, id: target.clientOrderID), trader)
      return Outcome(.failure(error), finish())
    }
  }

  private func admitTarget(_ units: Quantity, _ instrument: Instrument) throws(Refusal) {
    guard units.raw.magnitude <= Cash.maxUnits.raw.magnitude else {
      throw Refusal("amount_out_of_range", "units is \(units): give at most \(Cash.maxUnits)")
    }
    guard units.fits(decimals: instrument.unitsDecimals) else {
      throw Refusal(
        "units_precision",
        "units \(units) of \(instrument.name) may have \(instrument.unitsDecimals) decimals: round it to"
          + " \(units.truncated(decimals: instrument.unitsDecimals))")
    }
  }

  /// The orders that lead from what is held to the target, placed.
  private mutating func approach(
    _ target: PositionTarget, held: Quantity, _ trader: Trader
  ) throws(Refusal) -> [Placement] {
    let isTurn = held.signum * target.units.signum < 0
    let closing = isTurn || target.units.isZero ? held.magnitude : held.magnitude - target.units.magnitude
    let opening = isTurn ? target.units.magnitude : target.units.magnitude - held.magnitude
    var placements: [Placement] = []
    if closing.isPositive {
      try admitClosing(target.instrument)
      let id = target.clientOrderID.map { opening.isPositive ? $0 + ".close" : $0 }
      if let id { try admitClientOrderID(id) }
      let number = closePosition(
        trader, target.instrument, units: closing, reason: nil,
        ticket: CloseTicket(clientOrderID: id, fingerprint: target.fingerprint, tag: target.tag))
      if let order = memory[number] { placements.append(Placement(order: order, isDuplicate: false)) }
    }
    if opening.isPositive {
      let signed = target.units.isNegative ? -opening : opening
      let entry = target.entry(of: signed, id: target.clientOrderID)
      placements.append(try take(entry, trader, fingerprint: target.fingerprint))
    }
    return placements
  }

  private func earlierOrders(of target: PositionTarget, _ trader: Trader) throws(Refusal) -> [Placement] {
    guard let id = target.clientOrderID else { return [] }
    try admitClientOrderID(id)
    var found: [Placement] = []
    for id in [id + ".close", id] {
      guard let order = try find(clientOrderID: id, strategy: trader.strategy) else { continue }
      guard order.fingerprint == target.fingerprint else {
        throw Refusal(
          "client_order_id_reused",
          "client_order_id \(id) belongs to order \(order.id) with another intent: give each target an id of its own"
        )
      }
      found.append(Placement(order: order, isDuplicate: true))
    }
    return found
  }
}

extension PositionTarget {
  /// Everything that makes two targets the same, in canonical text.
  var fingerprint: String {
    func text(_ value: Amount?) -> String { value?.description ?? "-" }
    let fields = ["target", instrument, text(units), text(stopLoss), text(takeProfit)]
    return (fields + [quality.map(String.init) ?? "-", terms.description]).joined(separator: " ")
  }

  /// The market order for signed units.
  func entry(of units: Quantity, id: String?) -> OrderIntent {
    OrderIntent(
      clientOrderID: id, instrument: instrument, side: units.isNegative ? .sell : .buy,
      units: units.magnitude, stopLoss: stopLoss, takeProfit: takeProfit, quality: quality, tag: tag,
      terms: terms)
  }
}
