import Accounts
import GatewayService
import Hummingbird
import Model
import Trading
import Wire

/// `/api/brokers/…`: every broker in one shape, and all of them together.
struct BrokerRoutes: Sendable {
  let gateway: Gateway

  func add(to router: Router<ArenaContext>) {
    let brokers = router.group("api/brokers")
    brokers.get("list", use: list)
    brokers.get("consolidated/positions", use: positions)
    brokers.get("consolidated/pnl", use: profit)
    brokers.get("best-quote", use: bestQuote)
    brokers.get(":broker/status", use: status)
    brokers.get(":broker/accounts", use: accounts)
  }

  // MARK: - Each

  @Sendable private func list(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    return .json(.ok, ["ok": true, "brokers": .array(BrokerName.all.map(summary))])
  }

  private func summary(_ broker: BrokerName) -> JSON {
    let health = gateway.health.current
    let instruments = gateway.instruments.map(\.name).filter(broker.quotes)
    let isThere = !instruments.isEmpty && health.feed != .failed
    return [
      "name": .string(broker.name), "kind": "paper", "mode": .string(min(health.mode, .paper).rawValue),
      "connected": .bool(isThere && health.isReady), "live": false, "routes": .string(broker.path),
      "source": .string(gateway.marketSource), "instruments": .array(instruments.map(JSON.string)),
    ]
  }

  @Sendable private func status(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let broker = try BrokerName.named(context.parameters.get("broker") ?? "")
    let quotes = gateway.instruments.filter { broker.quotes($0.name) }
      .flatMap { gateway.quotes.latest($0.name) }
    let newest = quotes.max { $0.version < $1.version }
    let positions = try await gateway.positions().orAnswer().filter { broker.quotes($0.instrument) }
    let health = gateway.health.current
    return .json(
      .ok,
      [
        "ok": true, "broker": summary(broker),
        "feed": [
          "spec": .string(health.feedSpec), "state": .string(health.feed.rawValue),
          "synthetic": .bool(health.isSynthetic), "quoted": .int(quotes.count),
          "last_quote": JSON(newest.map { "\($0.quote.time)" }),
          "age_ms": newest.map { .int($0.ageMilliseconds) } ?? .null,
        ],
        "open_positions": .int(positions.count),
      ])
  }

  @Sendable private func accounts(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let broker = try BrokerName.named(context.parameters.get("broker") ?? "")
    let balances = try await gateway.balances().orAnswer()
    return .json(
      .ok,
      [
        "ok": true, "broker": .string(broker.name), "source": .string(gateway.marketSource),
        "accounts": .array(balances.accounts.map(\.json)), "total": balances.sum.json,
      ])
  }

  // MARK: - Together

  @Sendable private func positions(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let positions = try await gateway.positions().orAnswer()
    return .json(.ok, ["ok": true, "positions": .array(positions.map(position))])
  }

  private func position(_ held: PositionView) -> JSON {
    let side: Side = held.units.isNegative ? .sell : .buy
    let mark = gateway.quotes.latest(held.instrument).first?.quote.price(for: side.opposite)
    return [
      "broker": .string(BrokerName.quoting(held.instrument).name), "strategy": .string(held.strategy),
      "instrument": .string(held.instrument), "side": side == .buy ? "LONG" : "SHORT",
      "units": .amount(held.units), "average_price": .amount(held.averagePrice), "price": .amount(mark),
      "realised": .amount(held.realised), "unrealised": .amount(held.unrealised),
      "trades": .array(
        held.trades.map { view in
          [
            "trade_id": .int(view.trade.id), "units": .amount(view.trade.units),
            "price": .amount(view.trade.price), "stop_loss": .amount(view.stopLoss),
            "take_profit": .amount(view.takeProfit), "opened": .string("\(view.trade.opened)"),
          ]
        }),
    ]
  }

  @Sendable private func profit(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.read)
    let balances = try await gateway.balances().orAnswer()
    let positions = try await gateway.positions().orAnswer()
    let open = BrokerName.all.map { broker -> JSON in
      let held = positions.filter { broker.quotes($0.instrument) }
      return [
        "broker": .string(broker.name), "open_positions": .int(held.count),
        "unrealised": .amount(held.reduce(.zero) { $0 + $1.unrealised }),
      ]
    }
    return .json(
      .ok,
      [
        "ok": true, "currency": .string(balances.sum.currency), "total": balances.sum.json,
        "by_strategy": .array(balances.accounts.map(\.json)), "by_broker": .array(open),
      ])
  }

  @Sendable private func bestQuote(_ request: Request, _ context: ArenaContext) async throws -> Response {
    _ = try context.principal(.market)
    let instrument = try request.instrument(of: gateway)
    let quotes = gateway.quotes.latest(instrument.name)
    guard let best = gateway.quotes.best(instrument.name) else {
      throw Answer(.serviceUnavailable, "no_quote", "there is no quote of \(instrument.name) yet")
    }
    let (bid, ask) = (best.bid.quote.bid, best.ask.quote.ask)
    return .json(
      .ok,
      [
        "ok": true, "instrument": .string(instrument.name), "bid": .amount(bid),
        "bid_broker": .string(best.bid.broker), "ask": .amount(ask), "ask_broker": .string(best.ask.broker),
        "spread": .amount(ask - bid), "source": .string(gateway.marketSource),
        "quotes": .array(quotes.map(Self.quote)),
      ]
    ).telling(gateway.marketSource)
  }

  private static func quote(_ of: BrokerQuote) -> JSON {
    [
      "broker": .string(of.broker), "bid": .amount(of.quote.bid), "ask": .amount(of.quote.ask),
      "bid_size": .amount(of.quote.bidSize), "ask_size": .amount(of.quote.askSize),
      "time": .string("\(of.quote.time)"), "age_ms": .int(of.ageMilliseconds),
    ]
  }
}

extension AccountView {
  /// As every broker's accounts are shown.
  var json: JSON {
    [
      "account": .string(strategy ?? "all"), "currency": .string(currency), "balance": .amount(balance),
      "equity": .amount(equity), "realised": .amount(realised), "unrealised": .amount(unrealised),
      "fees": .amount(fees), "margin_used": .amount(marginUsed),
      "margin_available": .amount(equity - marginUsed), "open_orders": .int(openOrders),
      "open_positions": .int(openPositions),
    ]
  }
}

extension Request {
  /// The query's `instrument`.
  ///
  /// - Throws: 400 without one, 404 for one that the feed does not have.
  func instrument(of gateway: Gateway) throws(Answer) -> Instrument {
    guard let name = uri.queryParameters["instrument"], !name.isEmpty else {
      throw Answer(.badRequest, "missing_field", "instrument is missing: give one, as in ?instrument=EUR_USD")
    }
    return try gateway.quoted(name)
  }
}
