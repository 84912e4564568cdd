import Model

/// The events that the desk makes, with their payloads.
extension TradingCore {
  /// An order of its own with both exits was placed. The payload's fields are the requirements', exactly.
  mutating func emitPlaced(_ order: Order, entry: Price, _ timeToLiveSeconds: Int?) {
    let minutes = (timeToLiveSeconds ?? settings.timeToLiveSeconds) / 60
    emit(
      .ocoPlaced, strategy: order.strategy, source: order.route,
      [
        EventField("order_id", .string(order.id)),
        EventField("instrument", .string(order.instrument)),
        EventField("side", .string(order.side == .buy ? "BUY" : "SELL")),
        EventField("units", .number(order.units)),
        EventField("entry", .number(entry)),
        EventField("sl", number(order.stopLoss)),
        EventField("tp", number(order.takeProfit)),
        EventField("quality", order.quality.map { .int(Int64($0)) } ?? .null),
        EventField("mode", .string(order.mode.rawValue)),
        EventField("ttl_min", .int(Int64(minutes))),
      ])
  }

  /// An order is worth so much that somebody should know.
  mutating func emitLarge(_ order: Order, _ admitted: Admitted) {
    guard let most = settings.limits.largeOrder, !order.reduceOnly else { return }
    let worth = notional(order.units, admitted.entry, order.instrument)
    guard worth >= most else { return }
    emit(
      .largeOrder, strategy: order.strategy,
      [
        EventField("order_id", .string(order.id)), EventField("strategy", .string(order.strategy)),
        EventField("instrument", .string(order.instrument)),
        EventField("side", .string(order.side == .buy ? "BUY" : "SELL")),
        EventField("units", .number(order.units)), EventField("notional", .number(worth)),
        EventField("currency", .string(settings.currency)), EventField("mode", .string(order.mode.rawValue)),
        EventField("by", order.placedBy.map { .string($0) } ?? .null),
      ])
  }

  /// Something happened to an order.
  mutating func emit(_ type: DeskEventType, _ order: Order) {
    emit(
      type, strategy: order.strategy, source: order.route,
      [
        EventField("order_id", .string(order.id)),
        EventField("client_order_id", .string(order.clientOrderID)),
        EventField("strategy", .string(order.strategy)),
        EventField("instrument", .string(order.instrument)),
        EventField("side", .string(order.side == .buy ? "BUY" : "SELL")),
        EventField("type", .string(order.type.rawValue)),
        EventField("role", .string(order.role.rawValue)),
        EventField("units", .number(order.units)),
        EventField("filled_units", .number(order.filledUnits)),
        EventField("price", number(order.averagePrice ?? order.price)),
        EventField("trade_id", order.tradeID.map { .int($0) } ?? .null),
        EventField("reason", order.reason.map { .string($0) } ?? .null),
        EventField("mode", .string(order.mode.rawValue)),
      ])
  }

  /// A trade was opened.
  mutating func emit(_ type: DeskEventType, _ trade: Trade, _ entry: Order) {
    emit(
      type, strategy: trade.strategy, source: entry.route,
      position(trade) + [
        EventField("order_id", .string(entry.id)),
        EventField("price", .number(trade.price)),
        EventField("sl", number(entry.stopLoss)),
        EventField("tp", number(entry.takeProfit)),
        EventField("stop_loss_order_id", trade.stopLossOrderID.map { .string($0) } ?? .null),
        EventField("take_profit_order_id", trade.takeProfitOrderID.map { .string($0) } ?? .null),
      ])
  }

  /// The last units of a trade were closed; `realised` is the profit of the whole trade.
  mutating func emit(
    _ type: DeskEventType, _ trade: Trade, closedBy order: Order, price: Price, realised: Money
  ) {
    emit(
      type, strategy: trade.strategy, source: order.route,
      position(trade) + [
        EventField("order_id", .string(order.id)),
        EventField("entry", .number(trade.price)),
        EventField("price", .number(price)),
        EventField("realised", .number(realised)),
        EventField("reason", .string(order.reason ?? order.role.rawValue)),
      ])
  }

  private func position(_ trade: Trade) -> [EventField] {
    [
      EventField("trade_id", .int(trade.id)),
      EventField("strategy", .string(trade.strategy)),
      EventField("instrument", .string(trade.instrument)),
      EventField("side", .string(trade.units.isNegative ? "SELL" : "BUY")),
      EventField("units", .number(trade.units.magnitude)),
    ]
  }

  /// An order was refused before it became one. Journaled once per strategy, reason and second at the most.
  mutating func emitRefusal(_ refusal: Refusal, _ intent: OrderIntent, _ trader: Trader) {
    // A strategy without a book has no worker and no end of names; nothing is kept for it.
    let isKnown = strategies[trader.strategy] != nil
    let now = now
    let unseen =
      isKnown
      ? withStrategy(trader.strategy) { $0.refusals[refusal.reason, default: RefusalTally()].take(at: now) }
      : 0
    guard let unseen else { return }
    emit(
      .orderRejected, strategy: trader.strategy, source: trader.route,
      [
        EventField("strategy", .string(trader.strategy)),
        EventField("client_order_id", intent.clientOrderID.map { .string(String($0.prefix(64))) } ?? .null),
        EventField("instrument", .string(String(intent.instrument.prefix(32)))),
        EventField("side", .string(intent.side == .buy ? "BUY" : "SELL")),
        EventField("type", .string(intent.type.rawValue)),
        EventField("units", .number(intent.units)),
        EventField("reason", .string(refusal.reason)),
        EventField("message", .string(refusal.message)),
      ] + (unseen > 0 ? [EventField("repeated", .int(unseen))] : []))
  }

  private func number(_ value: Amount?) -> EventValue { value.map { .number($0) } ?? .null }
}
