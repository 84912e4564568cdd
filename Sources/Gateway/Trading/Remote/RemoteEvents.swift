public import BrokerInterface
public import Model

/// What only a broker behind a network does: it takes its time, it may refuse a change, and it has an account of its
/// own, which may hold what this desk did not put there.
extension TradingCore {
  /// The account of what was found at the broker and belongs to no strategy.
  public static let externalAccount = BrokerRequest.foreignAccount

  /// Takes what the broker said; what it causes is in the change set, with the requests that follow from it.
  public mutating func receive(_ message: BrokerMessage, now: Timestamp) -> ChangeSet {
    self.now = now
    venue.receive(message, now: now)
    drain()
    protectTrades()
    return finish()
  }

  /// Asks for the end of a working order: it ends when the broker says so, with this reason.
  mutating func requestCancel(_ before: Order, reason: String) {
    var order = before
    if order.state != .pendingCancel, let state = OrderLife.next(order.state, .cancelRequested) {
      order.state = state
      order.reason = reason
      order.updated = now
      store(order)
    }
    venue.execute(.cancel(orderID: order.id))
  }

  /// The order works with other terms than the desk's.
  mutating func amend(_ before: Order, _ terms: WorkingTerms) {
    let isPart = before.filledUnits.isPositive
    guard let state = OrderLife.next(before.state, .updated, isPartlyFilled: isPart) else { return }
    var order = before
    order.state = state
    order.price = terms.price ?? order.price
    if let limit = terms.limitPrice { order.terms.limitPrice = limit }
    order.units = max(terms.units, order.filledUnits)
    if order.remainingUnits.isZero { order.state = .filled }
    guard order != before else { return }
    order.updated = now
    store(order)
    emit(.orderModified, order)
  }

  mutating func take(_ event: AccountEvent) {
    switch event {
    case .connected: tell(.brokerConnected, [])
    case .disconnected(let reason): tell(.brokerDisconnected, [EventField("reason", .string(reason))])
    case .reconciled(let orders):
      tell(.brokerReconciled, [EventField("open_orders", .int(Int64(orders)))])
    case .foreign(let status): adopt(status)
    case .stray(let id):
      // Given up as never arrived, and it arrived after all. One that is in no journal is left alone: it may well
      // be what protects a position.
      guard let order = memory.order(id: id, prefix: idPrefix), order.state.isFinal else { return }
      venue.execute(.cancel(orderID: id))
    case .positions(let positions): compare(positions)
    }
  }

  private mutating func tell(_ type: DeskEventType, _ fields: [EventField]) {
    emit(type, strategy: "", [EventField("broker", .string(venue.name))] + fields)
  }
}

/// What was found at the broker.
extension TradingCore {
  /// Shows an order that somebody else placed.
  private mutating func adopt(_ status: OrderStatus) {
    guard board.position(of: status.instrument) != nil else { return }
    openExternal()
    let number = takeOrderNumber()
    var order = external(number, status.key, status.instrument, status.side, status.type, status.terms.units)
    order.state = .accepted
    order.price = status.terms.price
    order.filledUnits = .zero
    insert(order)
    venue.restore(order, group: nil)
    emit(.orderAccepted, order)
    guard charter.kill != nil else { return }
    withdraw(number, reason: Guardrail.killSwitch.rawValue)
  }

  /// Compares what the account holds with the sum of the sub-accounts. A difference is booked on the external
  /// account, so that they agree, and told.
  private mutating func compare(_ positions: [BrokerPosition]) {
    var held: [String: Quantity] = [:]
    var prices: [String: Price] = [:]
    for position in positions {
      held[position.instrument, default: .zero] += position.units
      prices[position.instrument] = position.averagePrice
    }
    for instrument in instruments.map(\.name) {
      let ours = strategies.values.reduce(Quantity.zero) { $0 + $1.units(instrument) }
      let difference = (held[instrument] ?? .zero) - ours
      guard !difference.isZero else { continue }
      emit(
        .accountDifference, strategy: Self.externalAccount,
        [
          EventField("broker", .string(venue.name)), EventField("instrument", .string(instrument)),
          EventField("at_broker", .number(held[instrument] ?? .zero)), EventField("in_books", .number(ours)),
        ])
      guard let price = board.quote(instrument)?.mid ?? prices[instrument] else { continue }
      book(instrument, difference, prices[instrument] ?? price)
    }
  }

  private mutating func book(_ instrument: String, _ units: Quantity, _ price: Price) {
    openExternal()
    let number = takeOrderNumber()
    let side = units.isNegative ? Side.sell : .buy
    let key = Self.ownPrefix + String(number)
    var order = external(number, key, instrument, side, .market, units.magnitude)
    order.reason = "account_difference"
    insert(order)
    fill(
      order,
      Execution(
        orderID: order.id, units: units.magnitude, price: price, fee: .zero, time: now, quoteSequence: 0))
  }

  private mutating func openExternal() {
    guard strategies[Self.externalAccount] == nil else { return }
    // Its money is not the desk's to count; only what it gains and loses is.
    strategies[Self.externalAccount] = StrategyBook(name: Self.externalAccount, starting: .zero)
    recorder.accounts.append(Self.externalAccount)
  }

  private func external(
    _ number: Int64, _ key: String, _ instrument: String, _ side: Side, _ type: OrderType, _ units: Quantity
  ) -> Order {
    Order(
      number: number, id: idPrefix + String(number), clientOrderID: key, strategy: Self.externalAccount,
      generation: 0, broker: venue.name, instrument: instrument, side: side, type: type, role: .entry,
      timeInForce: type == .market ? .fok : .gtc, reduceOnly: false, quality: nil,
      mode: heldMode(Self.externalAccount, instrument), tag: nil, created: now, units: units, price: nil,
      stopLoss: nil, takeProfit: nil, updated: now,
      expires: nil)
  }
}

/// What filled beyond what there was to close.
extension TradingCore {
  /// Both exits of a trade may fill where the broker does not link them, and an exit may while its trade is closed:
  /// the rest reduces what else the strategy holds, or is a trade without exits, which is closed.
  mutating func bookSurplus(
    _ order: Order, _ units: Quantity, _ price: Price, _ rate: Amount, _ closed: inout Closed
  ) {
    guard units.isPositive, order.role != .entry || order.reduceOnly else { return }
    let more = reduceOldest(by: order, units, price, rate)
    closed.units += more.units
    closed.realised = Cash.sum(closed.realised, more.realised)
    closed.trade = more.trade ?? closed.trade
    let rest = units - more.units
    guard rest.isPositive else { return }
    var bare = order
    bare.stopLoss = nil
    bare.takeProfit = nil
    bare.terms = OrderTerms()
    closed.trade = openTrade(bare, rest, price)
    nextProtection = now
  }
}
