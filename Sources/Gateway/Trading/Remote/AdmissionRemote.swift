import BrokerInterface
import Model

/// The guardrails that a broker behind a network brings.
extension TradingCore {
  /// What the broker cannot do is refused, and so are entries while it is not known how it stands there.
  func admitVenue(_ intent: OrderIntent) throws(Refusal) {
    guard venue.isRemote else { return }
    if !intent.reduceOnly, let refusal = venue.entryRefusal { throw refusal }
    let capabilities = venue.capabilities
    guard capabilities.orderTypes.contains(intent.type) else {
      throw Refusal(
        "not_supported", "\(venue.name) takes no \(intent.type.rawValue) orders: use another type")
    }
    guard capabilities.timesInForce.contains(intent.effectiveTimeInForce) else {
      throw Refusal(
        "not_supported",
        "\(venue.name) takes no \(intent.effectiveTimeInForce.rawValue) orders: give another time_in_force")
    }
    // Nobody would move the stop there, and a stop that is thought to follow is worse than one that does not.
    let terms = intent.terms
    guard terms.trail == nil, terms.breakEven == nil, terms.rangeTrail == nil, terms.momentum == nil else {
      throw Refusal(
        "not_supported",
        "\(venue.name) does not move stops: leave out break_even, trail, trail_atr and momentum")
    }
  }
}
