/// A position that a strategy wants to have, whatever it has now.
public struct PositionTarget: Hashable, Sendable {
  public var clientOrderID: String?
  public var instrument: String
  /// Signed: negative is short, zero is flat.
  public var units: Quantity
  /// Of what opens or increases; both are needed then.
  public var stopLoss: Price?
  public var takeProfit: Price?
  public var quality: Int?
  public var tag: String?
  /// `breakEven`, `trail`, `maxHoldSeconds` and the like, of the trade that it opens.
  public var terms: OrderTerms

  public init(
    clientOrderID: String? = nil, instrument: String, units: Quantity, stopLoss: Price? = nil,
    takeProfit: Price? = nil, quality: Int? = nil, tag: String? = nil, terms: OrderTerms = OrderTerms()
  ) {
    self.clientOrderID = clientOrderID
    self.instrument = instrument
    self.units = units
    self.stopLoss = stopLoss
    self.takeProfit = takeProfit
    self.quality = quality
    self.tag = tag
    self.terms = terms
  }
}
