extension Amount {
  public static func + (left: Amount, right: Amount) -> Amount { Amount(raw: left.raw + right.raw) }
  public static func - (left: Amount, right: Amount) -> Amount { Amount(raw: left.raw - right.raw) }
  public static prefix func - (value: Amount) -> Amount { Amount(raw: -value.raw) }
  public static func += (left: inout Amount, right: Amount) { left = left + right }
  public static func -= (left: inout Amount, right: Amount) { left = left - right }

  /// The product, rounded half to even at the 18th fractional digit. Traps when it is out of range: what a peer
  /// sent goes through ``multiplied(by:)``.
  public static func * (left: Amount, right: Amount) -> Amount {
    guard let product = left.multiplied(by: right) else {
      preconditionFailure("\(left) times \(right) is out of range")
    }
    return product
  }

  /// The product, rounded half to even at the 18th fractional digit; nil when it is out of range.
  public func multiplied(by other: Amount) -> Amount? {
    let negative = (raw < 0) != (other.raw < 0)
    let (high, low) = raw.magnitude.multipliedFullWidth(by: other.raw.magnitude)
    return Self.rounded(high: high, low: low, by: Self.one.raw.magnitude, negative: negative)
  }

  /// The quotient, rounded half to even at the 18th fractional digit; nil when the divisor is zero or the quotient
  /// is out of range.
  public func divided(by divisor: Amount) -> Amount? {
    guard divisor.raw != 0 else { return nil }
    let negative = (raw < 0) != (divisor.raw < 0)
    let (high, low) = raw.magnitude.multipliedFullWidth(by: Self.one.raw.magnitude)
    return Self.rounded(high: high, low: low, by: divisor.raw.magnitude, negative: negative)
  }

  /// Rounded half to even to `digits` decimals.
  public func rounded(decimals digits: Int) -> Amount {
    let step = Self.step(decimals: digits).raw
    let (quotient, remainder) = raw.quotientAndRemainder(dividingBy: step)
    let twice = remainder.magnitude * 2
    let up = twice > step.magnitude || (twice == step.magnitude && quotient % 2 != 0)
    guard up else { return Amount(raw: quotient * step) }
    return Amount(raw: (quotient + (raw < 0 ? -1 : 1)) * step)
  }

  /// Cut toward zero to `digits` decimals.
  public func truncated(decimals digits: Int) -> Amount {
    let step = Self.step(decimals: digits).raw
    return Amount(raw: raw / step * step)
  }

  /// Whether no digit beyond the first `digits` decimals is set.
  public func fits(decimals digits: Int) -> Bool { raw % Self.step(decimals: digits).raw == 0 }

  private static func rounded(high: UInt128, low: UInt128, by divisor: UInt128, negative: Bool) -> Amount? {
    guard high < divisor else { return nil }
    // Nearly every product of real prices and quantities fits 128 bits: the wide division is the rare case.
    let (quotient, remainder) =
      high == 0 ? low.quotientAndRemainder(dividingBy: divisor) : divisor.dividingFullWidth((high, low))
    let half = divisor - remainder
    let up = remainder > half || (remainder == half && quotient & 1 == 1)
    guard quotient < .max, let magnitude = Int128(exactly: up ? quotient + 1 : quotient) else { return nil }
    return Amount(raw: negative ? -magnitude : magnitude)
  }
}
