public import Model

extension JSONWriter {
  /// An order as every socket shows it; prices get the instrument's decimals.
  public mutating func value(_ order: Order, priceDecimals: Int) {
    beginObject()
    field("order_id", order.id)
    field("client_order_id", order.clientOrderID)
    field("strategy", order.strategy)
    field("generation", order.generation)
    field("broker", order.broker)
    field("instrument", order.instrument)
    field("side", order.side.rawValue)
    field("type", order.type.rawValue)
    field("role", order.role.rawValue)
    field("units", order.units)
    field("filled_units", order.filledUnits)
    field("price", order.price, minimumDecimals: priceDecimals)
    field("average_price", order.averagePrice, minimumDecimals: priceDecimals)
    field("stop_loss", order.stopLoss, minimumDecimals: priceDecimals)
    field("take_profit", order.takeProfit, minimumDecimals: priceDecimals)
    field("time_in_force", order.timeInForce.rawValue)
    field("reduce_only", order.reduceOnly)
    field("quality", order.quality)
    field("state", order.state.rawValue)
    field("reason", order.reason)
    field("mode", order.mode.rawValue)
    field("trade_id", order.tradeID)
    field("tag", order.tag)
    field("created", order.created)
    field("updated", order.updated)
    field("expires", order.expires)
    order.terms.write(to: &self, priceDecimals: priceDecimals)
    if let placedBy = order.placedBy { field("placed_by", placedBy) }
    endObject()
  }

  public mutating func value(_ fill: Fill, priceDecimals: Int) {
    beginObject()
    field("fill_id", fill.id)
    field("order_id", fill.orderID)
    field("trade_id", fill.tradeID)
    field("strategy", fill.strategy)
    field("broker", fill.broker)
    field("instrument", fill.instrument)
    field("side", fill.side.rawValue)
    field("role", fill.role.rawValue)
    field("units", fill.units)
    field("price", fill.price, minimumDecimals: priceDecimals)
    field("fee", fill.fee)
    field("realised", fill.realised)
    field("seq", fill.quoteSequence)
    field("time", fill.time)
    endObject()
  }
}

extension Order {
  /// Reads an order report.
  public init(_ json: JSON) throws(RPCError) {
    let id = try json.string("order_id")
    guard let created = try json.optionalTimestamp("created"),
      let updated = try json.optionalTimestamp("updated")
    else { throw .invalidParams("created and updated must be there") }
    self.init(
      number: id.split(separator: "-").last.flatMap { Int64($0) } ?? 0, id: id,
      clientOrderID: try json.string("client_order_id"), strategy: try json.string("strategy"),
      generation: try json.int("generation"), broker: try json.string("broker"),
      instrument: try json.string("instrument"), side: try json.word("side"), type: try json.word("type"),
      role: try json.word("role"), timeInForce: try json.word("time_in_force"),
      reduceOnly: try json.optionalBool("reduce_only") ?? false, quality: try json.optionalInt("quality"),
      mode: try json.word("mode"), tag: try json.optionalString("tag"), created: created,
      units: try json.amount("units"), price: try json.optionalAmount("price"),
      stopLoss: try json.optionalAmount("stop_loss"), takeProfit: try json.optionalAmount("take_profit"),
      filledUnits: try json.amount("filled_units"), averagePrice: try json.optionalAmount("average_price"),
      state: try json.word("state"), reason: try json.optionalString("reason"),
      tradeID: try json.optionalInt("trade_id").map(Int64.init), updated: updated,
      expires: try json.optionalTimestamp("expires"), terms: try OrderTerms(json),
      placedBy: try json.optionalString("placed_by"))
  }
}

extension Fill {
  /// Reads a fill report.
  public init(_ json: JSON) throws(RPCError) {
    guard let time = try json.optionalTimestamp("time") else { throw .invalidParams("time is missing") }
    self.init(
      id: Int64(try json.int("fill_id")), orderID: try json.string("order_id"),
      strategy: try json.string("strategy"), broker: try json.optionalString("broker") ?? "paper",
      instrument: try json.string("instrument"), side: try json.word("side"), role: try json.word("role"),
      units: try json.amount("units"), price: try json.amount("price"), fee: try json.amount("fee"),
      realised: try json.amount("realised"), tradeID: try json.optionalInt("trade_id").map(Int64.init),
      quoteSequence: Int64(try json.int("seq")), time: time)
  }
}
