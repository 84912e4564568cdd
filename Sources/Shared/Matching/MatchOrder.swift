public import Model

/// An order as the matching engine sees it.
public struct MatchOrder: Hashable, Sendable {
  public let id: String
  /// Its age: of two orders that one quote reaches, the lower number goes first.
  public let number: Int64
  public let instrument: String
  public let side: Side
  public let type: OrderType
  public let timeInForce: TimeInForce
  /// Of a limit; of a stop the price that triggers it, which moves with `trail` and `breakEven`.
  public var price: Price?
  /// Of a stop-limit: the limit that works once it is triggered.
  public var limitPrice: Price?
  /// Positive: those that still have to fill.
  public var units: Quantity
  /// The order works until this market time, exclusively.
  public let expires: Timestamp?
  /// Orders of one group cancel each other: the first that fills ends the rest in the same step, and one that fills
  /// in part shrinks them.
  public let group: Int64?
  /// Of a stop: how far its price stays behind a market that moves away from it.
  public var trail: Amount?
  /// Of a stop: moves it to a price, once.
  public let breakEven: BreakEven?
  /// When it reaches the market, where it is sent before; nil: at once.
  public let arrives: Timestamp?
  public let handling: Handling
  /// Of a stop: whether the market has reached its price.
  public internal(set) var isTriggered: Bool
  /// Whether it is on its way to the market.
  var isTravelling = false

  /// The gain at which a stop is moved to where nothing is lost.
  public struct BreakEven: Hashable, Sendable {
    /// Where the trade was opened: the price that the stop moves to.
    public let price: Price
    /// How far beyond it the market must come first.
    public let distance: Amount

    public init(price: Price, distance: Amount) {
      self.price = price
      self.distance = distance
    }
  }

  /// What the engine does with an order beyond matching it.
  public struct Handling: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Before an order that has waited fills, ``MatchEvent/reached(id:)`` is said: the caller may cancel it.
    public static let asksFirst = Handling(rawValue: 1)
    /// It fills whole, whatever sizes the quote has.
    public static let whole = Handling(rawValue: 2)
  }

  public init(
    id: String, number: Int64, instrument: String, side: Side, type: OrderType,
    timeInForce: TimeInForce = .gtc, price: Price? = nil, limitPrice: Price? = nil, units: Quantity,
    expires: Timestamp? = nil, group: Int64? = nil, trail: Amount? = nil, breakEven: BreakEven? = nil,
    arrives: Timestamp? = nil, handling: Handling = [], isTriggered: Bool = false
  ) {
    self.id = id
    self.number = number
    self.instrument = instrument
    self.side = side
    self.type = type
    self.timeInForce = timeInForce
    self.price = price
    self.limitPrice = limitPrice
    self.units = units
    self.expires = expires
    self.group = group
    self.trail = trail
    self.breakEven = breakEven
    self.arrives = arrives
    self.handling = handling
    self.isTriggered = isTriggered
  }

  /// How it works now.
  enum Work { case market, limit, stop }

  var work: Work {
    switch type {
    case .market: .market
    case .limit: .limit
    case .stop, .trailingStop: isTriggered ? .market : .stop
    case .stopLimit: isTriggered ? .limit : .stop
    }
  }

  /// The price that it waits for now; nil when it takes the market's.
  var workingPrice: Price? {
    switch work {
    case .market: nil
    case .limit: type == .stopLimit ? limitPrice : price
    case .stop: price
    }
  }

  /// Whether it has the prices that its type needs.
  var hasItsPrices: Bool {
    switch type {
    case .market: true
    case .limit, .stop: price != nil
    case .stopLimit: price != nil && limitPrice != nil
    case .trailingStop: price != nil && trail != nil
    }
  }

  /// Whether its price moves with the market.
  var follows: Bool { work == .stop && (trail != nil || breakEven != nil) }
}

/// What the matching engine did.
public enum MatchEvent: Hashable, Sendable {
  case accepted(id: String)
  case replaced(id: String)
  /// The market has reached a stop's price, and it did not fill at once and whole.
  case triggered(id: String)
  /// The market has moved a stop.
  case repriced(id: String, price: Price)
  /// An order that has waited fills next, unless it is cancelled first.
  case reached(id: String)
  /// `fee` is in the instrument's quote currency; `sequence` is the quote that it was matched on.
  case filled(id: String, units: Quantity, price: Price, fee: Amount, sequence: Int64, time: Timestamp)
  /// Reasons: `requested`, `oco` (its sister filled), `not_marketable` (ioc or fok whose price is not there),
  /// `insufficient_liquidity` (ioc or fok for which the quote has too few units).
  case cancelled(id: String, reason: String, time: Timestamp)
  /// Reasons: `no_quote`, `unknown_instrument`, `price_required`.
  case rejected(id: String, reason: String, time: Timestamp)
  /// Reasons: `ttl`, `gtd`, `day`.
  case expired(id: String, reason: String, time: Timestamp)
}

/// What a broker charges, and how the paper market treats orders that take what is quoted.
public struct MatchingRules: Hashable, Sendable {
  /// The share of the notional that a fill costs: of one that takes what is quoted, and of a limit that waited.
  public var takerFeeRate: Amount
  public var makerFeeRate: Amount
  /// By how much market and stop orders fill worse than the far side.
  public var slippageTicks: Int

  /// - Parameter makerFeeRate: nil for the taker's.
  public init(takerFeeRate: Amount = .zero, makerFeeRate: Amount? = nil, slippageTicks: Int = 0) {
    self.takerFeeRate = takerFeeRate
    self.makerFeeRate = makerFeeRate ?? takerFeeRate
    self.slippageTicks = slippageTicks
  }
}
