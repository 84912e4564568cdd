import Model
import NIOCore
import Trading
import TradingStore
import Wire

/// How the order desk's views look on the wire.
extension JSONWriter {
  /// - Parameter hasTrades: Whether the open trades are shown one by one; else the field is absent.
  mutating func value(_ position: PositionView, decimals: Int, hasTrades: Bool) {
    beginObject()
    field("strategy", position.strategy)
    field("broker", position.broker)
    field("instrument", position.instrument)
    field("units", position.units)
    field("average_price", position.averagePrice, minimumDecimals: decimals)
    field("realised", position.realised)
    field("unrealised", position.unrealised)
    if hasTrades { array("trades", position.trades) { $0.value($1, decimals: decimals) } }
    endObject()
  }

  private mutating func value(_ view: TradeView, decimals: Int) {
    beginObject()
    field("trade_id", view.trade.id)
    field("units", view.trade.units)
    field("price", view.trade.price, minimumDecimals: decimals)
    field("stop_loss", view.stopLoss, minimumDecimals: decimals)
    field("take_profit", view.takeProfit, minimumDecimals: decimals)
    field("opened", view.trade.opened)
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

  /// An array of at most `limit` elements and of as many as fit into one message, and `more`: whether that left
  /// some out.
  ///
  /// - Returns: The last element written when there are more, so that the reader can ask for those after it.
  mutating func page<Element>(
    _ name: StaticString, _ elements: [Element], limit: Int, _ body: (inout JSONWriter, Element) -> Void
  ) -> Element? {
    let start = buffer.writerIndex
    var last = Element?.none
    var count = 0
    key(name)
    beginArray()
    for element in elements.prefix(limit) {
      let end = buffer.writerIndex
      body(&self, element)
      // The first one is kept whatever its size, or a reader would never get past it.
      if count > 0, buffer.writerIndex - start > Self.pageBytes {
        buffer.moveWriterIndex(to: end)
        break
      }
      count += 1
      last = element
    }
    endArray()
    field("more", count < elements.count)
    return count < elements.count ? last : nil
  }

  /// Bytes of a page: a message's bound with room for what stands around the page.
  private static let pageBytes = 900_000
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
