/// What the market needs to know about an instrument before an order may name it.
public struct Instrument: Hashable, Sendable {
  /// `EUR_USD`, `BTC-USD`.
  public let name: String
  /// The currency or asset that one unit is.
  public let base: String
  /// The currency of its prices.
  public let quote: String
  /// Prices are multiples of 10 to the power of minus this.
  public let priceDecimals: Int
  /// Quantities are multiples of 10 to the power of minus this.
  public let unitsDecimals: Int
  /// The smallest order.
  public let minimumUnits: Quantity
  /// The share of the notional that a position binds, 0.02 for 50:1.
  public let marginRate: Amount

  public init(
    name: String, base: String, quote: String, priceDecimals: Int, unitsDecimals: Int,
    minimumUnits: Quantity, marginRate: Amount
  ) {
    self.name = name
    self.base = base
    self.quote = quote
    self.priceDecimals = priceDecimals
    self.unitsDecimals = unitsDecimals
    self.minimumUnits = minimumUnits
    self.marginRate = marginRate
  }

  /// The smallest difference of two prices.
  public var tick: Price { .step(decimals: priceDecimals) }
}

extension Instrument {
  private static func forex(_ base: String, _ quote: String) -> Instrument {
    Instrument(
      name: "\(base)_\(quote)", base: base, quote: quote, priceDecimals: quote == "JPY" ? 3 : 5,
      unitsDecimals: 0, minimumUnits: 1, marginRate: Amount(raw: Amount.one.raw / 50))
  }

  private static func crypto(_ base: String, _ quote: String) -> Instrument {
    Instrument(
      name: "\(base)-\(quote)", base: base, quote: quote, priceDecimals: 2, unitsDecimals: 8,
      minimumUnits: Amount(raw: Amount.one.raw / 100_000), marginRate: 1)
  }

  /// The rules for a name, by the field's conventions: `AAA_BBB` is a currency pair in whole units with five
  /// decimals (three against JPY) and 50:1 margin, `AAA-BBB` a spot pair in hundred-millionths with two
  /// decimals and no leverage. Nil for a name of another form.
  public static func conventional(_ name: String) -> Instrument? {
    func pair(_ separator: Character) -> (String, String)? {
      let parts = name.split(separator: separator, omittingEmptySubsequences: false)
      guard parts.count == 2,
        parts.allSatisfy({ part in
          (2...8).contains(part.utf8.count)
            && part.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) }
        })
      else { return nil }
      return (String(parts[0]), String(parts[1]))
    }
    if let (base, quote) = pair("_") { return forex(base, quote) }
    if let (base, quote) = pair("-") { return crypto(base, quote) }
    return nil
  }
}
