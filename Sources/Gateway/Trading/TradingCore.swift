public import BrokerInterface
public import Model

/// The order desk: admission, order life, trades with their exits, sub-accounts and the broker's book, as one
/// value.
///
/// It has one owner. Each call changes the state in memory at once and returns what the journal must commit
/// before anybody is told (see ``ChangeSet``). It does no I/O and reads no clock: `now` is **market time**, the
/// wall clock on a live feed, ``marketTime`` on a replay, so that a replay gives the same orders every time.
/// Equal calls in equal order give equal change sets.
public struct TradingCore: Sendable {
  public let settings: TradingSettings
  /// By name.
  public let instruments: [Instrument]

  var venue: any Venue

  /// - Parameters:
  ///   - venue: the broker that matches, `PaperBroker(…)`.
  ///   - snapshot: what the journal holds; nil for an empty one. Its working orders go back to the venue.
  ///   - lookup: answers for orders that are no longer in memory.
  public init(
    settings: TradingSettings, instruments: [Instrument], venue: any Venue,
    restoring snapshot: TradingSnapshot? = nil, lookup: (any DeskLookup)? = nil
  ) {
    self.settings = settings
    self.instruments = instruments
    self.venue = venue
  }

  /// The time of the latest quote, by arrival; it goes back when a replay starts over.
  public private(set) var marketTime: Timestamp?

  public var snapshot: TradingSnapshot { TradingSnapshot() }

  // MARK: - Strategies

  public mutating func register(
    _ strategy: String, capabilities: StrategyCapabilities, paused: Bool = false, reason: String? = nil,
    now: Timestamp
  ) -> ChangeSet { ChangeSet() }

  public mutating func setPaused(_ paused: Bool, strategy: String, reason: String?, now: Timestamp)
    -> ChangeSet
  {
    ChangeSet()
  }

  public func paused(strategy: String) -> (paused: Bool, reason: String?)? { nil }

  public mutating func workerGone(strategy: String, policy: ExitPolicy, now: Timestamp) -> ChangeSet {
    ChangeSet()
  }

  // MARK: - Orders

  public mutating func place(_ intent: OrderIntent, by trader: Trader, now: Timestamp) -> Outcome<Placement> {
    Outcome(.failure(Refusal("unknown_strategy", "")), ChangeSet())
  }

  public mutating func cancel(orderID: String, by trader: Trader, now: Timestamp) -> Outcome<Order> {
    Outcome(.failure(Refusal("unknown_order", "")), ChangeSet())
  }

  public mutating func modify(
    orderID: String, price: Price? = nil, stopLoss: Price? = nil, takeProfit: Price? = nil, by trader: Trader,
    now: Timestamp
  ) -> Outcome<Order> {
    Outcome(.failure(Refusal("unknown_order", "")), ChangeSet())
  }

  public mutating func close(instrument: String, by trader: Trader, now: Timestamp) -> Outcome<Order?> {
    Outcome(.success(nil), ChangeSet())
  }

  // MARK: - Market

  public mutating func quote(_ quote: Quote) -> ChangeSet { ChangeSet() }
  public mutating func advance(to time: Timestamp) -> ChangeSet { ChangeSet() }
  public mutating func feedEnded(now: Timestamp) -> ChangeSet { ChangeSet() }
  public func latestQuote(_ instrument: String) -> Quote? { nil }

  // MARK: - Questions

  public func openOrders(strategy: String? = nil, limit: Int = .max) -> [Order] { [] }
  public func recentOrders(strategy: String? = nil, limit: Int = .max) -> [Order] { [] }
  public func positions(strategy: String? = nil) -> [PositionView] { [] }
  public func account(strategy: String?) -> AccountView? { nil }
  public func accounts() -> [AccountView] { [] }
  public func summaries() -> [StrategySummary] { [] }
}
