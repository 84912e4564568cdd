import BrokerInterface
import Model

/// What the broker says about orders, and what the desk does about it.
extension TradingCore {
  /// Reads the broker's events until there are none left, each with everything that it causes.
  mutating func drain() {
    while let event = venue.nextEvent() { take(event) }
  }

  private mutating func take(_ event: BrokerEvent) {
    if case .account(let event) = event { return take(event) }
    guard let order = event.orderID.flatMap({ memory.order(id: $0, prefix: idPrefix) }) else { return }
    switch event {
    case .account: break
    case .accepted:
      change(order, .accepted)
      if order.role == .entry || order.role == .close { emit(.orderAccepted, order) }
    case .lost: change(order, .replyLost)
    case .updating: change(order, .updateRequested)
    case .amended(_, let terms): amend(order, terms)
    case .triggered: change(order, .triggered)
    case .repriced(_, let price): follow(order, to: price)
    case .reached: admitFill(order)
    case .replaced: change(order, .updated)
    case .filled(let execution): fill(order, execution)
    case .cancelled(_, let reason, _): end(order, .cancelled, reason)
    case .rejected(_, let reason, _): end(order, .rejected, reason)
    case .expired(_, let reason, _): end(order, .expired, reason)
    }
  }

  var idPrefix: String { venue.name + "-" }

  /// Stores a new value of an order.
  mutating func store(_ order: Order) {
    memory.update(order)
    recorder.orders.append(order.number)
    if order.state.isFinal { withStrategy(order.strategy) { $0.removeOpen(order) } }
  }

  private mutating func change(_ order: Order, _ what: OrderChange) {
    let partly = order.filledUnits.isPositive
    guard let state = OrderLife.next(order.state, what, isPartlyFilled: partly), state != order.state else {
      return
    }
    var order = order
    order.state = state
    order.updated = now
    store(order)
  }

  /// Ends an order without a fill; nothing when it has ended already.
  mutating func end(_ order: Order, _ what: OrderChange, _ reason: String) {
    guard let state = OrderLife.next(order.state, what) else { return }
    var order = order
    // Where its end was asked for, the reason is known already.
    order.reason = venue.isRemote && order.state == .pendingCancel ? order.reason ?? reason : reason
    order.state = state
    order.updated = now
    store(order)
    let type: DeskEventType =
      state == .expired ? .orderExpired : state == .rejected ? .orderRejected : .orderCancelled
    emit(type, order)
  }

  /// Withdraws a working order from the venue and ends it, with the desk's reason rather than the venue's.
  mutating func withdraw(_ number: Int64, _ what: OrderChange = .cancelled, reason: String) {
    guard let order = memory[number], !order.state.isFinal else { return }
    if venue.isRemote { return requestCancel(order, reason: reason) }
    venue.execute(.cancel(orderID: order.id))
    end(order, what, reason)
  }

  /// The market moved a stop. The exits of an entry that follows the market keep their distance from it.
  private mutating func follow(_ before: Order, to price: Price) {
    var order = before
    if order.role == .entry, let old = order.price, let tick = board.instrument(order.instrument)?.tick {
      order.stopLoss = order.stopLoss.map { max($0 + (price - old), tick) }
      order.takeProfit = order.takeProfit.map { max($0 + (price - old), tick) }
    }
    order.price = price
    order.updated = now
    store(order)
    // Once; every step of a trailing stop would drown the other events.
    if order.role == .stopLoss, price == order.terms.reference { emit(.orderModified, order) }
  }

  // MARK: - Fills

  mutating func fill(_ before: Order, _ execution: Execution) {
    var order = before
    // What traded has traded, whatever the desk had asked for meanwhile.
    if venue.isRemote { order.units = max(order.units, order.filledUnits + execution.units) }
    let units = min(execution.units, order.remainingUnits)
    let isWhole = units == order.remainingUnits
    guard units.isPositive, let state = OrderLife.next(order.state, isWhole ? .filled : .filledInPart) else {
      return
    }
    order.averagePrice = average(order, units, execution.price)
    order.filledUnits += units
    order.state = state
    order.updated = now

    let rate = bookingRate(order.instrument)
    let fee = Cash.money(execution.fee, rate: rate)
    store(order)
    var closed = Closed()
    if order.role == .entry || order.role == .close {
      emit(isWhole ? .orderFilled : .orderPartiallyFilled, order)
      closed =
        before.role == .close && before.tradeID != nil
        ? reduceOwn(of: order, units, execution.price, rate)
        : reduceOldest(by: order, units, execution.price, rate)
      let rest = units - closed.units
      if rest.isPositive && !order.reduceOnly {
        closed.trade = openTrade(order, rest, execution.price)
      }
      order.tradeID = closed.trade ?? order.tradeID
      store(order)
    } else {
      emit(isWhole ? .orderFilled : .orderPartiallyFilled, order)
      closed = reduceOwn(of: order, units, execution.price, rate)
    }
    if venue.isRemote { bookSurplus(order, units - closed.units, execution.price, rate, &closed) }
    record(order, units, execution, fee: fee, closed)
    trimReducing(order.strategy, order.instrument)
    staleMargins.insert(order.strategy)
  }

  private mutating func record(
    _ order: Order, _ units: Quantity, _ execution: Execution, fee: Money, _ closed: Closed
  ) {
    recorder.fills.append(
      Fill(
        id: nextFillID, orderID: order.id, strategy: order.strategy, broker: order.broker,
        instrument: order.instrument, side: order.side, role: order.role, units: units,
        price: execution.price, fee: fee, realised: closed.realised, tradeID: closed.trade,
        quoteSequence: execution.quoteSequence, time: now, executionID: execution.id))
    nextFillID += 1
    withStrategy(order.strategy) {
      $0.account.fees = Cash.sum($0.account.fees, fee)
      $0.account.realised = Cash.sum($0.account.realised, closed.realised)
      $0.account.fills += 1
    }
    recorder.accounts.append(order.strategy)
  }

  private func average(_ order: Order, _ units: Quantity, _ price: Price) -> Price {
    guard let before = order.averagePrice, order.filledUnits.isPositive else { return price }
    let sum = Cash.sum(Cash.product(before, order.filledUnits), Cash.product(price, units))
    return sum.divided(by: order.filledUnits + units) ?? price
  }
}
