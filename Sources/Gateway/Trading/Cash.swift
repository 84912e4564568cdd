import Model

/// Arithmetic on money that cannot trap, whatever the market or a peer sends.
///
/// Rounding: a profit, a fee or a margin is the exact product of prices and units, times the conversion rate, and is
/// then rounded half to even to 10 decimals, once. Everything beyond ±10¹⁸ is held at that limit.
enum Cash {
  static let decimals = 10
  static let limit = Amount(1_000_000_000_000_000_000)

  /// The largest price, number of units and notional of an order.
  static let maxPrice = Amount(1_000_000_000)
  static let maxUnits = Amount(10_000_000_000)
  static let maxNotional = Amount(1_000_000_000_000_000)

  static func clamped(_ value: Amount) -> Amount { min(max(value, -limit), limit) }

  static func product(_ left: Amount, _ right: Amount) -> Amount {
    if let product = left.multiplied(by: right) { return clamped(product) }
    return left.isNegative == right.isNegative ? limit : -limit
  }

  static func sum(_ left: Amount, _ right: Amount) -> Amount { clamped(clamped(left) + clamped(right)) }

  /// An amount of a currency in the account's.
  static func money(_ amount: Amount, rate: Amount) -> Money {
    (rate == .one ? clamped(amount) : product(amount, rate)).rounded(decimals: decimals)
  }

  /// What `units` (signed) bought at `from` gain at `to`, in the quote currency.
  static func profit(units: Quantity, from: Price, to: Price) -> Amount { product(to - from, units) }
}
