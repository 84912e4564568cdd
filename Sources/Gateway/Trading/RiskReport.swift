public import Model

/// A limit and what is used of it.
public struct LimitUse: Hashable, Sendable {
  /// The key in `rbotd.toml`: `max_exposure`.
  public let name: String
  /// Nil: there is none.
  public let limit: Amount?
  public let used: Amount

  init(_ name: String, _ limit: Amount?, _ used: Amount) {
    self.name = name
    self.limit = limit
    self.used = used
  }

  init(_ name: String, _ limit: Int?, _ used: Int) {
    self.init(name, limit.map { Amount($0) }, Amount(used))
  }
}

/// One account's limits.
public struct AccountRisk: Hashable, Sendable {
  public let strategy: String
  /// The mode that its orders have; nil while no worker of it is registered.
  public let mode: TradingMode?
  public let paused: Bool
  public let uses: [LimitUse]
}

/// Every limit, with what is used of it at the latest quotes.
public struct RiskReport: Hashable, Sendable {
  public let mode: TradingMode
  public let currency: String
  /// Those of all accounts together.
  public let total: [LimitUse]
  /// Those of each account, by name.
  public let accounts: [AccountRisk]
  /// What an order is compared with, and nothing is used of.
  public let rules: RiskRules
}

/// The settings that bound each order by itself.
public struct RiskRules: Hashable, Sendable {
  public let qualityThreshold: Int
  public let requiresQuality: Bool
  public let priceCollar: Amount?
  public let staleQuoteSeconds: Int?
  public let largeOrder: Money?
  public let timeToLiveSeconds: Int
}

extension TradingCore {
  /// Every limit with what is used of it, at the latest quotes.
  public func riskReport(now: Timestamp) -> RiskReport {
    let limits = settings.limits.limits(for: min(charter.mode, modeCeiling))
    let books = sortedBooks
    func sum(_ value: (StrategyBook) -> Money) -> Money { books.reduce(.zero) { Cash.sum($0, value($1)) } }
    let rate = limits.totalOrderRate
    return RiskReport(
      mode: charter.mode, currency: settings.currency,
      total: [
        LimitUse("max_total_order_rate", rate, rate.map { orderBudget.used($0, at: now) } ?? 0),
        LimitUse("max_total_exposure", limits.totalExposure, sum { exposure($0, working: true) }),
        LimitUse("max_total_daily_loss", limits.totalDailyLoss, max(.zero, totalLost)),
      ],
      accounts: books.map { risk($0, now) },
      rules: RiskRules(
        qualityThreshold: settings.qualityThreshold, requiresQuality: limits.requiresQuality,
        priceCollar: limits.priceCollar, staleQuoteSeconds: limits.staleQuoteSeconds,
        largeOrder: limits.largeOrder, timeToLiveSeconds: settings.timeToLiveSeconds))
  }

  private func risk(_ book: StrategyBook, _ now: Timestamp) -> AccountRisk {
    let mode = book.capabilities.map { effectiveMode(of: $0) }
    let limits = settings.limits.limits(for: mode ?? .paper)
    let working = book.entries.lazy.compactMap { memory[$0] }
    let held = working.filter { !$0.reduceOnly }.reduce(into: Set(book.positions.keys)) {
      $0.insert($1.instrument)
    }
    let canary = mode == .canary ? settings.canary : nil
    let exposures = [limits.exposure, canary?.maxNotional].compactMap { $0 }
    let losses = [limits.dailyLoss, canary?.maxDailyLoss, book.capabilities?.maxDailyLoss].compactMap { $0 }
    return AccountRisk(
      strategy: book.name, mode: mode, paused: book.paused,
      uses: [
        LimitUse("max_open_orders", settings.maxOpenOrders, working.count),
        LimitUse("max_open_positions", settings.maxOpenPositions, held.count),
        LimitUse(
          "max_order_rate", limits.orderRate, limits.orderRate.map { book.orderBudget.used($0, at: now) } ?? 0
        ),
        LimitUse("max_exposure", exposures.min(), exposure(book, working: true)),
        LimitUse("max_daily_loss", losses.min(), max(.zero, lost(book))),
        LimitUse("margin", equity(book), margin(book)),
      ])
  }
}
