import Accounts
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// `/brokers/coinbase-adv/…`: orders for crypto with both exits, and the accounts behind them.
struct CoinbaseRoutes: Sendable {
  private enum Kind: String, CaseIterable {
    case market
    case limit
    case stopLimit = "stop_limit"
  }

  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    let coinbase = router.group("brokers/coinbase-adv")
    coinbase.post("orders", use: place)
    coinbase.get("orders", use: list)
    coinbase.delete("orders/:id", use: cancel)
    coinbase.get("accounts", use: accounts)
    router.get("api/broker/coinbase/account", use: accounts)
  }

  @Sendable private func place(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    try BrokerEnvironment.requirePaper(request)
    let body = try await request.jsonObject(context: context)
    let form = OrderForm(body)
    let fields = form.fields
    var intent = try form.start(
      instrument: try fields.required("product_id", try fields.text("product_id", "instrument", "symbol")),
      side: try fields.required("side", try fields.word("side")),
      units: try fields.required("size", try fields.amount("size", "units", "qty")))
    intent.quality = try form.quality()
    switch try fields.word("order_type", "type", as: Kind.self) ?? .market {
    case .market: intent.type = .market
    case .limit:
      intent.type = .limit
      intent.price = try fields.required("limit_price", try fields.amount("limit_price", "price"))
    case .stopLimit:
      intent.type = .stopLimit
      intent.price = try fields.required("stop_price", try fields.amount("stop_price", "price"))
      intent.terms.limitPrice = try fields.required("limit_price", try fields.amount("limit_price"))
    }
    try await gateway.checkPINOfRealOrders(request, body, principal, context)
    let placed = await gateway.place(
      intent, as: try form.account(), by: principal.subject, route: BrokerName.coinbase.name)
    return .json(.ok, try placed.orAnswer().order.receipt())
  }

  @Sendable private func list(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let page = try OrderPage(request)
    let orders = try await page.orders(gateway, strategy: nil, route: BrokerName.coinbase.name)
    return .json(.ok, page.json(orders, Self.json))
  }

  @Sendable private func cancel(_ request: Request, _ context: ArenaContext) async throws -> Response {
    let principal = try context.principal(.trade)
    try BrokerEnvironment.requirePaper(request)
    let order = try await gateway.cancel(
      try context.orderID(), of: .coinbase, by: principal.subject)
    return .json(.ok, order.receipt())
  }

  /// In Coinbase's shape: the account's currency, and one for each asset that is held.
  @Sendable private func accounts(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let balances = try await gateway.balances().orAnswer()
    let positions = try await gateway.positions().orAnswer()
    let held = Dictionary(grouping: positions.filter { BrokerName.coinbase.quotes($0.instrument) }) {
      position in position.instrument.prefix { $0 != BrokerName.coinbase.separator }
    }
    var accounts = [account(balances.sum.currency, balances.sum.balance)]
    for (asset, positions) in held.sorted(by: { $0.key < $1.key }) {
      accounts.append(account(String(asset), positions.reduce(.zero) { $0 + $1.units }))
    }
    return .json(
      .ok,
      [
        "ok": true, "accounts": .array(accounts), "size": .int(accounts.count), "has_next": false,
        "cursor": "", "mode": "paper", "source": .string(gateway.marketSource),
      ]
    ).telling(gateway.marketSource)
  }

  private func account(_ currency: String, _ value: Amount) -> JSON {
    [
      "uuid": .string("paper-\(currency.lowercased())"), "name": .string("\(currency) Wallet"),
      "currency": .string(currency),
      "available_balance": ["value": .string("\(value)"), "currency": .string(currency)],
      "hold": ["value": "0", "currency": .string(currency)],
      "default": .bool(currency == "USD"), "active": true, "ready": true, "type": "ACCOUNT_TYPE_PAPER",
    ]
  }

  private static func json(_ order: Order) -> JSON {
    [
      "order_id": .string(order.id), "client_order_id": .string(order.clientOrderID),
      "product_id": .string(order.instrument), "side": .string(order.side.rawValue.uppercased()),
      "order_type": .string(order.type.rawValue.uppercased()), "size": .amount(order.units),
      "filled_size": .amount(order.filledUnits),
      "limit_price": .amount(order.terms.limitPrice ?? order.price),
      "stop_price": .amount(order.type.isStop ? order.price : nil),
      "average_filled_price": .amount(order.averagePrice), "stop_loss_price": .amount(order.stopLoss),
      "take_profit_price": .amount(order.takeProfit), "status": .string(order.statusWord),
      "reason": JSON(order.reason), "mode": .string(order.mode.rawValue), "placed_by": JSON(order.placedBy),
      "created": .string("\(order.created)"), "ttl_expires_at": .epoch(order.expires),
    ]
  }
}
