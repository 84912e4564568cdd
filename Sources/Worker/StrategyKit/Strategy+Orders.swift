import Wire

/// One order of a basket: what became of it, or why there is none.
public typealias BasketResult = Result<Order, Refusal>

/// What reaching a target took.
public struct TargetReport: Sendable, Hashable {
  /// The order that closed, the one that opened, or both in that order; none where the target was held already.
  public let orders: [Order]
  /// What was held before, and what is held now; negative is short.
  public let before: Quantity
  public let after: Quantity
}

/// Several orders in one request, and positions by their size.
///
/// None of these is asked again when a reply is lost: give `clientOrderID`s to ask again yourself without doing anything
/// twice.
extension Strategy {
  /// Places up to 100 orders, each admitted after those before it took effect.
  ///
  /// - Parameter allOrNone: whether one refusal refuses them all, which is thrown then. Else each result says its own.
  /// - Throws: ``Model/Refusal``.
  @discardableResult
  public func basket(_ orders: [OrderIntent], allOrNone: Bool = true) async throws -> [BasketResult] {
    let basket = OrderBasket(orders: orders, allOrNone: allOrNone)
    let answer = try await running().request("order.basket") { basket.write(to: &$0) }
    return try (answer["results"]?.arrayValue ?? []).map { result in
      if let error = result["error"] {
        return .failure(
          Refusal(error["reason"]?.stringValue ?? "error", error["message"]?.stringValue ?? ""))
      }
      return .success(try Order(result["order"] ?? .null))
    }
  }

  /// Places an order as several of `size` units each, all or none.
  @discardableResult
  public func split(_ intent: OrderIntent, size: Quantity) async throws -> [Order] {
    let answer = try await running().request("order.split") { writer in
      intent.write(to: &writer) { $0.field("size", size) }
    }
    return try Self.orders(answer)
  }

  /// Brings the position in an instrument to signed units at the market: closes, opens, or turns it round.
  ///
  /// What opens or increases needs a stop loss and a take profit.
  @discardableResult
  public func reach(_ target: PositionTarget) async throws -> TargetReport {
    let answer = try await running().request("order.smart") { target.write(to: &$0) }
    return TargetReport(
      orders: try Self.orders(answer), before: try answer.amount("before"), after: try answer.amount("after"))
  }

  /// Puts another order in the place of a pending one, both or neither.
  @discardableResult
  public func replace(_ orderID: String, with intent: OrderIntent) async throws -> Order {
    let answer = try await running().request("order.replace") { writer in
      intent.write(to: &writer) { $0.field("order_id", orderID) }
    }
    return try Order(answer["order"] ?? .null)
  }

  /// Cancels all pending orders of this strategy, of one instrument or of all; exits stay. Returns how many they were.
  @discardableResult
  public func cancelAll(_ instrument: String? = nil) async throws -> Int {
    var params = JSONObject()
    if let instrument { params["instrument"] = .string(instrument) }
    return try await running().request("order.cancel_all", .object(params)).int("cancelled")
  }

  /// Changes the prices or the units of a pending order, or the stop loss and take profit of an order or its trade.
  ///
  /// - Parameter units: all of the order's, what has filled included.
  @discardableResult
  public func modify(
    _ orderID: String, price: Price? = nil, limitPrice: Price? = nil, stopLoss: Price? = nil,
    takeProfit: Price? = nil, units: Quantity? = nil
  ) async throws -> Order {
    var params = JSONObject()
    params["order_id"] = .string(orderID)
    if let price { params["price"] = .string(price.description) }
    if let limitPrice { params["limit_price"] = .string(limitPrice.description) }
    if let stopLoss { params["stop_loss"] = .string(stopLoss.description) }
    if let takeProfit { params["take_profit"] = .string(takeProfit.description) }
    if let units { params["units"] = .string(units.description) }
    return try await running().orderRequest("order.modify", .object(params))
  }

  /// Closes this strategy's position at the market, or `units` of it, oldest trades first; nil when there was none.
  ///
  /// - Parameter clientOrderID: makes asking again harmless.
  @discardableResult
  public func close(
    _ instrument: String, units: Quantity? = nil, clientOrderID: String? = nil
  ) async throws -> Order? {
    var params = JSONObject()
    params["instrument"] = .string(instrument)
    if let units { params["units"] = .string(units.description) }
    if let clientOrderID { params["client_order_id"] = .string(clientOrderID) }
    let answer = try await running().request("position.close", .object(params))
    guard let order = answer["order"], !order.isNull else { return nil }
    return try Order(order)
  }

  private static func orders(_ answer: JSON) throws -> [Order] {
    try (answer["results"]?.arrayValue ?? []).map { try Order($0["order"] ?? .null) }
  }
}
