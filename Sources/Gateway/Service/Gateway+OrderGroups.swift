import IPC
public import Model
import NIOCore
public import Trading
import Wire

/// What workers ask that places or changes several orders at once.
extension Gateway {
  /// Order ids that an answer names; the notifications tell of all.
  private static let idsMax = 1_000

  /// False where the method is another one.
  func changeSeveral(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) throws(RPCError) -> Bool {
    switch frame.method {
    case "order.basket": try placeBasket(frame, id, session)
    case "order.split": try split(frame, id, session)
    case "order.smart": try reach(frame, id, session)
    case "order.replace": try replace(frame, id, session)
    case "order.cancel_all": try cancelAll(frame, id, session)
    default: return false
    }
    return true
  }

  private func placeBasket(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let basket = try frame.withBody { (body) throws(RPCError) in try OrderBasket(params: body) }
    let outcome = core.basket(
      basket.orders, allOrNone: basket.allOrNone, by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, results, decimals in
      writer.results(results, decimals)
    }
  }

  private func split(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let intent = try frame.withBody { (body) throws(RPCError) in try OrderIntent(params: body) }
    let size = try frame.params().amount("size")
    let outcome = core.split(intent, size: size, by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, placements, decimals in
      writer.results(placements.map { .success($0) }, decimals)
    }
  }

  private func reach(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let outcome = core.reach(try PositionTarget(frame.params()), by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, reached, decimals in
      writer.results(reached.orders.map { .success($0) }, decimals)
      writer.field("before", reached.before)
      writer.field("after", reached.after)
    }
  }

  private func replace(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let intent = try frame.withBody { (body) throws(RPCError) in try OrderIntent(params: body) }
    let old = try frame.params().string("order_id")
    let outcome = core.replace(orderID: old, with: intent, by: session.trader, now: marketNow)
    conclude(outcome, id, session) { writer, placement, decimals in
      writer.placement(placement, decimals)
    }
  }

  private func cancelAll(_ frame: Frame, _ id: RequestID, _ session: WorkerSession) throws(RPCError) {
    let outcome = core.cancelAll(
      strategy: session.strategy, instrument: try frame.params().optionalString("instrument"), now: marketNow)
    conclude(outcome, id, session) { writer, orders, _ in
      writer.field("cancelled", orders.count)
      writer.array("order_ids", orders.prefix(Self.idsMax)) { $0.value($1.id) }
    }
  }
}

extension JSONWriter {
  /// The result of each order in turn, an order or why there is none.
  mutating func results(_ results: [Result<Placement, Refusal>], _ decimals: (String) -> Int) {
    key("results")
    beginArray()
    for result in results {
      beginObject()
      switch result {
      case .success(let placement): self.placement(placement, decimals)
      case .failure(let refusal):
        key("error")
        beginObject()
        field("reason", refusal.reason)
        field("message", refusal.message)
        endObject()
      }
      endObject()
    }
    endArray()
  }

  mutating func placement(_ placement: Placement, _ decimals: (String) -> Int) {
    key("order")
    value(placement.order, priceDecimals: decimals(placement.order.instrument))
    field("duplicate", placement.isDuplicate)
  }
}

// MARK: - For HTTP

/// The same as HTTP asks it, from any thread; each is answered from the effect of its commit.
extension Gateway {
  /// Several orders in one commit; see ``Trading/TradingCore/basket(_:allOrNone:by:now:)``.
  ///
  /// - Parameters:
  ///   - account: the strategy that they belong to.
  ///   - person: who asks: `user:trader@local`, `token:bot`.
  ///   - route: see ``Model/Order/route``.
  public nonisolated func basket(
    _ intents: [OrderIntent], allOrNone: Bool, as account: String = Gateway.manualAccount, by person: String?,
    route: String? = nil
  ) async -> Result<[Result<Placement, Refusal>], Refusal> {
    await trade(account, person, route) { core, trader, now in
      core.basket(intents, allOrNone: allOrNone, by: trader, now: now)
    }
  }

  /// One order in parts of `size` units, all or none.
  public nonisolated func split(
    _ intent: OrderIntent, size: Quantity, as account: String = Gateway.manualAccount, by person: String?,
    route: String? = nil
  ) async -> Result<[Placement], Refusal> {
    await trade(account, person, route) { core, trader, now in
      core.split(intent, size: size, by: trader, now: now)
    }
  }

  /// Brings an account's position in one instrument to a target.
  public nonisolated func reach(
    _ target: PositionTarget, as account: String = Gateway.manualAccount, by person: String?,
    route: String? = nil
  ) async -> Result<TargetOutcome, Refusal> {
    await trade(account, person, route) { core, trader, now in
      core.reach(target, by: trader, now: now)
    }
  }

  /// Puts an order in the place of a working one of the same account.
  public nonisolated func replace(
    orderID: String, with intent: OrderIntent, as account: String = Gateway.manualAccount, by person: String?,
    route: String? = nil
  ) async -> Result<Placement, Refusal> {
    await trade(account, person, route) { core, trader, now in
      core.replace(orderID: orderID, with: intent, by: trader, now: now)
    }
  }

  /// Closes `units` of a position at the market, all with nil; the order is nil where there is none.
  public nonisolated func closePart(
    instrument: String, units: Quantity?, clientOrderID: String? = nil,
    as account: String = Gateway.manualAccount, by person: String?, route: String? = nil
  ) async -> Result<Order?, Refusal> {
    await trade(account, person, route) { core, trader, now in
      core.close(
        instrument: instrument, units: units, clientOrderID: clientOrderID, by: trader, now: now)
    }
  }

  /// Cancels every working order that no trade needs; of one account and instrument, or of all with nil.
  public nonisolated func cancelAll(
    account: String?, instrument: String? = nil
  ) async -> Result<[Order], Refusal> {
    await onDesk { gateway, answer in
      let outcome = gateway.core.cancelAll(
        strategy: account, instrument: instrument, now: gateway.marketNow)
      gateway.perform(outcome.changes) { _ in answer(outcome.result) }
    }
  }

  private nonisolated func trade<Value: Sendable>(
    _ account: String, _ person: String?, _ route: String?,
    _ step: @escaping @Sendable (inout TradingCore, Trader, Timestamp) -> Outcome<Value>
  ) async -> Result<Value, Refusal> {
    await onDesk { gateway, answer in
      let trader = gateway.trader(account, person, route)
      let outcome = step(&gateway.core, trader, gateway.marketNow)
      gateway.perform(outcome.changes) { _ in answer(outcome.result) }
    }
  }
}
