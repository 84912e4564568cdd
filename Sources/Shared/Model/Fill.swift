/// One execution of an order.
public struct Fill: Hashable, Sendable {
  /// Rises by one with every fill of the gateway.
  public let id: Int64
  public let orderID: String
  public let strategy: String
  public let broker: String
  public let instrument: String
  public let side: Side
  public let role: OrderRole
  /// Positive.
  public let units: Quantity
  public let price: Price
  public let fee: Money
  /// Profit of the units that it closed, in the account's currency, without the fee.
  public let realised: Money
  /// The trade that it opened or closed; an opposite entry that closes several names the last.
  public let tradeID: Int64?
  /// The quote that it was matched on.
  public let quoteSequence: Int64
  public let time: Timestamp
  /// The broker's own id of it; nil of the paper broker.
  public let executionID: String?

  public init(
    id: Int64, orderID: String, strategy: String, broker: String, instrument: String, side: Side,
    role: OrderRole, units: Quantity, price: Price, fee: Money, realised: Money, tradeID: Int64?,
    quoteSequence: Int64, time: Timestamp, executionID: String? = nil
  ) {
    self.executionID = executionID
    self.id = id
    self.orderID = orderID
    self.strategy = strategy
    self.broker = broker
    self.instrument = instrument
    self.side = side
    self.role = role
    self.units = units
    self.price = price
    self.fee = fee
    self.realised = realised
    self.tradeID = tradeID
    self.quoteSequence = quoteSequence
    self.time = time
  }
}

/// Units bought or sold together, with the stop loss and take profit that protect them.
public struct Trade: Hashable, Sendable {
  public let id: Int64
  public let strategy: String
  public let broker: String
  public let instrument: String
  /// The order whose fill opened it.
  public let entryOrderID: String
  public let opened: Timestamp
  public let price: Price
  /// Signed: negative is short. Shrinks as it is closed, oldest trade first.
  public var units: Quantity
  public var stopLossOrderID: String?
  public var takeProfitOrderID: String?
  /// Profit of the units closed so far, in the account's currency, without fees.
  public var realised: Money
  /// When it is closed at the market; nil: never for its age.
  public var closes: Timestamp?

  public init(
    id: Int64, strategy: String, broker: String, instrument: String, entryOrderID: String, opened: Timestamp,
    price: Price, units: Quantity, stopLossOrderID: String? = nil, takeProfitOrderID: String? = nil,
    realised: Money = .zero, closes: Timestamp? = nil
  ) {
    self.id = id
    self.strategy = strategy
    self.broker = broker
    self.instrument = instrument
    self.entryOrderID = entryOrderID
    self.opened = opened
    self.price = price
    self.units = units
    self.stopLossOrderID = stopLossOrderID
    self.takeProfitOrderID = takeProfitOrderID
    self.realised = realised
    self.closes = closes
  }
}
