import BrokerInterface
import Model

/// How often the protection of a trade was mended, and when it is looked at again.
struct ProtectionTry: Hashable, Sendable {
  var count = 0
  var next: Timestamp
}

/// Keeps every trade protected at a broker that may refuse, lose or end an exit.
///
/// Each exit that is gone is replaced by a new order; after a few the trade is closed at the market, for a trade
/// without its stop is worse than none. Units that filled beyond what there was to close are a trade without exits,
/// and are closed at once.
extension TradingCore {
  private static let triesMax = 3
  private static let interval: Int64 = 1
  private static let longestPause: Int64 = 300

  /// Looks after the trades, once a second at the most.
  mutating func protectTrades() {
    guard venue.isRemote, now >= nextProtection else { return }
    nextProtection = now.advanced(seconds: Self.interval)
    cancelOrphans()
    for book in sortedBooks where book.name != Self.externalAccount {
      for instrument in book.instrumentsHeld {
        for trade in book.trades(instrument) { protect(trade) }
      }
    }
    drain()
  }

  /// Exits whose trade is gone, and orders that have outlived their time.
  private mutating func cancelOrphans() {
    for order in openOrders().reversed() where order.state != .pendingCancel {
      if order.isExit {
        let trades = strategies[order.strategy]?.trades(order.instrument) ?? []
        let owner = trades.first { $0.stopLossOrderID == order.id || $0.takeProfitOrderID == order.id }
        if owner == nil { withdraw(order.number, reason: "trade_closed") }
      } else if let expires = order.expires, expires < now, order.strategy != Self.externalAccount {
        withdraw(order.number, reason: "expired")
      }
    }
  }

  private mutating func protect(_ trade: Trade) {
    guard !isClosing(trade) else { return }
    let exits = [trade.stopLossOrderID, trade.takeProfitOrderID].map { id in
      id.flatMap { memory.order(id: $0, prefix: idPrefix) }
    }
    for case .some(let exit) in exits where !exit.state.isFinal {
      // What is on its way is looked at when it has arrived.
      if exit.state != .pendingUpdate, exit.state != .pendingCancel, exit.state != .unknown {
        resize(exit, to: trade.units.magnitude)
      }
    }
    let gone = exits.compactMap { $0 }.filter { $0.state.isFinal || $0.state == .pendingCancel }
    guard !gone.isEmpty || exits.allSatisfy({ $0 == nil }) else { return }
    let tried = protections[trade.id] ?? ProtectionTry(next: now)
    guard now >= tried.next else { return }
    let pause = min(Int64(1) << min(tried.count, 10), Self.longestPause)
    protections[trade.id] = ProtectionTry(count: tried.count + 1, next: now.advanced(seconds: pause))
    guard tried.count < Self.triesMax, !gone.isEmpty else { return giveUp(trade, isSurplus: gone.isEmpty) }
    for exit in gone { replace(exit, of: trade) }
  }

  private mutating func giveUp(_ trade: Trade, isSurplus: Bool) {
    let reason = isSurplus ? "surplus" : "unprotected"
    emit(
      .protectionFailed, strategy: trade.strategy,
      [
        EventField("strategy", .string(trade.strategy)), EventField("trade_id", .int(trade.id)),
        EventField("instrument", .string(trade.instrument)),
        EventField("units", .number(trade.units.magnitude)), EventField("reason", .string(reason)),
      ])
    closePosition(
      lastTrader(trade.strategy, trade.instrument), trade.instrument, trade: trade, reason: reason)
  }

  /// Places a new exit in the place of one that has ended; the old one is never sent again.
  private mutating func replace(_ old: Order, of trade: Trade) {
    // One whose cancellation is under way still counts, so that there are never two.
    guard old.state.isFinal, let price = old.price else { return }
    let exit = self.exit(old, old.role, old.type, price, trade.units.magnitude, trade.id, isReplacement: true)
    withStrategy(trade.strategy) { book in
      guard var protected = book.positions[trade.instrument]?[trade: trade.id] else { return }
      if old.role == .stopLoss {
        protected.stopLossOrderID = exit.id
      } else {
        protected.takeProfitOrderID = exit.id
      }
      book.update(protected)
    }
    note(trade)
    insert(exit)
    venue.execute(.place(exit, group: group(of: exit)))
  }

  // MARK: - Closing once

  /// The order that is closing the same already, at a broker that takes its time.
  func closing(_ strategy: String, _ instrument: String, _ trade: Trade?) -> Order? {
    guard venue.isRemote else { return nil }
    let closes = openOrders(strategy: strategy).filter { $0.role == .close && $0.instrument == instrument }
    if let trade, let same = closes.first(where: { $0.tradeID == trade.id }) { return same }
    let held = strategies[strategy]?.units(instrument) ?? .zero
    return unitsToClose(strategy, instrument).signum == held.signum ? nil : closes.first
  }

  private func isClosing(_ trade: Trade) -> Bool { closing(trade.strategy, trade.instrument, trade) != nil }

  /// What there is to close of a position beyond what is being closed trade by trade.
  func unitsToClose(_ strategy: String, _ instrument: String) -> Quantity {
    let held = strategies[strategy]?.units(instrument) ?? .zero
    guard venue.isRemote else { return held }
    return openOrders(strategy: strategy).reduce(held) { rest, order in
      guard order.role == .close, order.instrument == instrument else { return rest }
      return rest + (order.side == .buy ? order.remainingUnits : -order.remainingUnits)
    }
  }
}

extension Order {
  var isExit: Bool { role == .stopLoss || role == .takeProfit }
}
