import Model
import Testing
import Trading

/// What must hold after every step.
extension World {
  func check(_ place: String) {
    let comment = Comment(rawValue: place)
    let state = core.snapshot
    #expect(state.openOrders == journal.snapshot(marketTime: nil).openOrders, comment)
    #expect(state.trades == journal.trades.values.sorted { $0.id < $1.id }, comment)
    #expect(state.flattenings == journal.flattenings.values.sorted { $0.strategy < $1.strategy }, comment)
    #expect(state.accounts == journal.accounts.values.sorted { $0.strategy < $1.strategy }, comment)
    checkPositions(comment)
    checkExits(state, comment)
    checkMoney(comment)
  }

  private func checkPositions(_ comment: Comment) {
    var fromFills: [String: Amount] = [:]
    for fill in journal.fills {
      let signed = fill.side == .buy ? fill.units : -fill.units
      fromFills["\(fill.strategy) \(fill.instrument)", default: .zero] += signed
    }
    var stored: [String: Amount] = [:]
    for position in core.positions() {
      stored["\(position.strategy) \(position.instrument)"] = position.units
    }
    #expect(stored == fromFills.filter { !$0.value.isZero }, comment)
    var byOrder: [String: Amount] = [:]
    for fill in journal.fills { byOrder[fill.orderID, default: .zero] += fill.units }
    for order in journal.orders.values {
      #expect(order.filledUnits == byOrder[order.id] ?? .zero, comment)
      #expect(order.remainingUnits.isZero == (order.state == .filled), comment)
    }
    #expect(journal.fills.indices.allSatisfy { journal.fills[$0].id == Int64($0) + 1 }, comment)
    checkOrders(comment)
  }

  /// No order is in a state that it cannot be in, and what only reduces never did more.
  private func checkOrders(_ comment: Comment) {
    #expect(journal.changedAfterTheEnd.isEmpty, comment)
    for order in journal.orders.values {
      let isPart = order.filledUnits.isPositive && order.remainingUnits.isPositive
      #expect(!order.filledUnits.isNegative && !order.remainingUnits.isNegative, comment)
      switch order.state {
      case .submitted: #expect(latency > 0 && order.role == .entry && order.filledUnits.isZero, comment)
      case .accepted: #expect(!isPart, comment)
      case .triggered: #expect(order.type.isStop && order.filledUnits.isZero, comment)
      case .partiallyFilled: #expect(isSized && isPart, comment)
      case .filled, .cancelled, .expired: break
      default: Issue.record("\(order.id) is \(order.state)")
      }
    }
    var held: [String: Amount] = [:]
    for fill in journal.fills {
      let key = "\(fill.strategy) \(fill.instrument)"
      let before = held[key] ?? .zero
      let after = before + (fill.side == .buy ? fill.units : -fill.units)
      held[key] = after
      guard journal.reduceOnly.contains(fill.orderID) else { continue }
      #expect(after.magnitude < before.magnitude && after.signum != -before.signum, comment)
    }
    // Of the exits of one trade only one fills to the end.
    let ends = journal.orders.values.filter { $0.state == .filled && $0.isExit }.compactMap(\.tradeID)
    #expect(Set(ends).count == ends.count, comment)
  }

  /// Each trade has a stop loss and a take profit of its size, and no exit is without its trade.
  private func checkExits(_ state: TradingSnapshot, _ comment: Comment) {
    let orders = Dictionary(uniqueKeysWithValues: state.openOrders.map { ($0.id, $0) })
    for trade in state.trades {
      #expect(trade.stopLossOrderID != nil, comment)
      for (id, role) in [(trade.stopLossOrderID, OrderRole.stopLoss), (trade.takeProfitOrderID, .takeProfit)]
      where id != nil {
        let exit = id.flatMap { orders[$0] }
        #expect(exit?.role == role && exit?.remainingUnits == trade.units.magnitude, comment)
        #expect(exit?.side.sign == -trade.units.signum && exit?.state.isFinal == false, comment)
        #expect(isSized || exit?.state == .accepted, comment)
      }
    }
    let exits = state.openOrders.filter { $0.role == .stopLoss || $0.role == .takeProfit }
    // A take profit may have been given up; its stop loss follows the market then.
    let givenUp = state.trades.filter { $0.takeProfitOrderID == nil }
    #expect(exits.count == state.trades.count * 2 - givenUp.count, comment)
    #expect(
      givenUp.allSatisfy { $0.stopLossOrderID.flatMap { orders[$0] }?.terms.trail != nil }, comment)
    for order in state.openOrders where order.reduceOnly && order.role == .entry {
      let held =
        core.positions(strategy: order.strategy).first { $0.instrument == order.instrument }?.units ?? .zero
      #expect(held.signum == -order.side.sign && order.remainingUnits <= held.magnitude, comment)
    }
  }

  private func checkMoney(_ comment: Comment) {
    for account in core.accounts() {
      let fills = journal.fills.filter { $0.strategy == account.strategy }
      #expect(account.realised == fills.reduce(.zero) { $0 + $1.realised }, comment)
      #expect(account.fees == fills.reduce(.zero) { $0 + $1.fee }, comment)
      let unrealised = core.positions(strategy: account.strategy).reduce(Money.zero) { $0 + $1.unrealised }
      #expect(account.unrealised == unrealised, comment)
      #expect(account.balance == 10_000 + account.realised - account.fees, comment)
      #expect(account.equity == account.balance + account.unrealised, comment)
      #expect(!account.marginUsed.isNegative, comment)
    }
    let whole = core.account(strategy: nil)
    #expect(whole?.equity == core.accounts().reduce(.zero) { $0 + $1.equity }, comment)
    #expect(whole?.marginUsed == core.accounts().reduce(.zero) { $0 + $1.marginUsed }, comment)
    #expect(whole?.openOrders == core.openOrders().count, comment)
  }
}
