import Accounts
import GatewayService
import Hummingbird
import Model
import Storage
import Trading
import TradingStore
import Wire

/// `/orders`: placing, looking at, changing and cancelling orders, whatever the broker.
struct OrderRoutes: Sendable {
  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.post("orders", use: place)
    router.get("orders", use: list)
    router.get("orders/:id", use: show)
    router.delete("orders/:id", use: cancel)
    router.patch("orders/:id", use: modify)
    router.patch("api/orders/:id", use: modify)
    router.delete("api/orders/:id", use: cancel)
  }

  /// Needs the PIN, as the users' programs have always sent it.
  @Sendable private func place(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    let body = try await request.jsonObject(context: context)
    let form = OrderForm(body)
    let (intent, account) = (try form.intent(), try form.account())
    try await request.checkPIN(in: body, of: principal, by: context, gateway.accounts)
    let placed = await gateway.place(intent, as: account, by: principal.subject)
    let placement = try placed.orAnswer()
    let order = placement.order
    return .json(
      .ok,
      order.receipt([
        ("duplicate", .bool(placement.isDuplicate)), ("ttl_expires_at", .epoch(order.expires)),
        ("order", order.json),
      ]))
  }

  @Sendable private func list(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let page = try OrderPage(request)
    let strategy = request.uri.queryParameters["strategy"].map(String.init)
    let found = try await page.ofAllRoutes(gateway, strategy: strategy)
    return .json(.ok, OrderPage.json(found.rows, next: found.next) { $0.json })
  }

  @Sendable private func show(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let order = try await gateway.order(id: try context.orderID()).orAnswer()
    return .json(.ok, ["ok": true, "order": order.json])
  }

  @Sendable private func cancel(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    let cancelled = await gateway.cancel(orderID: try context.orderID(), by: principal.subject)
    let order = try cancelled.orAnswer()
    return .json(.ok, order.receipt([("order", order.json)]))
  }

  /// Needs the PIN as placing does: another price or size is as good as another order.
  @Sendable private func modify(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    let body = try await request.jsonObject(context: context)
    let (fields, id) = (BodyFields(body), try context.orderID())
    let (price, limitPrice) = (try fields.amount("price"), try fields.amount("limit_price"))
    let stopLoss = try fields.amount("sl", "stop_loss")
    let takeProfit = try fields.amount("tp", "take_profit")
    let units = try fields.amount("qty", "units")
    try await request.checkPIN(in: body, of: principal, by: context, gateway.accounts)
    let changed = await gateway.modify(
      orderID: id, price: price, limitPrice: limitPrice, stopLoss: stopLoss, takeProfit: takeProfit,
      units: units, by: principal.subject)
    let order = try changed.orAnswer()
    return .json(.ok, order.receipt([("order", order.json)]))
  }
}

extension Result where Failure == Refusal {
  /// The value, or the refusal as an answer.
  func orAnswer() throws(Answer) -> Success {
    switch self {
    case .success(let value): return value
    case .failure(let refusal): throw Answer(refusal)
    }
  }
}

extension ArenaContext {
  /// The order that a path names.
  func orderID() throws(Answer) -> String {
    guard let id = parameters.get("id"), (1...64).contains(id.utf8.count) else {
      throw Answer(.notFound, "unknown_order", "an order's id has 1 to 64 bytes")
    }
    return id
  }

  /// The instrument that a path names.
  func instrument(_ name: String, of gateway: Gateway) throws(Answer) -> Instrument {
    try gateway.quoted(parameters.get(name) ?? "")
  }
}

extension Gateway {
  /// An instrument of the feed.
  ///
  /// - Throws: 404 `unknown_instrument`.
  nonisolated func quoted(_ name: some StringProtocol) throws(Answer) -> Instrument {
    if let found = instruments.first(where: { $0.name == name }) { return found }
    throw Answer(
      .notFound, "unknown_instrument",
      "there is no instrument \(name.prefix(32)) here; the feed has \(instruments.map(\.name).joined(separator: ", "))"
    )
  }
}
