public import Model

/// An exponential moving average seeded, as TA-Lib does it, with the simple average of the first `period` values.
public struct ExponentialAverage: Sendable {
  public let period: Int
  /// Nil until `period` values have come.
  public private(set) var value: Double?
  private var sum = 0.0
  private var count = 0

  public init(period: Int) { self.period = max(1, period) }

  /// Takes the next value and returns the average, if there is one yet.
  @discardableResult
  public mutating func add(_ next: Double) -> Double? {
    if let value {
      self.value = value + (next - value) * 2 / Double(period + 1)
    } else {
      sum += next
      count += 1
      if count == period { value = sum / Double(period) }
    }
    return value
  }
}

extension Amount {
  /// The nearest binary number: for indicators, which are estimates; never for prices of orders or for money.
  public var approximate: Double { Double(raw) / 1e18 }

  /// The nearest amount to an estimate, with that many decimals; nil for what is no number or out of range.
  public init?(estimate: Double, decimals: Int) {
    guard estimate.isFinite, abs(estimate) < 1e15 else { return nil }
    let exact = Amount(raw: Int128(estimate * 1e9) * 1_000_000_000)
    self = exact.rounded(decimals: decimals)
  }
}
