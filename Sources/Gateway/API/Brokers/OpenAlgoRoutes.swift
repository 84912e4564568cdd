import Accounts
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// `/oa/…`: the requirements' bridge, in OpenAlgo's words (`symbol`, `action`, `quantity`, `pricetype`).
struct OpenAlgoRoutes: Sendable {
  private enum PriceType: String, CaseIterable {
    case market
    case limit
    case stopLimit = "sl"
    case stop = "sl-m"
  }

  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.get("oa/positions", use: positions)
    router.post("oa/order", use: place)
  }

  @Sendable private func positions(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let positions = try await gateway.positions().orAnswer()
    let rows = positions.map { held -> JSON in
      let side: Side = held.units.isNegative ? .sell : .buy
      let last = gateway.quotes.latest(held.instrument).first?.quote.price(for: side.opposite)
      return [
        "symbol": .string(held.instrument),
        "exchange": .string(BrokerName.quoting(held.instrument).name.uppercased()), "product": "MARGIN",
        "quantity": .amount(held.units), "average_price": .amount(held.averagePrice), "ltp": .amount(last),
        "pnl": .amount(held.unrealised), "strategy": .string(held.strategy),
      ]
    }
    return .json(.ok, ["ok": true, "status": "success", "data": .array(rows)])
  }

  /// OpenAlgo's `strategy` is a free word of the caller's and becomes the tag; the order is the account of people's.
  @Sendable private func place(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    let body = try await request.jsonObject(context: context)
    let form = OrderForm(body)
    let fields = form.fields
    var intent = try form.start(
      instrument: try fields.required("symbol", try fields.text("symbol", "instrument")),
      side: try fields.required("action", try fields.word("action", "side")),
      units: try fields.required("quantity", try fields.amount("quantity", "qty", "units")))
    intent.tag = try fields.text("strategy", "tag")
    intent.quality = try form.quality()
    let price = try fields.amount("price")
    let trigger = try fields.amount("trigger_price")
    switch try fields.word("pricetype", "price_type", as: PriceType.self) ?? .market {
    case .market: intent.type = .market
    case .limit:
      intent.type = .limit
      intent.price = try fields.required("price", price)
    case .stop:
      intent.type = .stop
      intent.price = try fields.required("trigger_price", trigger)
    case .stopLimit:
      intent.type = .stopLimit
      intent.price = try fields.required("trigger_price", trigger)
      intent.terms.limitPrice = try fields.required("price", price)
    }
    try await gateway.checkPINOfRealOrders(request, body, principal, context)
    let order = try await gateway.place(intent, by: principal.subject).orAnswer().order
    return .json(.ok, order.receipt([("orderid", .string(order.id))]).with("status", "success"))
  }
}
