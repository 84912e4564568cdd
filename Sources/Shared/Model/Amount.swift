/// An exact decimal number: a price, a quantity or an amount of money.
///
/// Held as a whole number of 10⁻¹⁸ units, so addition, subtraction and comparison are exact and a product of a
/// price and a quantity with up to nine fractional digits each is exact too. The range is about ±1.7 × 10²⁰.
/// Binary floating point never takes part: text is read from its digits and written with as many as it needs.
public struct Amount: Hashable, Sendable {
  /// Fractional digits that every amount carries.
  public static let scale = 18

  // Two words rather than one Int128: with Swift 6.3 a value of 16-byte alignment that is passed to an overridden
  // async method crashes in optimised builds, and amounts travel in every callback of a strategy.
  private let high: Int64
  private let low: UInt64

  /// The value times 10¹⁸.
  public var raw: Int128 { Int128(high) << 64 | Int128(low) }

  public init(raw: Int128) {
    high = Int64(truncatingIfNeeded: raw >> 64)
    low = UInt64(truncatingIfNeeded: raw)
  }

  public init(_ whole: Int) { self.init(raw: Int128(whole) * Self.one.raw) }

  public static let zero = Amount(raw: 0)
  public static let one = Amount(raw: 1_000_000_000_000_000_000)

  public var isZero: Bool { raw == 0 }
  public var isNegative: Bool { raw < 0 }
  public var isPositive: Bool { raw > 0 }
  public var magnitude: Amount { raw < 0 ? Amount(raw: -raw) : self }

  /// 1, 0 or -1.
  public var signum: Int { raw > 0 ? 1 : raw < 0 ? -1 : 0 }

  /// 10 to the power of minus `digits`: the smallest step of a number with that many decimals.
  public static func step(decimals digits: Int) -> Amount { Amount(raw: power(max(0, scale - digits))) }

  static func power(_ exponent: Int) -> Int128 {
    var value: Int128 = 1
    for _ in 0..<exponent { value *= 10 }
    return value
  }
}

extension Amount: Comparable {
  public static func < (left: Amount, right: Amount) -> Bool { left.raw < right.raw }
}

/// A price in the quote currency per unit of the instrument.
public typealias Price = Amount
/// A number of units of an instrument; signed where it says so.
public typealias Quantity = Amount
/// An amount of the account's currency.
public typealias Money = Amount
