import BrokerInterface
import Model
import Trading

/// What must hold, always and in the end.
extension World {
  private mutating func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    if !holds { violations.append(what()) }
  }

  /// After every step.
  mutating func checkStep() {
    if !broker.violations.isEmpty || !believed.violations.isEmpty || !durable.violations.isEmpty {
      violations += broker.violations + believed.violations + durable.violations
      return
    }
    checkPositions()
    checkProtection()
  }

  /// The sub-accounts' positions are what their fills make, and their sums the account's.
  private mutating func checkPositions() {
    var held: [String: Quantity] = [:]
    var open: [String: Amount] = [:]
    for trade in believed.trades.values {
      held["\(trade.strategy) \(trade.instrument)", default: .zero] += trade.units
      open[trade.strategy, default: .zero] += trade.units.multiplied(by: trade.price) ?? .zero
    }
    for (key, units) in believed.positions where held[key] ?? .zero != units {
      violations.append("\(key): the trades hold \(held[key] ?? .zero), the fills \(units)")
    }
    for account in believed.accounts.values {
      let value = (believed.cash[account.strategy] ?? .zero) + (open[account.strategy] ?? .zero)
      require(
        account.realised == value, "\(account.strategy) realised \(account.realised), its fills \(value)")
    }
    // The most expensive of all, so not after each step.
    guard steps % 4 == 0 else { return }
    let whole = core.account(strategy: nil)
    let parts = core.accounts()
    require(
      whole?.equity == parts.reduce(.zero) { $0 + $1.equity }
        && whole?.balance == parts.reduce(.zero) { $0 + $1.balance }
        && whole?.realised == parts.reduce(.zero) { $0 + $1.realised }
        && whole?.unrealised == parts.reduce(.zero) { $0 + $1.unrealised }
        && whole?.fees == parts.reduce(.zero) { $0 + $1.fees }
        && whole?.marginUsed == parts.reduce(.zero) { $0 + $1.marginUsed },
      "the sub-accounts do not sum to the account")
  }

  /// No entry trades more than was admitted, and no order more at the desk than at the broker.
  mutating func checkExposure() {
    for order in durable.orders.values {
      guard let held = broker.orders[order.id] else { continue }
      if order.role == .entry, !order.reduceOnly, held.filled > order.units {
        violations.append("\(order.id) of \(order.units) traded \(held.filled)")
      }
      let booked = believed.filledUnits[held.key] ?? .zero
      require(booked <= held.filled, "\(held.key) traded \(held.filled), and \(booked) is booked")
    }
  }

  /// Each trade has both exits, for as long as the desk thinks that they work or will.
  private mutating func checkProtection() {
    for trade in believed.trades.values where trade.strategy != TradingCore.externalAccount {
      for id in [trade.stopLossOrderID, trade.takeProfitOrderID].compactMap({ $0 }) {
        let exit = believed.orders[Int64(id.split(separator: "-").last ?? "") ?? 0]
        guard exit?.instrument != trade.instrument || exit?.side.sign != -trade.units.signum else { continue }
        require(
          exit?.instrument == trade.instrument && exit?.side.sign == -trade.units.signum,
          "trade \(trade.id) names \(id), which does not protect it")
      }
    }
  }

  /// The desk's state is the journal's.
  mutating func checkBooks(_ place: String) {
    checkExposure()
    let state = core.snapshot
    let tables = believed.snapshot(marketTime: nil)
    require(state.openOrders == tables.openOrders, "\(place): open orders differ from the journal's")
    require(state.trades == tables.trades, "\(place): trades differ from the journal's")
    require(state.accounts == tables.accounts, "\(place): accounts differ from the journal's")
    require(state.flattenings == tables.flattenings, "\(place): flattenings differ from the journal's")
    require(state.nextFillID == tables.nextFillID, "\(place): fills are numbered otherwise")
    for order in believed.orders.values {
      let booked = believed.filledUnits[order.id] ?? .zero
      require(order.filledUnits == booked, "\(order.id) filled \(order.filledUnits), its fills \(booked)")
    }
  }

  /// With a network that works and nobody who trades, desk and broker agree to the last order.
  mutating func checkEnd() {
    require(waiting.isEmpty, "entries wait for the journal for ever")
    let open = core.openOrders().filter { $0.clientOrderID.hasPrefix("ext.") == false }
    for order in open {
      let held = broker.orders[order.id]
      require(
        order.state == .accepted || order.state == .partiallyFilled, "\(order.id) is left \(order.state)")
      require(held?.state == .working, "\(order.id) works here, and is \(held?.state as Any) at the broker")
      require(
        held?.filled == order.filledUnits && held?.terms.units == order.units
          && held?.terms.price == order.price, "\(order.id) has other terms at the broker")
    }
    let known = Set(open.map(\.id))
    for key in broker.working where !key.hasPrefix("ext.") {
      require(known.contains(key), "\(key) works at the broker, and is ended here")
    }
    for instrument in Self.instruments.map(\.name) {
      let ours = core.positions().filter { $0.instrument == instrument }.reduce(Quantity.zero) {
        $0 + $1.units
      }
      let theirs = broker.positions[instrument] ?? .zero
      require(ours == theirs, "\(instrument): the broker holds \(theirs), the books \(ours)")
    }
    let mine = broker.executions.filter { !$0.orderID.hasPrefix("ext.") }.compactMap(\.id)
    for id in mine where !believed.executions.contains(id) { violations.append("execution \(id) is lost") }
    for order in believed.orders.values where order.reason == "never_arrived" {
      require(!arrivals.contains(order.id) || broker.orders[order.id] == nil, "\(order.id) did arrive")
    }
    checkTradesAtTheBroker()
  }

  private mutating func checkTradesAtTheBroker() {
    for trade in believed.trades.values where trade.strategy != TradingCore.externalAccount {
      for id in [trade.stopLossOrderID, trade.takeProfitOrderID] {
        let exit = id.flatMap { broker.orders[$0] }
        require(
          exit?.state == .working && exit.map { $0.terms.units - $0.filled } == trade.units.magnitude,
          "trade \(trade.id) of \(trade.strategy) is left without protection by \(id ?? "an exit")")
      }
    }
  }
}
