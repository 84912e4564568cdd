public import Model

/// What a broker says about an order.
public enum BrokerEvent: Hashable, Sendable {
  case accepted(orderID: String)
  /// A stop's price was reached, and it did not fill at once and whole.
  case triggered(orderID: String)
  /// The market moved a stop that follows it.
  case repriced(orderID: String, price: Price)
  /// An entry that has waited fills next, unless it is cancelled before the next event is read. A broker behind a
  /// network never says so: it makes its own checks.
  case reached(orderID: String)
  case filled(Execution)
  case cancelled(orderID: String, reason: String, time: Timestamp)
  case rejected(orderID: String, reason: String, time: Timestamp)
  case expired(orderID: String, reason: String, time: Timestamp)
  case replaced(orderID: String)

  // Only a broker behind a network says these.

  /// No answer came to what the order was sent with, or changed with last.
  case lost(orderID: String)
  /// A change of the order is on its way.
  case updating(orderID: String)
  /// The order works with other terms than it should: a change was refused, or filled units overtook it.
  case amended(orderID: String, terms: WorkingTerms)
  /// Something about the whole account.
  case account(AccountEvent)

  /// Nil for what is about the whole account.
  public var orderID: String? {
    switch self {
    case .accepted(let id), .triggered(let id), .replaced(let id), .reached(let id): id
    case .lost(let id), .updating(let id): id
    case .amended(let id, _): id
    case .account: nil
    case .repriced(let id, _): id
    case .filled(let execution): execution.orderID
    case .cancelled(let id, _, _), .rejected(let id, _, _), .expired(let id, _, _): id
    }
  }
}

/// What a broker behind a network says about the whole account.
public enum AccountEvent: Hashable, Sendable {
  case connected
  case disconnected(reason: String)
  /// Every order is accounted for: entries may be sent again.
  case reconciled(orders: Int)
  /// An order works that the desk did not place.
  case foreign(OrderStatus)
  /// An order works under an id of the desk's that it keeps no book of: it was given up, or a journal was lost.
  case stray(orderID: String)
  /// What the account holds, at a moment when all that happened before is booked.
  case positions([BrokerPosition])
}

/// Units of an order that traded at one price.
public struct Execution: Hashable, Sendable {
  public let orderID: String
  /// Positive.
  public let units: Quantity
  public let price: Price
  /// In the quote currency of the instrument; never negative.
  public let fee: Amount
  public let time: Timestamp
  /// The quote that it was matched on; 0 where a broker does not say.
  public let quoteSequence: Int64
  /// The broker's own id of it, by which hearing of it twice is noticed; nil of the paper broker.
  public let id: String?

  public init(
    orderID: String, units: Quantity, price: Price, fee: Amount, time: Timestamp, quoteSequence: Int64,
    id: String? = nil
  ) {
    self.id = id
    self.orderID = orderID
    self.units = units
    self.price = price
    self.fee = fee
    self.time = time
    self.quoteSequence = quoteSequence
  }
}

/// What a broker can do; admission refuses what it cannot.
public struct BrokerCapabilities: Hashable, Sendable {
  public let orderTypes: Set<OrderType>
  public let timesInForce: Set<TimeInForce>
  /// Nil where the broker links nothing: then the desk cancels sisters itself.
  public let linkedGroups: LinkedGroup.Semantics?
  /// Whether a working order's price can be changed in place.
  public let modifies: Bool

  public init(
    orderTypes: Set<OrderType> = Set(OrderType.allCases),
    timesInForce: Set<TimeInForce> = Set(TimeInForce.allCases),
    linkedGroups: LinkedGroup.Semantics? = .oneCancelsOther, modifies: Bool = true
  ) {
    self.orderTypes = orderTypes
    self.timesInForce = timesInForce
    self.linkedGroups = linkedGroups
    self.modifies = modifies
  }
}
