public import Model

/// An order as the matching engine sees it.
public struct MatchOrder: Hashable, Sendable {
  public let id: String
  /// Its age: of two orders that one quote reaches, the lower number goes first.
  public let number: Int64
  public let instrument: String
  public let side: Side
  public let type: OrderType
  public let timeInForce: TimeInForce
  /// Of a limit or stop.
  public var price: Price?
  /// Positive: those that still have to fill.
  public var units: Quantity
  /// The order works until this market time, exclusively.
  public let expires: Timestamp?
  /// Orders of one group cancel each other: the first that fills ends the rest in the same step.
  public let group: Int64?

  public init(
    id: String, number: Int64, instrument: String, side: Side, type: OrderType,
    timeInForce: TimeInForce = .gtc, price: Price? = nil, units: Quantity, expires: Timestamp? = nil,
    group: Int64? = nil
  ) {
    self.id = id
    self.number = number
    self.instrument = instrument
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.price = price
    self.units = units
    self.expires = expires
    self.group = group
  }
}

/// What the matching engine did.
public enum MatchEvent: Hashable, Sendable {
  case accepted(id: String)
  case replaced(id: String)
  /// `fee` is in the instrument's quote currency; `sequence` is the quote that it was matched on.
  case filled(id: String, units: Quantity, price: Price, fee: Amount, sequence: Int64, time: Timestamp)
  /// Reasons: `requested`, `oco` (its sister filled), `not_marketable` (ioc or fok that could not fill at once).
  case cancelled(id: String, reason: String, time: Timestamp)
  /// Reasons: `no_quote`, `unknown_instrument`, `price_required`.
  case rejected(id: String, reason: String, time: Timestamp)
  /// Reason: `ttl`.
  case expired(id: String, reason: String, time: Timestamp)
}
