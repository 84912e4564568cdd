/// The side of an order.
public enum Side: String, Sendable, CaseIterable {
  case buy
  case sell

  public var opposite: Side { self == .buy ? .sell : .buy }

  /// 1 for buy, -1 for sell.
  public var sign: Int { self == .buy ? 1 : -1 }
}

/// How an order's price is found: the market's, or one of its own.
public enum OrderType: String, Sendable, CaseIterable {
  /// At the market, at once.
  case market
  /// At its price or better.
  case limit
  /// At the market, once the market has reached its price.
  case stop
  /// A limit order of `limitPrice`, once the market has reached its price.
  case stopLimit = "stop_limit"
  /// A stop whose price follows a market that moves away from it, `distance` behind.
  case trailingStop = "trailing_stop"

  /// Whether it waits for the market to reach a price that is behind the market.
  public var isStop: Bool { self == .stop || self == .stopLimit || self == .trailingStop }
}

/// How long an order works.
public enum TimeInForce: String, Sendable, CaseIterable {
  /// Until it is cancelled, or its time to live is over.
  case gtc
  /// Fills at once, in part if need be, and is then over.
  case ioc
  /// Fills at once and whole, or not at all.
  case fok
  /// Until the time that it names.
  case gtd
  /// Until the trading day ends: at the next midnight UTC of market time.
  case day
}

/// What an order is for.
public enum OrderRole: String, Sendable, CaseIterable {
  /// Opens, increases, reduces or turns a position by a strategy's decision.
  case entry
  /// The protective stop of a trade.
  case stopLoss = "stop_loss"
  /// The target of a trade.
  case takeProfit = "take_profit"
  /// Closes at the market on request, at the end of a feed, or by a policy.
  case close
}

/// Where an order is in its life.
public enum OrderState: String, Sendable, CaseIterable {
  /// Durable in the journal and on its way to the broker. Can transition to: every state.
  case submitted
  /// Works at the broker. Can transition to: every state but submitted and rejected.
  case accepted
  /// A stop whose price was reached, not filled yet. Can transition to: every state but submitted, accepted and
  /// rejected.
  case triggered
  /// Can transition to: every state but submitted, accepted, triggered and rejected.
  case partiallyFilled = "partially_filled"
  /// A change was asked for. Can transition to: every state but submitted and rejected.
  case pendingUpdate = "pending_update"
  /// Its cancellation was asked for. Can transition to: every state but submitted, pendingUpdate and rejected.
  case pendingCancel = "pending_cancel"
  /// A reply was lost: the broker is asked, the order is never sent again. Can transition to: every state but
  /// submitted and pendingUpdate.
  case unknown
  /// Final: all units filled.
  case filled
  /// Final: what had not filled was withdrawn.
  case cancelled
  /// Final: its time ran out, or the feed's did.
  case expired
  /// Final: the broker refused it.
  case rejected

  public var isFinal: Bool {
    switch self {
    case .filled, .cancelled, .expired, .rejected: true
    default: false
    }
  }
}

/// Which orders are matched or sent, and how far.
public enum TradingMode: String, Sendable, CaseIterable, Comparable {
  case off
  case paper
  case canary
  case live

  private var rank: Int {
    switch self {
    case .off: 0
    case .paper: 1
    case .canary: 2
    case .live: 3
    }
  }

  public static func < (left: TradingMode, right: TradingMode) -> Bool { left.rank < right.rank }
}

/// What a strategy or a user asks for; becomes an ``Order`` when it is admitted.
public struct OrderIntent: Hashable, Sendable {
  public var clientOrderID: String?
  public var instrument: String
  public var side: Side
  public var type: OrderType
  public var units: Quantity
  public var price: Price?
  public var stopLoss: Price?
  public var takeProfit: Price?
  public var timeInForce: TimeInForce?
  public var reduceOnly: Bool
  public var quality: Int?
  public var timeToLiveSeconds: Int?
  public var tag: String?
  /// Until when a `gtd` order works.
  public var expires: Timestamp?
  public var terms: OrderTerms

  public init(
    clientOrderID: String? = nil, instrument: String, side: Side, type: OrderType = .market, units: Quantity,
    price: Price? = nil, stopLoss: Price? = nil, takeProfit: Price? = nil, timeInForce: TimeInForce? = nil,
    reduceOnly: Bool = false, quality: Int? = nil, timeToLiveSeconds: Int? = nil, tag: String? = nil,
    expires: Timestamp? = nil, terms: OrderTerms = OrderTerms()
  ) {
    self.clientOrderID = clientOrderID
    self.instrument = instrument
    self.side = side
    self.type = type
    self.units = units
    self.price = price
    self.stopLoss = stopLoss
    self.takeProfit = takeProfit
    self.timeInForce = timeInForce
    self.reduceOnly = reduceOnly
    self.quality = quality
    self.timeToLiveSeconds = timeToLiveSeconds
    self.tag = tag
    self.expires = expires
    self.terms = terms
  }
}

/// One order as the journal knows it.
///
/// An order is copied with every step that it takes, so what never changes of it is held in one place that the copies
/// share.
public struct Order: Hashable, Sendable {
  private let facts: SharedFacts
  public var units: Quantity
  public var price: Price?
  public var stopLoss: Price?
  public var takeProfit: Price?
  public var filledUnits: Quantity
  public var averagePrice: Price?
  public var state: OrderState
  /// Why it ended or was refused, a stable word.
  public var reason: String?
  /// The trade that it opened or that it protects.
  public var tradeID: Int64?
  public var updated: Timestamp
  public var expires: Timestamp?
  private var boxedTerms: BoxedTerms

  /// What only some orders have.
  public var terms: OrderTerms {
    get { boxedTerms.value }
    set { boxedTerms = BoxedTerms(newValue) }
  }

  public init(
    number: Int64, id: String, clientOrderID: String, strategy: String, generation: Generation,
    broker: String,
    instrument: String, side: Side, type: OrderType, role: OrderRole, timeInForce: TimeInForce,
    reduceOnly: Bool, quality: Int?, mode: TradingMode, tag: String?, created: Timestamp, units: Quantity,
    price: Price?, stopLoss: Price?, takeProfit: Price?, filledUnits: Quantity = .zero,
    averagePrice: Price? = nil, state: OrderState = .submitted, reason: String? = nil, tradeID: Int64? = nil,
    updated: Timestamp, expires: Timestamp?, fingerprint: String = "", terms: OrderTerms = OrderTerms(),
    placedBy: String? = nil, route: String? = nil
  ) {
    facts = SharedFacts(
      OrderFacts(
        number: number, id: id, clientOrderID: clientOrderID, strategy: strategy, generation: generation,
        broker: broker, instrument: instrument, side: side, type: type, role: role, timeInForce: timeInForce,
        reduceOnly: reduceOnly, quality: quality, mode: mode, tag: tag, created: created,
        fingerprint: fingerprint, placedBy: placedBy, route: route))
    self.units = units
    self.price = price
    self.stopLoss = stopLoss
    self.takeProfit = takeProfit
    self.filledUnits = filledUnits
    self.averagePrice = averagePrice
    self.state = state
    self.reason = reason
    self.tradeID = tradeID
    self.updated = updated
    self.expires = expires
    boxedTerms = BoxedTerms(terms)
  }

  /// Units that still have to fill.
  public var remainingUnits: Quantity { units - filledUnits }
}

extension Order {
  /// Rises by one with every order of the gateway.
  public var number: Int64 { facts.value.number }
  /// `paper-17`.
  public var id: String { facts.value.id }
  public var clientOrderID: String { facts.value.clientOrderID }
  public var strategy: String { facts.value.strategy }
  public var generation: Generation { facts.value.generation }
  public var broker: String { facts.value.broker }
  public var instrument: String { facts.value.instrument }
  public var side: Side { facts.value.side }
  public var type: OrderType { facts.value.type }
  public var role: OrderRole { facts.value.role }
  public var timeInForce: TimeInForce { facts.value.timeInForce }
  public var reduceOnly: Bool { facts.value.reduceOnly }
  public var quality: Int? { facts.value.quality }
  public var mode: TradingMode { facts.value.mode }
  public var tag: String? { facts.value.tag }
  public var created: Timestamp { facts.value.created }
  /// What was asked for, in canonical text: tells a repeated `clientOrderID` from a reused one, even after the
  /// order was modified. Empty for orders that the gateway made itself.
  public var fingerprint: String { facts.value.fingerprint }
  /// Who asked for it, where that was no worker: `user:trader@local`, `token:bot`.
  public var placedBy: String? { facts.value.placedBy }
  /// The broker's name in the HTTP route that it came in by (`oanda`, `coinbase`), which its events name as their
  /// source; nil for all others.
  public var route: String? { facts.value.route }
}

/// What never changes of an order.
private struct OrderFacts: Hashable, Sendable {
  let number: Int64
  let id: String
  let clientOrderID: String
  let strategy: String
  let generation: Generation
  let broker: String
  let instrument: String
  let side: Side
  let type: OrderType
  let role: OrderRole
  let timeInForce: TimeInForce
  let reduceOnly: Bool
  let quality: Int?
  let mode: TradingMode
  let tag: String?
  let created: Timestamp
  let fingerprint: String
  let placedBy: String?
  let route: String?
}

/// Those facts where all copies of an order find them.
private final class SharedFacts: Hashable, Sendable {
  let value: OrderFacts

  init(_ value: OrderFacts) { self.value = value }

  static func == (left: SharedFacts, right: SharedFacts) -> Bool {
    left === right || left.value == right.value
  }

  func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
