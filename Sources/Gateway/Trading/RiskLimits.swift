public import Model

/// Limits beyond those that a strategy brings: what an owner wants held whatever a program does. Nil is no limit.
public struct RiskLimits: Hashable, Sendable {
  /// Entries a second of market time: of one account, and of all together. As many may come at once.
  public var orderRate: Int?
  public var totalOrderRate: Int?
  /// How far a price may be from the latest quote, as a share of it: 0.05 is 5 %.
  public var priceCollar: Amount?
  /// What positions and working entries may be worth, in the account's currency: of one account, and of all.
  public var exposure: Money?
  public var totalExposure: Money?
  /// Entries are refused once so much was lost since midnight UTC: by one account, and by all.
  public var dailyLoss: Money?
  public var totalDailyLoss: Money?
  /// Refuses entries on a quote that is older.
  public var staleQuoteSeconds: Int?
  /// Whether a strategy's entry must have a quality score.
  public var requiresQuality: Bool
  /// An order that is worth so much in the account's currency is told of, and audited.
  public var largeOrder: Money?

  public init(
    orderRate: Int? = nil, totalOrderRate: Int? = nil, priceCollar: Amount? = nil, exposure: Money? = nil,
    totalExposure: Money? = nil, dailyLoss: Money? = nil, totalDailyLoss: Money? = nil,
    staleQuoteSeconds: Int? = nil, requiresQuality: Bool = false, largeOrder: Money? = nil
  ) {
    self.orderRate = orderRate
    self.totalOrderRate = totalOrderRate
    self.priceCollar = priceCollar
    self.exposure = exposure
    self.totalExposure = totalExposure
    self.dailyLoss = dailyLoss
    self.totalDailyLoss = totalDailyLoss
    self.staleQuoteSeconds = staleQuoteSeconds
    self.requiresQuality = requiresQuality
    self.largeOrder = largeOrder
  }

  /// What holds where real money is at stake and the owner has set nothing.
  static let real = RiskLimits(
    orderRate: 10, totalOrderRate: 50, priceCollar: Amount("0.05"), staleQuoteSeconds: 10)

  /// The limits of an order of that mode.
  func limits(for mode: TradingMode) -> RiskLimits {
    guard mode > .paper else { return self }
    var limits = self
    limits.orderRate = orderRate ?? Self.real.orderRate
    limits.totalOrderRate = totalOrderRate ?? Self.real.totalOrderRate
    limits.priceCollar = priceCollar ?? Self.real.priceCollar
    limits.staleQuoteSeconds = staleQuoteSeconds ?? Self.real.staleQuoteSeconds
    return limits
  }
}

/// What holds in canary mode on top: real orders, too small to hurt.
public struct CanaryLimits: Hashable, Sendable {
  /// Units of one instrument that an account may hold and have working; nil: as many as the notional allows.
  public var maxUnits: Quantity?
  /// What an account's positions and working entries may be worth, in the account's currency.
  public var maxNotional: Money
  /// What an account may lose in a day.
  public var maxDailyLoss: Money

  public init(maxUnits: Quantity? = nil, maxNotional: Money = 1_000, maxDailyLoss: Money = 50) {
    self.maxUnits = maxUnits
    self.maxNotional = maxNotional
    self.maxDailyLoss = maxDailyLoss
  }
}

/// What has to be so before an order is real.
public struct ExecutionRules: Hashable, Sendable {
  /// `execution_enabled`, read once at the start.
  public var isEnabled: Bool
  /// The brokers that can trade for real, by name.
  public var liveVenues: Set<String>

  public init(isEnabled: Bool = false, liveVenues: Set<String> = []) {
    self.isEnabled = isEnabled
    self.liveVenues = liveVenues
  }
}

/// Counts entries against a rate, in market time: as many as a second's worth may come at once.
struct OrderBudget: Hashable, Sendable {
  private static let second: Int64 = 1_000_000_000

  /// When all that was taken is paid for.
  private var paid: Int64 = .min

  /// How many nanoseconds another one has to wait; nil: it need not.
  func wait(_ perSecond: Int, at now: Timestamp) -> Int64? {
    let ahead = debt(at: now) + Self.second / Int64(max(1, perSecond))
    return ahead > Self.second ? ahead - Self.second : nil
  }

  mutating func take(_ perSecond: Int, at now: Timestamp) {
    paid = now.nanoseconds &+ debt(at: now) &+ Self.second / Int64(max(1, perSecond))
  }

  /// How many entries of the second's worth are used.
  func used(_ perSecond: Int, at now: Timestamp) -> Int {
    Int(debt(at: now) / (Self.second / Int64(max(1, perSecond))))
  }

  private func debt(at now: Timestamp) -> Int64 {
    guard paid > now.nanoseconds else { return 0 }
    let ahead = paid &- now.nanoseconds
    // Time that has gone back is a replay that starts over.
    return ahead > 2 * Self.second || ahead < 0 ? 0 : ahead
  }
}
