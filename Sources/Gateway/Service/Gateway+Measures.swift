import Feeds
public import Model
import Trading
import TradingStore

/// What the gateway measures of itself, for `/metrics`.
public struct GatewayMeasures: Sendable {
  /// A strategy's account in figures.
  public struct Account: Sendable {
    public let strategy: String
    public let equity: Money
    public let realised: Money
    public let unrealised: Money
    public let fees: Money
    public let orders: Int64
    public let fills: Int64
    public let openOrders: Int
    public let openPositions: Int
    public let isPaused: Bool
    public let isConnected: Bool
  }

  public let accounts: [Account]
  public let equity: Money
  public let marginUsed: Money
  public let commits: Int
  public let entries: Int
  public let events: Int64
  public let commitTimes: DurationHistogram
  public let sessions: Int
  public let quotes: Int64
  public let quotesSent: Int
  public let quotesThinned: Int
  public let badLines: Int
  /// Of the latest quote, by the market's clock; nil before the first.
  public let quoteAgeSeconds: Double?
  public let eventsNotRelayed: Int
  public let isKilled: Bool
}

extension Gateway {
  /// Strategies that are measured one by one; of more, the first by name.
  static let measuredStrategiesMax = 500

  /// - Returns: Nil while the gateway starts or stops.
  public nonisolated func measures() async -> GatewayMeasures? {
    let found: Result<GatewayMeasures, Refusal> = await onDesk { gateway, answer in
      answer(.success(gateway.measured()))
    }
    return try? found.get()
  }

  private func measured() -> GatewayMeasures {
    let summaries = Dictionary(
      core.summaries().map { ($0.strategy, $0) }, uniquingKeysWith: { first, _ in first })
    let accounts = core.accounts().prefix(Self.measuredStrategiesMax).compactMap { view in
      view.strategy.map { name in
        GatewayMeasures.Account(
          strategy: name, equity: view.equity, realised: view.realised, unrealised: view.unrealised,
          fees: view.fees, orders: summaries[name]?.orders ?? 0, fills: summaries[name]?.fills ?? 0,
          openOrders: view.openOrders, openPositions: view.openPositions,
          isPaused: summaries[name]?.paused ?? false, isConnected: sessionsByStrategy[name] != nil)
      }
    }
    let sum = core.account(strategy: nil)
    let age = feed.position.time.map { time in
      Double(max(0, marketNow.nanoseconds - time.nanoseconds)) / 1_000_000_000
    }
    return GatewayMeasures(
      accounts: accounts, equity: sum?.equity ?? .zero, marginUsed: sum?.marginUsed ?? .zero,
      commits: counters.commits, entries: counters.entries, events: store.lastEventSequence,
      commitTimes: journal?.commitTimes ?? DurationHistogram(), sessions: sessions.count,
      quotes: feed.position.sequence, quotesSent: counters.quotesSent, quotesThinned: counters.quotesThinned,
      badLines: feed.player?.badLineCount ?? 0, quoteAgeSeconds: age,
      eventsNotRelayed: counters.eventsNotRelayed, isKilled: core.charter.kill != nil)
  }
}
