public import Model

extension OrderTerms {
  /// Only those that there are, each with its key.
  func write(to writer: inout JSONWriter, priceDecimals: Int = 0) {
    if let limitPrice { writer.field("limit_price", limitPrice, minimumDecimals: priceDecimals) }
    if let distance { writer.field("distance", distance, minimumDecimals: priceDecimals) }
    if let breakEven { writer.field("break_even", breakEven, minimumDecimals: priceDecimals) }
    if let trail { writer.field("trail", trail, minimumDecimals: priceDecimals) }
    if let rangeTrail {
      writer.key("trail_atr")
      writer.beginObject()
      writer.field("granularity", rangeTrail.granularity.rawValue)
      writer.field("period", rangeTrail.period)
      writer.field("multiplier", rangeTrail.multiplier)
      writer.endObject()
    }
    if let momentum {
      writer.key("momentum")
      writer.beginObject()
      writer.field("granularity", momentum.granularity.rawValue)
      writer.field("candles", momentum.candles)
      writer.field("share", momentum.share)
      if let trail = momentum.trail { writer.field("trail", trail, minimumDecimals: priceDecimals) }
      writer.endObject()
    }
    if let maxHoldSeconds { writer.field("max_hold_s", maxHoldSeconds) }
  }

  /// Reads them from an order report, or from a request's parameters.
  public init(_ json: JSON) throws(RPCError) {
    self.init(
      limitPrice: try json.optionalAmount("limit_price"), distance: try json.optionalAmount("distance"),
      breakEven: try json.optionalAmount("break_even"), trail: try json.optionalAmount("trail"),
      rangeTrail: try json.rule("trail_atr") { (rule) throws(RPCError) in try RangeTrail(rule) },
      momentum: try json.rule("momentum") { (rule) throws(RPCError) in try MomentumRule(rule) },
      maxHoldSeconds: try json.optionalInt("max_hold_s"))
  }
}

extension RangeTrail {
  init(_ json: JSON) throws(RPCError) {
    self.init(
      granularity: try json.word("granularity"), period: try json.optionalInt("period") ?? 14,
      multiplier: try json.amount("multiplier"))
  }
}

extension MomentumRule {
  init(_ json: JSON) throws(RPCError) {
    self.init(
      granularity: try json.word("granularity"), candles: try json.int("candles"),
      share: try json.amount("share"), trail: try json.optionalAmount("trail"))
  }
}

extension JSON {
  /// An object that `read` understands, or nil when it is absent or null.
  fileprivate func rule<Rule>(
    _ key: String, _ read: (JSON) throws(RPCError) -> Rule
  ) throws(RPCError) -> Rule? {
    guard let value = self[key], value != .null else { return nil }
    guard value.objectValue != nil else { throw .invalidParams("\(key) must be an object") }
    do throws(RPCError) {
      return try read(value)
    } catch {
      throw .invalidParams("\(key): \(error.message)")
    }
  }
}
