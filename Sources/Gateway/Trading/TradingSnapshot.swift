public import Model

/// The virtual account of one strategy, without what its open positions are worth.
public struct SubAccount: Hashable, Sendable {
  public let strategy: String
  public var starting: Money
  /// Since the beginning, without fees.
  public var realised: Money
  public var fees: Money
  /// Orders and fills since the beginning, exits included.
  public var orders: Int64
  public var fills: Int64
  /// The UTC day of market time, in days since 1970-01-01, that `dayStartEquity` belongs to; nil before the
  /// first quote.
  public var day: Int64?
  public var dayStartEquity: Money

  public init(
    strategy: String, starting: Money, realised: Money = .zero, fees: Money = .zero, orders: Int64 = 0,
    fills: Int64 = 0, day: Int64? = nil, dayStartEquity: Money
  ) {
    self.strategy = strategy
    self.starting = starting
    self.realised = realised
    self.fees = fees
    self.orders = orders
    self.fills = fills
    self.day = day
    self.dayStartEquity = dayStartEquity
  }

  /// Starting balance plus realised profit minus fees.
  public var balance: Money { starting + realised - fees }
}

/// What one unit of a currency was last worth in the account's currency; money is booked at it after a restart
/// until there are quotes again.
public struct ConversionRate: Hashable, Sendable {
  public let currency: String
  public let rate: Amount

  public init(currency: String, rate: Amount) {
    self.currency = currency
    self.rate = rate
  }
}

/// What the order desk starts from: the journal's contents, or an equal desk in a test.
public struct TradingSnapshot: Hashable, Sendable {
  /// Every order that is not final.
  public var openOrders: [Order]
  /// Final orders, the latest `rememberedOrders` of them at most.
  public var recentOrders: [Order]
  /// Whether the journal holds final orders beyond `recentOrders`.
  public var hasOlderOrders: Bool
  public var trades: [Trade]
  public var accounts: [SubAccount]
  public var rates: [ConversionRate]
  public var flattenings: [Flattening]
  /// Nil in a journal that was never told: the settings say what holds then.
  public var charter: Charter?
  /// The broker's ids of what is booked already: all executions of open orders, and the latest of the others.
  public var executions: [String]
  /// The number, id and id that the next order, fill and trade get; 1 in an empty journal.
  public var nextOrderNumber: Int64
  public var nextFillID: Int64
  public var nextTradeID: Int64
  /// The time of the latest quote that anything was matched on.
  public var marketTime: Timestamp?

  public init(
    openOrders: [Order] = [], recentOrders: [Order] = [], hasOlderOrders: Bool = false, trades: [Trade] = [],
    accounts: [SubAccount] = [], rates: [ConversionRate] = [],
    flattenings: [Flattening] = [], charter: Charter? = nil, executions: [String] = [],
    nextOrderNumber: Int64 = 1,
    nextFillID: Int64 = 1, nextTradeID: Int64 = 1, marketTime: Timestamp? = nil
  ) {
    self.openOrders = openOrders
    self.recentOrders = recentOrders
    self.hasOlderOrders = hasOlderOrders
    self.trades = trades
    self.accounts = accounts
    self.rates = rates
    self.flattenings = flattenings
    self.charter = charter
    self.executions = executions
    self.nextOrderNumber = nextOrderNumber
    self.nextFillID = nextFillID
    self.nextTradeID = nextTradeID
    self.marketTime = marketTime
  }
}

/// Finds orders that are no longer in memory.
///
/// Called inside `place`, `cancel` and `modify`, so it answers synchronously and sees everything committed.
public protocol DeskLookup: Sendable {
  func order(strategy: String, clientOrderID: String) throws(LookupFailure) -> Order?
  func order(id: String) throws(LookupFailure) -> Order?
}

/// The journal could not be asked: whether it has the order is not known.
public struct LookupFailure: Error, Hashable {
  public let message: String

  public init(_ message: String) { self.message = message }
}
