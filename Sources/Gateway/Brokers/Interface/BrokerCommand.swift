public import Model

/// Orders that end together: when one fills, the broker ends the others in the same step.
public struct LinkedGroup: Hashable, Sendable {
  /// What a fill of one member does to the others. Brokers differ in kind, so the group says which it means.
  public enum Semantics: String, Sendable {
    /// The others are cancelled.
    case oneCancelsOther = "one_cancels_other"
    /// The others shrink by the filled units.
    case oneReducesOther = "one_reduces_other"
  }

  /// Chosen by the order desk; the exits of a trade use the trade's id.
  public let id: Int64
  public let semantics: Semantics

  public init(id: Int64, semantics: Semantics = .oneCancelsOther) {
    self.id = id
    self.semantics = semantics
  }
}

/// What the order desk asks of a broker.
public enum BrokerCommand: Hashable, Sendable {
  /// Sends an order of `remainingUnits`; a broker behind a network sees it once it is durable in the journal.
  case place(Order, group: LinkedGroup?)
  case cancel(orderID: String)
  /// Changes a working order; nil leaves a field as it is. `units` are those that still have to fill, `trail` is how
  /// far a stop that follows stays behind the market.
  case modify(
    orderID: String, price: Price? = nil, limitPrice: Price? = nil, units: Quantity? = nil,
    trail: Amount? = nil)
}
