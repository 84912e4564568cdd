import Accounts
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// Several orders at once: baskets, parts, targets, one in another's place, and the ends of many.
///
/// What places takes the PIN, as `POST /orders`; what cancels or closes does not.
struct OrderGroupRoutes: Sendable {
  private static let ordersMax = 100

  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.post("api/orders/basket", use: basket)
    router.post("api/orders/split", use: split)
    router.post("api/orders/smart", use: smart)
    router.post("api/orders/:id/replace", use: replace)
    router.post("api/orders/cancel-all", use: cancelAll)
    router.post("api/positions/:instrument/close", use: close)
  }

  /// `{"orders":[…],"all_or_none":true}`
  @Sendable private func basket(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let (body, by) = try await placing(request, context)
    guard let items = body["orders"]?.arrayValue, (1...Self.ordersMax).contains(items.count) else {
      throw Answer(.badRequest, "bad_field", "orders must be an array of 1 to \(Self.ordersMax) orders")
    }
    var intents: [OrderIntent] = []
    for item in items { intents.append(try OrderForm(item).intent()) }
    let allOrNone = try BodyFields(body).flag("all_or_none") ?? true
    let results = try await gateway.basket(
      intents, allOrNone: allOrNone, as: try OrderForm(body).account(), by: by
    ).orAnswer()
    return .json(.ok, Self.json(results))
  }

  /// An order of `POST /orders` with `size`, what each part has at most.
  @Sendable private func split(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let (body, by) = try await placing(request, context)
    let form = OrderForm(body)
    let size = try form.fields.required("size", try form.fields.amount("size", "split_size"))
    let placed = try await gateway.split(
      try form.intent(), size: size, as: try form.account(), by: by
    ).orAnswer()
    return .json(.ok, Self.json(placed.map { .success($0) }))
  }

  /// `{"symbol":"EUR_USD","target":-1000,"sl":…,"tp":…}`
  @Sendable private func smart(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let (body, by) = try await placing(request, context)
    let form = OrderForm(body)
    let reached = try await gateway.reach(try form.target(), as: try form.account(), by: by).orAnswer()
    return .json(
      .ok,
      Self.json(reached.orders.map { .success($0) }).with("before", .amount(reached.before))
        .with("after", .amount(reached.after)))
  }

  @Sendable private func replace(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let (body, by) = try await placing(request, context)
    let form = OrderForm(body)
    let id = try context.orderID()
    let old = try await gateway.order(id: id).orAnswer()
    let placement = try await gateway.replace(
      orderID: id, with: try form.intent(), as: old.strategy, by: by, route: old.route
    ).orAnswer()
    return .json(.ok, Self.receipt(placement).with("replaced", .string(id)))
  }

  /// Working entries; of a `strategy`, of an `instrument`, or of all.
  @Sendable private func cancelAll(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.trade)
    let fields = BodyFields(try await request.optionalJSONObject(context: context))
    var instrument: String?
    if let name = try fields.text("symbol", "instrument") { instrument = try gateway.quoted(name).name }
    let cancelled = try await gateway.cancelAll(
      account: try fields.text("strategy"), instrument: instrument
    ).orAnswer()
    return .json(
      .ok,
      [
        "ok": true, "cancelled": .int(cancelled.count),
        "order_ids": .array(cancelled.prefix(1_000).map { .string($0.id) }),
      ])
  }

  /// All of it, or so many `units`; `order_id` is null and `status` `FLAT` where nothing is held.
  @Sendable private func close(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    let form = OrderForm(try await request.optionalJSONObject(context: context))
    let instrument = try context.instrument("instrument", of: gateway)
    let closed = await gateway.closePart(
      instrument: instrument.name, units: try form.fields.amount("qty", "units"),
      clientOrderID: try form.fields.text("client_order_id"), as: try form.account(), by: principal.subject)
    guard let order = try closed.orAnswer() else {
      return .json(.ok, ["ok": true, "order_id": nil, "status": "FLAT"])
    }
    return .json(.ok, order.receipt([("order", order.json)]))
  }

  // MARK: - What they share

  /// The body of one who may trade and has the PIN, and his name.
  private func placing(_ request: Request, _ context: ArenaContext) async throws -> (JSON, String) {
    let principal = try context.principal(.trade)
    let body = try await request.jsonObject(context: context)
    try await request.checkPIN(in: body, of: principal, by: context, gateway.accounts)
    return (body, principal.subject)
  }

  private static func json(_ results: [Result<Placement, Refusal>]) -> JSON {
    let shown = results.map { result -> JSON in
      switch result {
      case .success(let placement): receipt(placement)
      case .failure(let refusal):
        ["ok": false, "error": .string(refusal.reason), "message": .string(refusal.message)]
      }
    }
    return ["ok": .bool(shown.allSatisfy { $0["ok"] == true }), "results": .array(shown)]
  }

  private static func receipt(_ placement: Placement) -> JSON {
    placement.order.receipt([
      ("duplicate", .bool(placement.isDuplicate)), ("order", placement.order.json),
    ])
  }
}
