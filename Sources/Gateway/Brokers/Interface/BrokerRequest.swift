public import Model

/// What a working order asks of the market, as its broker knows it.
public struct WorkingTerms: Hashable, Sendable {
  public var price: Price?
  public var limitPrice: Price?
  /// All units of the order, those that have filled too: a total stays right whatever fills while it is on its way.
  public var units: Quantity

  public init(price: Price? = nil, limitPrice: Price? = nil, units: Quantity) {
    self.price = price
    self.limitPrice = limitPrice
    self.units = units
  }
}

/// What a broker behind a network is asked, after the commit of what caused it.
///
/// Orders are named by the key that they were placed with: the desk's order id, which the adapter sends as the client
/// order id; for an order that the desk found at the broker, ``foreignPrefix`` and the broker's own id.
public struct BrokerRequest: Hashable, Sendable {
  /// What is asked.
  public enum Action: Hashable, Sendable {
    /// Sent once, whatever becomes of the answer.
    case place(Order, group: LinkedGroup?)
    case cancel(key: String)
    /// Sets the terms; asking twice changes nothing.
    case modify(key: String, terms: WorkingTerms)
    /// Asks what has become of an order, with all its executions.
    case find(key: String)
    /// Asks for everything that works, all executions since a time, and the positions.
    case report(since: Timestamp)
  }

  /// What the key of an order begins with that was not placed by the desk.
  public static let foreignPrefix = "ext."

  /// The account that such an order is shown on.
  public static let foreignAccount = "external"

  /// Rises by one with every request of a run; the answer names it.
  public let id: Int64
  public let action: Action

  public init(id: Int64, action: Action) {
    self.id = id
    self.action = action
  }
}
