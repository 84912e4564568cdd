import Model
import NIOCore
import Trading
import TradingStore
import Wire

/// How the order desk's views look on the wire.
extension JSONWriter {
  mutating func value(_ position: PositionView, decimals: Int) {
    beginObject()
    field("strategy", position.strategy)
    field("broker", position.broker)
    field("instrument", position.instrument)
    field("units", position.units)
    field("average_price", position.averagePrice, minimumDecimals: decimals)
    field("realised", position.realised)
    field("unrealised", position.unrealised)
    key("trades")
    beginArray()
    for view in position.trades {
      beginObject()
      field("trade_id", view.trade.id)
      field("units", view.trade.units)
      field("price", view.trade.price, minimumDecimals: decimals)
      field("stop_loss", view.stopLoss, minimumDecimals: decimals)
      field("take_profit", view.takeProfit, minimumDecimals: decimals)
      field("opened", view.trade.opened)
      endObject()
    }
    endArray()
    endObject()
  }

  mutating func value(_ account: AccountView) {
    beginObject()
    field("strategy", account.strategy)
    field("currency", account.currency)
    field("balance", account.balance)
    field("equity", account.equity)
    field("realised", account.realised)
    field("unrealised", account.unrealised)
    field("fees", account.fees)
    field("margin_used", account.marginUsed)
    field("open_orders", account.openOrders)
    field("open_positions", account.openPositions)
    endObject()
  }

  mutating func value(_ instrument: Instrument) {
    beginObject()
    field("name", instrument.name)
    field("base", instrument.base)
    field("quote", instrument.quote)
    field("price_decimals", instrument.priceDecimals)
    field("units_decimals", instrument.unitsDecimals)
    field("min_units", instrument.minimumUnits)
    endObject()
  }

  mutating func value(_ stored: StoredEvent) {
    beginObject()
    field("seq", stored.sequence)
    field("source", stored.event.source)
    field("type", stored.event.type)
    field("strategy", stored.event.strategy)
    key("payload")
    value(json: stored.event.payload)
    field("ts", stored.event.time)
    endObject()
  }

  /// An array, each element written by `body`.
  mutating func array<Element>(
    _ name: StaticString, _ elements: some Sequence<Element>, _ body: (inout JSONWriter, Element) -> Void
  ) {
    key(name)
    beginArray()
    for element in elements { body(&self, element) }
    endArray()
  }
}

extension ByteBuffer {
  /// An event as the requirements write it.
  mutating func writeEvent(_ event: NewEvent) {
    var writer = JSONWriter(self)
    self = ByteBuffer()
    writer.beginObject()
    writer.field("source", event.source)
    writer.field("type", event.type)
    writer.key("payload")
    writer.value(json: event.payload)
    writer.field("ts", event.time)
    writer.endObject()
    self = writer.buffer
  }
}
