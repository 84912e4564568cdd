public import Model
public import Schedule

/// The rules that hold for every strategy; each is a setting of the gateway.
public struct TradingSettings: Hashable, Sendable {
  /// The mode that a new journal begins with; then it is the journal's, see ``Charter``.
  public var mode: TradingMode
  /// ISO code of the currency that sub-accounts are kept in.
  public var currency: String
  /// What a strategy's sub-account begins with.
  public var startingBalance: Money
  /// The lowest quality score that an order which gives one may have.
  public var qualityThreshold: Int
  /// How long a pending entry works when it does not say so itself.
  public var timeToLiveSeconds: Int
  /// Open orders that one strategy may have, its exits not counted.
  public var maxOpenOrders: Int
  /// Instruments in which one strategy may have a position or a working entry.
  public var maxOpenPositions: Int
  /// Whether a pause also cancels working entries, so that nothing opens while a strategy is paused.
  public var pauseCancelsEntries: Bool
  /// How long a trade may be held when its entry does not say so itself; nil for ever.
  public var maxHoldSeconds: Int?
  /// A strategy's trades are closed, the largest loss first, while its equity is below this share of the margin that
  /// they bind; nil: never.
  public var marginCloseout: Amount?
  /// When the positions in an instrument are squared off each day, by its name; those without may be held.
  public var squareOff: [String: SquareOffHours]
  /// Finished orders that are kept in memory; older ones are asked of ``DeskLookup``.
  public var rememberedOrders: Int
  public var limits: RiskLimits
  public var canary: CanaryLimits
  public var execution: ExecutionRules

  public init(
    mode: TradingMode = .paper, currency: String = "USD", startingBalance: Money = 10_000,
    qualityThreshold: Int = 70, timeToLiveSeconds: Int = 360 * 60, maxOpenOrders: Int = 200,
    maxOpenPositions: Int = 20, pauseCancelsEntries: Bool = true,
    maxHoldSeconds: Int? = nil, marginCloseout: Amount? = Amount(raw: Amount.one.raw / 2),
    squareOff: [String: SquareOffHours] = [:],
    rememberedOrders: Int = 10_000, limits: RiskLimits = RiskLimits(), canary: CanaryLimits = CanaryLimits(),
    execution: ExecutionRules = ExecutionRules()
  ) {
    self.mode = mode
    self.currency = currency
    self.startingBalance = startingBalance
    self.qualityThreshold = qualityThreshold
    self.timeToLiveSeconds = timeToLiveSeconds
    self.maxOpenOrders = maxOpenOrders
    self.maxOpenPositions = maxOpenPositions
    self.pauseCancelsEntries = pauseCancelsEntries
    self.maxHoldSeconds = maxHoldSeconds
    self.marginCloseout = marginCloseout
    self.squareOff = squareOff
    self.rememberedOrders = rememberedOrders
    self.limits = limits
    self.canary = canary
    self.execution = execution
  }
}

/// What one strategy may do; its supervisor says so when it starts the worker.
public struct StrategyCapabilities: Hashable, Sendable {
  /// The effective mode is the lower of this and the gateway's.
  public var mode: TradingMode
  public var brokers: [String]
  /// Nil for all.
  public var instruments: [String]?
  public var maxOrderUnits: Quantity?
  /// Entries are refused once this much was lost since midnight UTC, realised and unrealised.
  public var maxDailyLoss: Money?

  public init(
    mode: TradingMode = .paper, brokers: [String] = ["paper"], instruments: [String]? = nil,
    maxOrderUnits: Quantity? = nil, maxDailyLoss: Money? = nil
  ) {
    self.mode = mode
    self.brokers = brokers
    self.instruments = instruments
    self.maxOrderUnits = maxOrderUnits
    self.maxDailyLoss = maxDailyLoss
  }
}

/// Who places an order; known from the socket that it came in on, never from the message.
public struct Trader: Hashable, Sendable {
  public let strategy: String
  public let generation: Generation
  /// The person or program behind an order that no worker placed: `user:trader@local`, `token:bot`.
  public let person: String?
  /// See ``Model/Order/route``.
  public let route: String?

  public init(strategy: String, generation: Generation, person: String? = nil, route: String? = nil) {
    self.strategy = strategy
    self.generation = generation
    self.person = person
    self.route = route
  }
}

/// What happens to the orders and positions of a strategy whose worker is gone.
public enum ExitPolicy: String, Sendable, CaseIterable {
  /// Everything stays; exits protect the positions.
  case keep
  /// Working entries are cancelled; positions stay, with their exits.
  case cancel
  /// Working entries are cancelled and positions closed at the market.
  case flatten
}
