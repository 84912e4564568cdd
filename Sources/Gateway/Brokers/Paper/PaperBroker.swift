public import BrokerInterface
import Matching
public import Model

/// What a broker charges and how fast it is: what sets one paper broker apart from another.
public struct PaperProfile: Hashable, Sendable {
  /// The prefix of order ids and the source of events.
  public var name: String
  /// The share of the notional that a fill costs, in the instrument's quote currency: of an order that takes what
  /// is quoted, and of a limit that waited for the market.
  public var takerFeeRate: Amount
  public var makerFeeRate: Amount
  /// By how much market and stop orders fill worse than the far side.
  public var slippageTicks: Int
  /// How long an order of a strategy takes to the market, in milliseconds of market time. Cancels, changes, exits and
  /// the gateway's own closes take none.
  public var latencyMilliseconds: Int

  /// - Parameter makerFeeRate: nil for the taker's.
  public init(
    name: String = "paper", takerFeeRate: Amount = .zero, makerFeeRate: Amount? = nil, slippageTicks: Int = 0,
    latencyMilliseconds: Int = 0
  ) {
    self.name = name
    self.takerFeeRate = takerFeeRate
    self.makerFeeRate = makerFeeRate ?? takerFeeRate
    self.slippageTicks = slippageTicks
    self.latencyMilliseconds = max(0, latencyMilliseconds)
  }
}

/// The broker that fills orders from our own matching engine; what it does with each kind of order is told at
/// `MatchingEngine` and in docs/paper.md.
public struct PaperBroker: Venue {
  public let profile: PaperProfile
  private var engine: MatchingEngine

  public init(instruments: [Instrument], profile: PaperProfile = PaperProfile()) {
    self.profile = profile
    engine = MatchingEngine(
      instruments: instruments,
      rules: MatchingRules(
        takerFeeRate: profile.takerFeeRate, makerFeeRate: profile.makerFeeRate,
        slippageTicks: profile.slippageTicks))
  }

  public var name: String { profile.name }

  public var capabilities: BrokerCapabilities { BrokerCapabilities() }

  public mutating func execute(_ command: BrokerCommand) {
    switch command {
    case .place(let order, let group): engine.place(matchOrder(order, group))
    case .cancel(let id): engine.cancel(id: id)
    case .modify(let id, let price, let limitPrice, let units, let trail):
      engine.modify(id: id, price: price, limitPrice: limitPrice, units: units, trail: trail)
    }
  }

  public mutating func quote(_ quote: Quote) -> Bool { engine.quote(quote) }

  public mutating func advance(to time: Timestamp) -> Bool { engine.advance(to: time) }

  public mutating func nextEvent() -> BrokerEvent? {
    switch engine.nextEvent() {
    case nil: nil
    case .accepted(let id): .accepted(orderID: id)
    case .replaced(let id): .replaced(orderID: id)
    case .triggered(let id): .triggered(orderID: id)
    case .repriced(let id, let price): .repriced(orderID: id, price: price)
    case .reached(let id): .reached(orderID: id)
    case .filled(let id, let units, let price, let fee, let sequence, let time):
      .filled(
        Execution(orderID: id, units: units, price: price, fee: fee, time: time, quoteSequence: sequence))
    case .cancelled(let id, let reason, let time): .cancelled(orderID: id, reason: reason, time: time)
    case .rejected(let id, let reason, let time): .rejected(orderID: id, reason: reason, time: time)
    case .expired(let id, let reason, let time): .expired(orderID: id, reason: reason, time: time)
    }
  }

  public mutating func restore(_ order: Order, group: LinkedGroup?) {
    engine.restore(matchOrder(order, group))
  }

  private func matchOrder(_ order: Order, _ group: LinkedGroup?) -> MatchOrder {
    let terms = order.terms
    let isExit = order.role == .stopLoss
    var breakEven: MatchOrder.BreakEven?
    if isExit, let distance = terms.breakEven, let price = terms.reference {
      breakEven = MatchOrder.BreakEven(price: price, distance: distance)
    }
    var handling: MatchOrder.Handling = []
    if order.role == .entry, !order.reduceOnly { handling.insert(.asksFirst) }
    if order.role == .close { handling.insert(.whole) }
    return MatchOrder(
      id: order.id, number: order.number, instrument: order.instrument, side: order.side, type: order.type,
      timeInForce: order.timeInForce, price: order.price, limitPrice: terms.limitPrice,
      units: order.remainingUnits, expires: order.expires, group: group?.id,
      trail: isExit ? terms.trail : terms.distance, breakEven: breakEven, arrives: arrival(order),
      handling: handling,
      isTriggered: order.state == .triggered || (order.type.isStop && order.filledUnits.isPositive))
  }

  /// Only what a strategy asked for travels, and only as long as the broker has not taken it.
  private func arrival(_ order: Order) -> Timestamp? {
    guard profile.latencyMilliseconds > 0, order.state == .submitted, order.role == .entry else { return nil }
    return order.created.advanced(nanoseconds: Int64(profile.latencyMilliseconds) * 1_000_000)
  }
}
