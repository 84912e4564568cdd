import Accounts
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// `/brokers/oanda/orders`: entries with both exits and a quality score, as the users' programs place them.
struct OandaOrderRoutes: Sendable {
  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    let orders = router.group("brokers/oanda/orders")
    orders.post("", use: place)
    orders.get("", use: list)
    orders.delete(":id", use: cancel)
  }

  /// Waits at `entry_price` until it is filled, cancelled, or over its time to live.
  @Sendable private func place(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    try BrokerEnvironment.requirePaper(request)
    let body = try await request.jsonObject(context: context)
    let form = OrderForm(body)
    let fields = form.fields
    var intent = try form.start(
      instrument: try fields.required("instrument", try fields.text("instrument", "symbol")),
      side: try fields.required("side", try fields.word("side")),
      units: try fields.required("units", try fields.amount("units", "qty")))
    intent.type = try fields.word("type", "order_type") ?? .limit
    intent.quality = try fields.required("quality_score", try form.quality())
    if intent.type != .market {
      intent.price = try fields.required("entry_price", try fields.amount("entry_price", "price"))
    }
    try await gateway.checkPINOfRealOrders(request, body, principal, context)
    let placed = await gateway.place(
      intent, as: try form.account(), by: principal.subject, route: BrokerName.oanda.name)
    let order = try placed.orAnswer().order
    return .json(.ok, order.receipt([("ttl_expires_at", .epoch(order.expires))]))
  }

  @Sendable private func list(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    _ = try BrokerEnvironment.read(request.uri.queryParameters["env"])
    let page = try OrderPage(request)
    let orders = try await page.orders(gateway, strategy: nil, route: BrokerName.oanda.name)
    return .json(.ok, page.json(orders, Self.json))
  }

  @Sendable private func cancel(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    try BrokerEnvironment.requirePaper(request)
    let order = try await gateway.cancel(
      try context.orderID(), of: .oanda, by: principal.subject)
    return .json(.ok, order.receipt())
  }

  private static func json(_ order: Order) -> JSON {
    [
      "order_id": .string(order.id), "client_order_id": .string(order.clientOrderID),
      "instrument": .string(order.instrument), "side": .string(order.side.rawValue.uppercased()),
      "type": .string(order.type.rawValue.uppercased()), "units": .amount(order.units),
      "filled_units": .amount(order.filledUnits), "entry_price": .amount(order.price),
      "average_price": .amount(order.averagePrice), "stop_loss_price": .amount(order.stopLoss),
      "take_profit_price": .amount(order.takeProfit), "quality_score": JSON(order.quality),
      "status": .string(order.statusWord), "reason": JSON(order.reason), "mode": .string(order.mode.rawValue),
      "placed_by": JSON(order.placedBy), "created": .string("\(order.created)"),
      "ttl_expires_at": .epoch(order.expires),
    ]
  }
}

extension Gateway {
  /// Real money takes the PIN with every order that a person sends; paper does not.
  nonisolated func checkPINOfRealOrders(
    _ request: Request, _ body: JSON, _ principal: Principal, _ context: ArenaContext
  ) async throws {
    guard health.current.mode > .paper else { return }
    try await request.checkPIN(in: body, of: principal, by: context, accounts)
  }

  /// Cancels an order that came in by a broker's route; those of others are unknown there.
  nonisolated func cancel(_ id: String, of broker: BrokerName, by person: String) async throws -> Order {
    let order = try await order(id: id).orAnswer()
    guard order.route == broker.name, order.role == .entry || order.role == .close else {
      throw Answer(.notFound, "unknown_order", "\(broker.name) has no order \(id)")
    }
    return try await cancel(orderID: id, by: person).orAnswer()
  }
}
