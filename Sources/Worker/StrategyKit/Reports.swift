public import Model
public import Wire

/// What the gateway says of an instrument's prices and quantities.
public struct InstrumentRules: Sendable, Hashable {
  public let name: String
  public let base: String
  public let quote: String
  public let priceDecimals: Int
  public let unitsDecimals: Int
  public let minimumUnits: Quantity

  init(_ json: JSON) throws(RPCError) {
    name = try json.string("name")
    base = try json.string("base")
    quote = try json.string("quote")
    priceDecimals = try json.int("price_decimals")
    unitsDecimals = try json.int("units_decimals")
    minimumUnits = try json.amount("min_units")
  }

  /// The smallest difference of two prices.
  public var tick: Price { .step(decimals: priceDecimals) }

  /// The nearest price that an order may carry.
  public func rounded(price: Price) -> Price { price.rounded(decimals: priceDecimals) }
}

/// One position of the strategy's sub-account.
public struct PositionReport: Sendable, Hashable {
  public let instrument: String
  /// Signed: negative is short.
  public let units: Quantity
  public let averagePrice: Price
  public let realised: Money
  public let unrealised: Money

  init(_ json: JSON) throws(RPCError) {
    instrument = try json.string("instrument")
    units = try json.amount("units")
    averagePrice = try json.optionalAmount("average_price") ?? .zero
    realised = try json.amount("realised")
    unrealised = try json.optionalAmount("unrealised") ?? .zero
  }
}

/// The `[params]` of the manifest, read with a default where one is missing or of another kind.
public struct Parameters: Sendable {
  public let json: JSON

  init(_ json: JSON) { self.json = json }

  public func string(_ key: String, _ fallback: String) -> String { json[key]?.stringValue ?? fallback }
  /// A whole number.
  public func int(_ key: String, _ fallback: Int) -> Int { json[key]?.intValue ?? fallback }
  public func double(_ key: String, _ fallback: Double) -> Double { json[key]?.doubleValue ?? fallback }

  /// A decimal string or a number.
  public func amount(_ key: String, _ fallback: Amount) -> Amount {
    switch json[key] {
    case .string(let text): Amount(text) ?? fallback
    case .number(let digits): Amount(digits) ?? fallback
    default: fallback
    }
  }
}
