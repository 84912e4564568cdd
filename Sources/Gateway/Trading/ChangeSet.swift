public import BrokerInterface
public import Model

/// Everything that one call changed: what the journal commits in **one** transaction before anybody is told.
///
/// The state in memory changed already. If the commit fails the process stops and starts again from the
/// journal; so replies, notifications and `requests` leave only after the commit.
public struct ChangeSet: Hashable, Sendable {
  /// Each changed order's new value, in the order of change; an order that changed twice is there once, with
  /// its last value.
  public var orders: [Order] = []
  /// New executions, oldest first.
  public var fills: [Fill] = []
  /// New and changed open trades, with their last value.
  public var trades: [Trade] = []
  /// Trades that are closed: to be removed from the open ones.
  public var closedTrades: [Int64] = []
  /// New values of the sub-accounts that changed.
  public var accounts: [SubAccount] = []
  /// New values of the conversion rates that money was booked at.
  public var rates: [ConversionRate] = []
  /// New values of what is to be closed.
  public var flattenings: [Flattening] = []
  /// Strategies of which nothing is to be closed any more.
  public var endedFlattenings: [String] = []
  /// The new mode and kill switch, where they changed.
  public var charter: Charter?
  /// What happened, in order. The store gives each its sequence number.
  public var events: [DeskEvent] = []
  /// What a broker behind a network is asked, after the commit. Empty for the paper broker.
  public var requests: [BrokerRequest] = []

  public init() {}

  /// Whether there is nothing to commit and nobody to tell.
  public var isEmpty: Bool {
    orders.isEmpty && fills.isEmpty && trades.isEmpty && closedTrades.isEmpty && accounts.isEmpty
      && rates.isEmpty && flattenings.isEmpty && endedFlattenings.isEmpty && charter == nil && events.isEmpty
      && requests.isEmpty
  }
}

/// What a call returns: its result or the refusal, and what it changed; a refusal too leaves an event.
public struct Outcome<Value: Sendable>: Sendable {
  public let result: Result<Value, Refusal>
  public let changes: ChangeSet

  public init(_ result: Result<Value, Refusal>, _ changes: ChangeSet) {
    self.result = result
    self.changes = changes
  }
}

/// An admitted order, as it stands after everything that its placement caused.
public struct Placement: Hashable, Sendable {
  public let order: Order
  /// True when the same `clientOrderID` came before with the same intent: nothing was done.
  public let isDuplicate: Bool

  public init(order: Order, isDuplicate: Bool) {
    self.order = order
    self.isDuplicate = isDuplicate
  }

  /// With the order as it stands at the end of the call that placed it.
  func settled(by changes: ChangeSet) -> Placement {
    guard let last = changes.orders.first(where: { $0.number == order.number }) else { return self }
    return Placement(order: last, isDuplicate: isDuplicate)
  }
}
