import Model
import Trading

/// What the journal's tables would hold: change sets applied in order.
struct Tables {
  var orders: [Int64: Order] = [:]
  var open: Set<Int64> = []
  var fills: [Fill] = []
  var trades: [Int64: Trade] = [:]
  var accounts: [String: SubAccount] = [:]
  var rates: [String: Amount] = [:]
  var flattenings: [String: Flattening] = [:]
  /// By account and instrument, from the fills alone.
  var positions: [String: Quantity] = [:]
  /// What was paid (negative) and received for it, by account.
  var cash: [String: Amount] = [:]
  var filledUnits: [String: Quantity] = [:]
  var executions: Set<String> = []
  var lastTrade: Int64 = 0
  var violations: [String] = []

  mutating func take(_ changes: ChangeSet) {
    for order in changes.orders {
      if let before = orders[order.number], before.state.isFinal, before.state != order.state {
        violations.append("\(order.id) was \(before.state) and became \(order.state)")
      }
      orders[order.number] = order
      if order.state.isFinal { open.remove(order.number) } else { open.insert(order.number) }
    }
    for fill in changes.fills { take(fill) }
    for trade in changes.trades {
      trades[trade.id] = trade
      lastTrade = max(lastTrade, trade.id)
    }
    for id in changes.closedTrades {
      trades[id] = nil
      lastTrade = max(lastTrade, id)
    }
    for account in changes.accounts { accounts[account.strategy] = account }
    for rate in changes.rates { rates[rate.currency] = rate.rate }
    for item in changes.flattenings { flattenings[item.strategy] = item }
    for name in changes.endedFlattenings { flattenings[name] = nil }
  }

  private mutating func take(_ fill: Fill) {
    fills.append(fill)
    let signed = fill.side == .buy ? fill.units : -fill.units
    positions["\(fill.strategy) \(fill.instrument)", default: .zero] += signed
    cash[fill.strategy, default: .zero] -= signed.multiplied(by: fill.price) ?? .zero
    filledUnits[fill.orderID, default: .zero] += fill.units
    if let id = fill.executionID, !executions.insert(id).inserted {
      violations.append("execution \(id) of \(fill.orderID) was booked twice")
    }
    if fill.id != Int64(fills.count) { violations.append("fill \(fill.id) is number \(fills.count)") }
  }

  /// What a gateway that starts from these tables is given.
  func snapshot(marketTime: Timestamp?) -> TradingSnapshot {
    let finals = orders.keys.filter { !open.contains($0) }.sorted().suffix(200)
    return TradingSnapshot(
      openOrders: open.sorted().compactMap { orders[$0] }, recentOrders: finals.compactMap { orders[$0] },
      trades: trades.values.sorted { $0.id < $1.id },
      accounts: accounts.values.sorted { $0.strategy < $1.strategy },
      rates: rates.sorted { $0.key < $1.key }.map { ConversionRate(currency: $0.key, rate: $0.value) },
      flattenings: flattenings.values.sorted { $0.strategy < $1.strategy },
      executions: fills.compactMap(\.executionID), nextOrderNumber: (orders.keys.max() ?? 0) + 1,
      nextFillID: Int64(fills.count) + 1, nextTradeID: lastTrade + 1, marketTime: marketTime)
  }
}
