import Dispatch
public import Model
import NIOCore
public import Storage
public import Trading
import TradingStore

/// The order desk as HTTP sees it, from any thread.
///
/// Each call is one step on the gateway's loop and is answered from the effect of its commit: what it says is durable.
/// How many wait is bounded by the number of connections, as each has one request under way.
extension Gateway {
  /// The sub-account of people and their programs: orders over HTTP belong to it unless they name a strategy. It is
  /// there from the start, may trade everything, is never paused, and nobody's exit touches what it holds.
  public static let manualAccount = "manual"

  /// Opens the account of people; the journal's first entry.
  func openManualAccount() {
    let capabilities = StrategyCapabilities(mode: .live, brokers: [core.brokerName])
    perform(core.register(Self.manualAccount, generation: 0, capabilities: capabilities, now: marketNow)) {
      _ in
    }
  }

  // MARK: - Orders

  /// Places an order and returns it as it stands then: a marketable one is filled, with its exits working.
  ///
  /// - Parameters:
  ///   - account: the strategy that it belongs to.
  ///   - person: who asks: `user:trader@local`, `token:bot`.
  ///   - route: see ``Model/Order/route``.
  public nonisolated func place(
    _ intent: OrderIntent, as account: String = Gateway.manualAccount, by person: String?,
    route: String? = nil
  ) async -> Result<Placement, Refusal> {
    await onDesk { gateway, answer in
      let trader = gateway.trader(account, person, route)
      let outcome = gateway.core.place(intent, by: trader, now: gateway.marketNow)
      gateway.perform(outcome.changes) { _ in answer(outcome.result) }
    }
  }

  /// Cancels a working order.
  ///
  /// - Parameter account: nil for the one that it belongs to.
  public nonisolated func cancel(
    orderID: String, as account: String? = nil, by person: String?
  ) async -> Result<Order, Refusal> {
    await onOrder(orderID, account, person) { core, trader, now in
      core.cancel(orderID: orderID, by: trader, now: now)
    }
  }

  /// Changes the prices and units of a working order, or the exits of what an entry opened.
  ///
  /// - Parameter account: nil for the one that it belongs to.
  public nonisolated func modify(
    orderID: String, price: Price? = nil, limitPrice: Price? = nil, stopLoss: Price? = nil,
    takeProfit: Price? = nil, units: Quantity? = nil, as account: String? = nil, by person: String?
  ) async -> Result<Order, Refusal> {
    await onOrder(orderID, account, person) { core, trader, now in
      core.modify(
        orderID: orderID, price: price, limitPrice: limitPrice, stopLoss: stopLoss, takeProfit: takeProfit,
        units: units, by: trader, now: now)
    }
  }

  /// Closes an account's position in one instrument at the market; nil where there is none.
  public nonisolated func close(
    instrument: String, as account: String = Gateway.manualAccount, by person: String?, route: String? = nil
  ) async -> Result<Order?, Refusal> {
    await onDesk { gateway, answer in
      let trader = gateway.trader(account, person, route)
      let outcome = gateway.core.close(instrument: instrument, by: trader, now: gateway.marketNow)
      gateway.perform(outcome.changes) { _ in answer(outcome.result) }
    }
  }

  // MARK: - Questions

  /// An order, wherever it is kept.
  public nonisolated func order(id: String) async -> Result<Order, Refusal> {
    await onDesk { gateway, answer in
      let found = Result { () throws(Refusal) in try gateway.known(order: id) }
      gateway.perform(ChangeSet()) { _ in answer(found) }
    }
  }

  /// Orders, newest first; of one strategy or of all.
  ///
  /// - Parameters:
  ///   - route: only those of this broker's route, and no exits.
  ///   - before: only those with a lower number.
  public nonisolated func orders(
    strategy: String?, route: String? = nil, openOnly: Bool, before: Int64? = nil, limit: Int
  ) async throws(StorageError) -> [Order] {
    try await question { (store) throws(StorageError) in
      try store.orders(strategy: strategy, route: route, openOnly: openOnly, before: before, limit: limit)
    }
  }

  /// Open positions by strategy and instrument; of one strategy or of all.
  public nonisolated func positions(strategy: String? = nil) async -> Result<[PositionView], Refusal> {
    await onDesk { gateway, answer in
      let found = gateway.core.positions(strategy: strategy)
      gateway.perform(ChangeSet()) { _ in answer(.success(found)) }
    }
  }

  /// Every sub-account at the latest quotes, and the sum of all.
  public nonisolated func balances() async -> Result<Balances, Refusal> {
    await onDesk { gateway, answer in
      guard let sum = gateway.core.account(strategy: nil) else { return answer(.failure(Self.notOpen)) }
      let found = Balances(sum: sum, accounts: gateway.core.accounts())
      gateway.perform(ChangeSet()) { _ in answer(.success(found)) }
    }
  }

  /// The account and what it is made of.
  public struct Balances: Sendable {
    public let sum: AccountView
    /// By strategy.
    public let accounts: [AccountView]
  }

  // MARK: - The way in

  func trader(_ account: String, _ person: String?, _ route: String? = nil) -> Trader {
    Trader(
      strategy: account, generation: tokens.workers[account]?.generation ?? 0, person: person, route: route)
  }

  private func known(order id: String) throws(Refusal) -> Order {
    guard let order = try core.order(id: id) else {
      throw Refusal("unknown_order", "there is no order \(id.prefix(64))")
    }
    return order
  }

  /// Runs what changes one order, for the account that it belongs to.
  private nonisolated func onOrder(
    _ id: String, _ account: String?, _ person: String?,
    _ change: @escaping @Sendable (inout TradingCore, Trader, Timestamp) -> Outcome<Order>
  ) async -> Result<Order, Refusal> {
    await onDesk { gateway, answer in
      do throws(Refusal) {
        let order = try gateway.known(order: id)
        let trader = gateway.trader(account ?? order.strategy, person, order.route)
        let outcome = change(&gateway.core, trader, gateway.marketNow)
        gateway.perform(outcome.changes) { _ in answer(outcome.result) }
      } catch {
        gateway.perform(ChangeSet()) { _ in answer(.failure(error)) }
      }
    }
  }

  /// Runs a step on the gateway's loop, unless nothing is journaled any more or yet.
  nonisolated func onDesk<Value: Sendable>(
    _ step:
      @escaping @Sendable (
        isolated Gateway, @escaping @Sendable (Result<Value, Refusal>) -> Void
      ) -> Void
  ) async -> Result<Value, Refusal> {
    await withCheckedContinuation { continuation in
      loop.execute {
        self.assumeIsolated { gateway in
          guard gateway.phase == .running else {
            return continuation.resume(returning: .failure(Self.notOpen))
          }
          step(gateway) { continuation.resume(returning: $0) }
        }
      }
    }
  }

  private static let notOpen = Refusal(
    "not_ready", "the gateway is starting or stopping: try again when GET /health says ready")

  /// Asks the store on its own queue.
  nonisolated func question<Value: Sendable>(
    _ ask: @escaping @Sendable (TradingStore) throws(StorageError) -> Value
  ) async throws(StorageError) -> Value {
    let store = store
    let questions = questions
    let result = await withCheckedContinuation { continuation in
      questions.async {
        continuation.resume(returning: Result { () throws(StorageError) in try ask(store) })
      }
    }
    return try result.get()
  }
}
