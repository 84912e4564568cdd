import Model
import Trading
import TradingStore
import Wire

extension Order {
  static let columns: [Column<Order>] = [
    Column("order_id") { .text($0.id) },
    Column("client_order_id") { .text($0.clientOrderID) },
    Column("strategy") { .text($0.strategy) },
    Column("placed_by") { .text($0.placedBy) },
    Column("broker") { .text($0.broker) },
    Column("instrument") { .text($0.instrument) },
    Column("side") { .text($0.side.rawValue) },
    Column("type") { .text($0.type.rawValue) },
    Column("role") { .text($0.role.rawValue) },
    Column("time_in_force") { .text($0.timeInForce.rawValue) },
    Column("reduce_only") { .flag($0.reduceOnly) },
    Column("quality") { .int($0.quality.map { Int64($0) }) },
    Column("mode") { .text($0.mode.rawValue) },
    Column("tag") { .text($0.tag) },
    Column("units") { .number($0.units) },
    Column("price") { .number($0.price) },
    Column("stop_loss") { .number($0.stopLoss) },
    Column("take_profit") { .number($0.takeProfit) },
    Column("filled_units") { .number($0.filledUnits) },
    Column("average_price") { .number($0.averagePrice) },
    Column("state") { .text($0.state.rawValue) },
    Column("reason") { .text($0.reason) },
    Column("trade_id") { .int($0.tradeID) },
    Column("created") { .time($0.created) },
    Column("updated") { .time($0.updated) },
    Column("expires") { .time($0.expires) },
  ]
}

extension OrderHistoryLine {
  static let columns: [Column<OrderHistoryLine>] = [
    Column("state") { .text($0.state.rawValue) },
    Column("reason") { .text($0.reason) },
    Column("filled_units") { .number($0.filledUnits) },
    Column("time") { .time($0.time) },
  ]
}

extension Fill {
  static let columns: [Column<Fill>] = [
    Column("fill_id") { .int($0.id) },
    Column("order_id") { .text($0.orderID) },
    Column("strategy") { .text($0.strategy) },
    Column("broker") { .text($0.broker) },
    Column("instrument") { .text($0.instrument) },
    Column("side") { .text($0.side.rawValue) },
    Column("role") { .text($0.role.rawValue) },
    Column("units") { .number($0.units) },
    Column("price") { .number($0.price) },
    Column("fee") { .number($0.fee) },
    Column("realised") { .number($0.realised) },
    Column("trade_id") { .int($0.tradeID) },
    Column("time") { .time($0.time) },
  ]
}

extension PositionView {
  static let columns: [Column<PositionView>] = [
    Column("strategy") { .text($0.strategy) },
    Column("broker") { .text($0.broker) },
    Column("instrument") { .text($0.instrument) },
    Column("side") { .text($0.units.isNegative ? "short" : "long") },
    Column("units") { .number($0.units) },
    Column("average_price") { .number($0.averagePrice) },
    Column("realised") { .number($0.realised) },
    Column("unrealised") { .number($0.unrealised) },
    Column("trades") { .int(Int64($0.trades.count)) },
  ]
}

extension StoredEvent {
  static let columns: [Column<StoredEvent>] = [
    Column("id") { .int($0.sequence) },
    Column("source") { .text($0.event.source) },
    Column("type") { .text($0.event.type) },
    Column("strategy") { .text($0.event.strategy) },
    Column("payload") { .json($0.event.payload) },
    Column("ts") { .time($0.event.time) },
  ]
}

extension EquitySample {
  static let columns: [Column<EquitySample>] = [
    Column("time") { .time($0.time) },
    Column("equity") { .number($0.equity) },
    Column("balance") { .number($0.balance) },
    Column("unrealised") { .number($0.equity - $0.balance) },
  ]
}

/// Rows that are JSON already.
enum JSONColumns {
  static func named(_ names: [StaticString]) -> [Column<JSON>] {
    names.map { name in Column(name) { .value($0["\(name)"] ?? .null) } }
  }

  static let audit = named(["id", "time", "actor", "origin", "action", "subject", "detail", "outcome"])
  static let slots = named([
    "id", "name", "slot", "until", "count", "trigger", "outcome", "reason", "due", "started", "ended", "run",
    "lateness_ms", "exit",
  ])
  static let schedules = named([
    "name", "definition", "timezone", "calendar", "state", "enabled", "paused", "next", "closes", "last",
    "missed_24h", "warning",
  ])
  static let narration = named([
    "id", "time", "source", "type", "strategy", "instrument", "icon", "text", "line",
  ])
}
