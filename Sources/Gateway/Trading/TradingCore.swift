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
  /// The gateway's mode and its kill switch.
  public internal(set) var charter: Charter

  var venue: any Venue
  let lookup: (any DeskLookup)?
  var board: MarketBoard
  var memory: OrderMemory
  var strategies: [String: StrategyBook] = [:]
  /// Strategies whose positions are to be closed, and those that were and take no entries, by name.
  var flattenings: [String: Flattening] = [:]
  /// Those among them that still hold something, in order.
  var flattening: [String] = []
  /// Strategies whose positions changed since their margin was looked at last.
  var staleMargins: Set<String> = []
  /// Prices that no strategy's margin gives out at, by the board's positions.
  var marginGuards: [PriceBand]
  /// When the next trade has been held too long.
  var nextHoldEnd = Timestamp(nanoseconds: .max)
  var feedHasEnded = false
  /// Entries of all accounts of the last second.
  var orderBudget = OrderBudget()
  /// When the protection of the trades is looked at next, and what was tried for each trade.
  var nextProtection = Timestamp(nanoseconds: .min)
  var protections: [Int64: ProtectionTry] = [:]
  /// The latest complete candles, for the trades that are looked after by them.
  var ranges: RangeBook
  var sessions: SessionClock
  var nextOrderNumber: Int64
  var nextFillID: Int64
  var nextTradeID: Int64
  var day: TradingDay?
  /// Accounts that have still to take the equity that this day began with.
  var undated: Set<String> = []
  /// The time of the call in progress, and what it changed so far.
  var now = Timestamp(nanoseconds: 0)
  var recorder = Recorder()

  /// The time of the latest quote, by arrival; it goes back when a replay starts over.
  public internal(set) var marketTime: Timestamp?

  /// - Parameters:
  ///   - venue: the broker that matches, `PaperBroker(…)`.
  ///   - snapshot: what the journal holds; nil for an empty one. Its working orders go back to the venue.
  ///   - lookup: answers for orders that are no longer in memory.
  public init(
    settings: TradingSettings, instruments: [Instrument], venue: any Venue,
    restoring snapshot: TradingSnapshot? = nil, lookup: (any DeskLookup)? = nil
  ) {
    let snapshot = snapshot ?? TradingSnapshot()
    self.settings = settings
    charter = snapshot.charter ?? Charter(mode: settings.mode)
    self.venue = venue
    self.lookup = lookup
    board = MarketBoard(instruments, currency: settings.currency)
    marginGuards = Array(repeating: .unlimited, count: board.instruments.count)
    ranges = RangeBook(instruments: board.instruments.count)
    sessions = SessionClock(settings.squareOff, board.instruments)
    memory = OrderMemory(capacity: settings.rememberedOrders, hasForgotten: snapshot.hasOlderOrders)
    nextOrderNumber = snapshot.nextOrderNumber
    nextFillID = snapshot.nextFillID
    nextTradeID = snapshot.nextTradeID
    marketTime = snapshot.marketTime
    restore(snapshot)
  }

  private mutating func restore(_ snapshot: TradingSnapshot) {
    for account in snapshot.accounts {
      var book = StrategyBook(name: account.strategy, starting: account.starting)
      book.account = account
      strategies[account.strategy] = book
    }
    for rate in snapshot.rates { board.savedRates[rate.currency] = rate.rate }
    for trade in snapshot.trades.sorted(by: { $0.id < $1.id }) {
      withStrategy(trade.strategy) { $0.add(trade) }
      if let closes = trade.closes { nextHoldEnd = min(nextHoldEnd, closes) }
      staleMargins.insert(trade.strategy)
    }
    for order in snapshot.recentOrders { memory.insert(order) }
    for order in snapshot.openOrders.sorted(by: { $0.number < $1.number }) {
      memory.insert(order)
      withStrategy(order.strategy) { $0.addOpen(order) }
      venue.restore(order, group: group(of: order))
      if order.role == .stopLoss { watchCandles(order.instrument, order.terms) }
    }
    venue.restore(executions: snapshot.executions)
    restore(snapshot.flattenings)
    if let number = snapshot.accounts.compactMap(\.day).max() {
      day = TradingDay(number: number)
      undated = Set(snapshot.accounts.filter { ($0.day ?? number) < number }.map(\.strategy))
    }
  }

  /// Exits of one trade cancel each other.
  func group(of order: Order) -> LinkedGroup? {
    guard order.role == .stopLoss || order.role == .takeProfit, let trade = order.tradeID else { return nil }
    return LinkedGroup(id: trade)
  }

  /// By name.
  public var instruments: [Instrument] { board.instruments }

  /// The state as the journal would give it back; a desk restored from it goes on as this one does.
  public var snapshot: TradingSnapshot {
    let books = sortedBooks
    return TradingSnapshot(
      openOrders: books.flatMap(\.open).sorted().compactMap { memory[$0] }, recentOrders: memory.recent,
      hasOlderOrders: memory.hasForgotten,
      trades: books.flatMap { $0.positions.values.flatMap { $0 } }.sorted { $0.id < $1.id },
      accounts: books.map(\.account),
      rates: board.savedRates.sorted { $0.key < $1.key }
        .map { ConversionRate(currency: $0.key, rate: $0.value) },
      flattenings: flattenings.values.sorted { $0.strategy < $1.strategy },
      charter: charter, nextOrderNumber: nextOrderNumber, nextFillID: nextFillID, nextTradeID: nextTradeID,
      marketTime: marketTime)
  }

  var sortedBooks: [StrategyBook] { strategies.values.sorted { $0.name < $1.name } }

  /// Changes a strategy's book in place; makes it where there is none.
  @discardableResult
  mutating func withStrategy<Result>(_ name: String, _ body: (inout StrategyBook) -> Result) -> Result {
    let starting = Cash.clamped(settings.startingBalance)
    return body(&strategies[name, default: StrategyBook(name: name, starting: starting)])
  }
}

/// A UTC day of market time.
struct TradingDay: Hashable, Sendable {
  private static let length: Int64 = 86_400_000_000_000
  private static let hour: Int64 = 3_600_000_000_000

  /// Days since 1970-01-01.
  let number: Int64

  init(number: Int64) { self.number = number }

  /// The midnight that ends it.
  var end: Timestamp {
    let (time, overflow) = (number &+ 1).multipliedReportingOverflow(by: Self.length)
    return Timestamp(nanoseconds: overflow ? .max : time)
  }

  init(_ time: Timestamp) {
    let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: Self.length)
    number = remainder < 0 ? quotient - 1 : quotient
  }

  /// Whether a quote of that time begins another day. Feeds of several instruments are not in step around
  /// midnight, so a little before the day is still the day; long before it, a replay has started over.
  func isOver(at time: Timestamp) -> Bool {
    let (start, overflow) = number.multipliedReportingOverflow(by: Self.length)
    guard !overflow else { return true }
    return time.nanoseconds < start - Self.hour || time.nanoseconds &- start >= Self.length
  }
}
