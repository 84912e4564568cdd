import Accounts
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// `/api/broker/oanda/…`: the account and its open trades in OANDA's own shapes, for the users' dashboards. It is the
/// paper account, all strategies together.
struct OandaAccountRoutes: Sendable {
  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    router.get("api/broker/oanda/account", use: account)
    router.get("api/broker/oanda/trades", use: trades)
  }

  @Sendable private func account(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let sum = try await gateway.balances().orAnswer().sum
    let trades = try await gateway.positions().orAnswer().reduce(0) { $0 + $1.trades.count }
    func text(_ amount: Amount) -> JSON { .string(amount.text(minimumDecimals: 4)) }
    return .json(
      .ok,
      [
        "account": [
          "id": "paper", "alias": "paper", "currency": .string(sum.currency), "balance": text(sum.balance),
          "NAV": text(sum.equity), "unrealizedPL": text(sum.unrealised), "pl": text(sum.realised),
          "commission": text(sum.fees), "financing": "0.0000", "marginUsed": text(sum.marginUsed),
          "marginAvailable": text(sum.equity - sum.marginUsed), "openTradeCount": .int(trades),
          "openPositionCount": .int(sum.openPositions), "pendingOrderCount": .int(sum.openOrders),
          "hedgingEnabled": false,
        ],
        "source": .string(gateway.marketSource),
      ]
    ).telling(gateway.marketSource)
  }

  @Sendable private func trades(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let positions = try await gateway.positions().orAnswer()
    let trades = positions.filter { BrokerName.oanda.quotes($0.instrument) }.flatMap { position in
      position.trades.map { trade($0, of: position) }
    }
    return .json(
      .ok, ["trades": .array(trades), "source": .string(gateway.marketSource)]
    ).telling(gateway.marketSource)
  }

  private func trade(_ view: TradeView, of position: PositionView) -> JSON {
    let trade = view.trade
    let decimals = gateway.instruments.first { $0.name == trade.instrument }?.priceDecimals ?? 5
    var json: JSON = [
      "id": .string("\(trade.id)"), "instrument": .string(trade.instrument),
      "price": .string(trade.price.text(minimumDecimals: decimals)), "openTime": .string("\(trade.opened)"),
      "state": "OPEN", "currentUnits": .string("\(trade.units)"),
      "realizedPL": .string(trade.realised.text(minimumDecimals: 4)), "financing": "0.0000",
      "clientExtensions": ["tag": .string(trade.strategy)],
    ]
    for (key, price, type) in [
      ("stopLossOrder", view.stopLoss, "STOP_LOSS"), ("takeProfitOrder", view.takeProfit, "TAKE_PROFIT"),
    ] {
      guard let price else { continue }
      json = json.with(
        key, ["type": .string(type), "price": .string(price.text(minimumDecimals: decimals))])
    }
    return json
  }
}
