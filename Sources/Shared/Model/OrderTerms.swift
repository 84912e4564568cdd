/// What only some orders have: the second price of a stop-limit order, the distance of a trailing stop, and how
/// the gateway looks after the trade that an entry opens.
public struct OrderTerms: Hashable, Sendable {
  /// Of a `stopLimit`: the limit that works once the market has reached the order's price.
  public var limitPrice: Price?
  /// Of a `trailingStop`: how far its price stays behind the market.
  public var distance: Amount?
  /// Of an entry, and of the stop loss that it brings: once the trade gains this much per unit, the stop loss moves
  /// to the price at which the trade was opened.
  public var breakEven: Amount?
  /// Of an entry, and of the stop loss that it brings: the stop loss follows the market this far behind.
  public var trail: Amount?
  /// Of an entry, and of the stop loss that it brings: the stop loss follows the market as far behind as the average
  /// true range says. Its `trail` is that distance, reckoned anew with each candle.
  public var rangeTrail: RangeTrail?
  /// Of an entry, and of the stop loss that it brings: when the take profit is given up for a stop loss that follows.
  public var momentum: MomentumRule?
  /// Of an entry: its trade is closed at the market after so many seconds.
  public var maxHoldSeconds: Int?
  /// Of a stop loss with `breakEven`: the price at which its trade was opened.
  public var reference: Price?

  public init(
    limitPrice: Price? = nil, distance: Amount? = nil, breakEven: Amount? = nil, trail: Amount? = nil,
    rangeTrail: RangeTrail? = nil, momentum: MomentumRule? = nil, maxHoldSeconds: Int? = nil,
    reference: Price? = nil
  ) {
    self.limitPrice = limitPrice
    self.distance = distance
    self.breakEven = breakEven
    self.trail = trail
    self.rangeTrail = rangeTrail
    self.momentum = momentum
    self.maxHoldSeconds = maxHoldSeconds
    self.reference = reference
  }

  /// Whether there are none.
  public var isEmpty: Bool { self == OrderTerms() }

  /// Whether the gateway looks after the trade.
  public var managesTrade: Bool {
    breakEven != nil || trail != nil || rangeTrail != nil || momentum != nil || maxHoldSeconds != nil
  }
}

extension OrderTerms: CustomStringConvertible {
  /// `limit_price=1.39 trail=0.001`: what the journal keeps; empty where there are none.
  public var description: String {
    var words: [String] = []
    func add(_ key: String, _ value: Amount?) { if let value { words.append("\(key)=\(value)") } }
    add("limit_price", limitPrice)
    add("distance", distance)
    add("break_even", breakEven)
    add("trail", trail)
    if let rangeTrail { words.append("trail_atr=\(rangeTrail)") }
    if let momentum { words.append("momentum=\(momentum)") }
    if let maxHoldSeconds { words.append("max_hold_s=\(maxHoldSeconds)") }
    add("reference", reference)
    return words.joined(separator: " ")
  }

  /// That text; nil where there are none.
  public var text: String? { isEmpty ? nil : description }

  /// Reads that text; nil for anything else.
  public init?(_ text: String) {
    self.init()
    for word in text.split(separator: " ") {
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { return nil }
      switch parts[0] {
      case "max_hold_s":
        guard let seconds = Int(parts[1]) else { return nil }
        maxHoldSeconds = seconds
        continue
      case "trail_atr":
        guard let rule = RangeTrail(parts[1]) else { return nil }
        rangeTrail = rule
        continue
      case "momentum":
        guard let rule = MomentumRule(parts[1]) else { return nil }
        momentum = rule
        continue
      default: break
      }
      guard let value = Amount(parts[1]) else { return nil }
      switch parts[0] {
      case "limit_price": limitPrice = value
      case "distance": distance = value
      case "break_even": breakEven = value
      case "trail": trail = value
      case "reference": reference = value
      default: return nil
      }
    }
  }
}

/// Terms kept outside their order, which is copied often and mostly has none: one word in it.
indirect enum BoxedTerms: Hashable, Sendable {
  case none
  case some(OrderTerms)

  init(_ terms: OrderTerms) { self = terms.isEmpty ? .none : .some(terms) }

  var value: OrderTerms {
    switch self {
    case .none: OrderTerms()
    case .some(let terms): terms
    }
  }
}
