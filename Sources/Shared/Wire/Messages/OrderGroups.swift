public import Model

/// The parameters of `order.basket`.
public struct OrderBasket: Hashable, Sendable {
  public var orders: [OrderIntent]
  /// Whether one refusal refuses them all.
  public var allOrNone: Bool

  public init(orders: [OrderIntent], allOrNone: Bool) {
    self.orders = orders
    self.allOrNone = allOrNone
  }

  /// Reads `{"orders":[…each as the parameters of order.place…],"all_or_none":true}`.
  ///
  /// - Throws: invalid parameters; the message says which order they are of.
  public init(params: UnsafeRawBufferPointer) throws(RPCError) {
    var orders: [OrderIntent] = []
    var allOrNone = true
    var problem: RPCError?
    var hasOrders = false
    var scanner = JSONScanner(params)
    do throws(WireError) {
      try scanner.object { (key, scanner) throws(WireError) in
        if key == "all_or_none", scanner.peek() != UInt8(ascii: "n") {
          let value = try scanner.skip()
          allOrNone = value == "true"
          if !allOrNone, !(value == "false") { problem = .invalidParams("all_or_none must be true or false") }
        } else if key == "orders", scanner.peek() == UInt8(ascii: "[") {
          hasOrders = true
          try scanner.array { (scanner) throws(WireError) in
            let bytes = try scanner.skip()
            guard problem == nil else { return }
            do throws(RPCError) {
              orders.append(try OrderIntent(params: bytes))
            } catch {
              problem = .invalidParams("order \(orders.count + 1): \(error.message)")
            }
          }
        } else {
          try scanner.skip()
        }
      }
    } catch {
      throw .invalidParams("the basket must be an object: \(error)")
    }
    if let problem { throw problem }
    guard hasOrders else { throw .invalidParams("orders must be an array of orders") }
    self.init(orders: orders, allOrNone: allOrNone)
  }

  /// The parameters as the SDK sends them.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("orders")
    writer.beginArray()
    for order in orders { order.write(to: &writer) }
    writer.endArray()
    writer.field("all_or_none", allOrNone)
    writer.endObject()
  }
}

extension PositionTarget {
  /// Reads the parameters of `order.smart`.
  public init(_ json: JSON) throws(RPCError) {
    self.init(
      clientOrderID: try json.optionalString("client_order_id"), instrument: try json.string("instrument"),
      units: try json.amount("target"), stopLoss: try json.optionalAmount("stop_loss"),
      takeProfit: try json.optionalAmount("take_profit"), quality: try json.wholeNumber("quality"),
      tag: try json.optionalString("tag"), terms: try OrderTerms(json))
  }

  /// The parameters as the SDK sends them.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    if let clientOrderID { writer.field("client_order_id", clientOrderID) }
    writer.field("instrument", instrument)
    writer.field("target", units)
    if let stopLoss { writer.field("stop_loss", stopLoss) }
    if let takeProfit { writer.field("take_profit", takeProfit) }
    if let quality { writer.field("quality", quality) }
    if let tag { writer.field("tag", tag) }
    terms.write(to: &writer)
    writer.endObject()
  }
}

extension JSON {
  /// A whole number, or text of one, as `order.place` takes it; nil when it is absent or null.
  fileprivate func wholeNumber(_ key: String) throws(RPCError) -> Int? {
    guard let text = self[key]?.stringValue else { return try optionalInt(key) }
    guard let number = Int(text) else { throw .invalidParams("\(key) must be a whole number") }
    return number
  }
}
