public import Model

/// An open trade with the prices that protect it.
public struct TradeView: Hashable, Sendable {
  public let trade: Trade
  public let stopLoss: Price?
  public let takeProfit: Price?
}

/// What a strategy holds in one instrument.
public struct PositionView: Hashable, Sendable {
  public let strategy: String
  public let broker: String
  public let instrument: String
  /// Signed: negative is short; never zero.
  public let units: Quantity
  public let averagePrice: Price
  /// Of the units of its open trades that were closed already, in the account's currency.
  public let realised: Money
  /// At the latest quote; zero before the first.
  public let unrealised: Money
  /// Oldest first.
  public let trades: [TradeView]
}

/// A sub-account at the latest quotes, or the sum of all.
public struct AccountView: Hashable, Sendable {
  /// Nil for the sum of all strategies.
  public let strategy: String?
  public let currency: String
  public let balance: Money
  public let equity: Money
  public let realised: Money
  public let unrealised: Money
  public let fees: Money
  public let marginUsed: Money
  /// Exits included.
  public let openOrders: Int
  public let openPositions: Int
}

/// One strategy in a word.
public struct StrategySummary: Hashable, Sendable {
  public let strategy: String
  /// All orders and fills so far, exits included.
  public let orders: Int64
  public let fills: Int64
  /// Instrument and signed units, by name.
  public let position: [PositionUnits]
  public let realised: Money
  public let unrealised: Money
  public let paused: Bool
  /// The mode that its orders have; nil while no worker of it is registered.
  public let mode: TradingMode?
}

/// How much of an instrument is held, signed.
public struct PositionUnits: Hashable, Sendable {
  public let instrument: String
  public let units: Quantity
}
