public import Model

/// An order as its broker tells of it: cumulative, so that hearing it twice, or late, does no harm.
public struct OrderStatus: Hashable, Sendable {
  /// How far it is, with the broker's word for why it ended.
  public enum State: Hashable, Sendable {
    case working
    /// Every unit of its terms filled.
    case filled
    case cancelled(reason: String)
    case expired(reason: String)
    case rejected(reason: String)
  }

  /// See ``BrokerRequest``; it begins with ``BrokerRequest/foreignPrefix`` for an order that is not the desk's.
  public var key: String
  public var state: State
  public var instrument: String
  public var side: Side
  public var type: OrderType
  public var terms: WorkingTerms
  /// All that filled so far; the executions may be told later.
  public var filledUnits: Quantity

  public init(
    key: String, state: State, instrument: String, side: Side, type: OrderType, terms: WorkingTerms,
    filledUnits: Quantity
  ) {
    self.key = key
    self.state = state
    self.instrument = instrument
    self.side = side
    self.type = type
    self.terms = terms
    self.filledUnits = filledUnits
  }

  public var isForeign: Bool { key.hasPrefix(BrokerRequest.foreignPrefix) }
}

/// What the whole account holds of an instrument.
public struct BrokerPosition: Hashable, Sendable {
  public let instrument: String
  /// Signed: negative is short.
  public let units: Quantity
  public let averagePrice: Price

  public init(instrument: String, units: Quantity, averagePrice: Price) {
    self.instrument = instrument
    self.units = units
    self.averagePrice = averagePrice
  }
}

/// One consistent look at the account.
public struct AccountReport: Hashable, Sendable {
  /// Every working order, and those that ended since the time that was asked for.
  public var orders: [OrderStatus]
  /// Every execution since then, oldest first.
  public var executions: [Execution]
  /// Those that are not flat.
  public var positions: [BrokerPosition]

  public init(orders: [OrderStatus] = [], executions: [Execution] = [], positions: [BrokerPosition] = []) {
    self.orders = orders
    self.executions = executions
    self.positions = positions
  }
}

/// The answer to a ``BrokerRequest``.
public enum BrokerAnswer: Hashable, Sendable {
  /// Done, or found: the order as it is now, and its executions as far as the answer tells them (all, to a `find`).
  case order(OrderStatus, [Execution])
  case report(AccountReport)
  /// The broker knows no such order. It may still be on its way there.
  case absent
  /// It surely was not done.
  case refused(Refusal)
  /// No answer came: it may or may not have been done.
  case lost(String)
}

/// Everything that comes from a broker behind a network.
public enum BrokerMessage: Hashable, Sendable {
  /// The line is open: nothing that was asked before will be answered any more.
  case connected
  case disconnected(String)
  case answer(request: Int64, BrokerAnswer)
  /// From the stream of the account; late, twice or out of order as it may be.
  case order(OrderStatus)
  case execution(Execution)
}
