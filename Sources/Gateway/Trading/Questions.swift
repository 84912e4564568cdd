import BrokerInterface
public import Model

extension TradingCore {
  /// Orders that are not final, newest first; of one strategy or of all.
  public func openOrders(strategy: String? = nil, limit: Int = .max) -> [Order] {
    let numbers = strategy.map { strategies[$0]?.open ?? [] } ?? strategies.values.flatMap(\.open).sorted()
    return numbers.reversed().prefix(max(0, limit)).compactMap { memory[$0] }
  }

  /// Open orders and the final ones that are still in memory, newest first; the journal has the others.
  public func recentOrders(strategy: String? = nil, limit: Int = .max) -> [Order] {
    let all =
      openOrders(strategy: strategy) + memory.recent.filter { strategy == nil || $0.strategy == strategy }
    return Array(all.sorted { $0.number > $1.number }.prefix(max(0, limit)))
  }

  /// The latest quote of each instrument that has one after that sequence number.
  public func quotes(after sequence: Int64) -> [Quote] {
    board.quotes.compactMap { quote in quote.flatMap { $0.sequence > sequence ? $0 : nil } }
  }

  /// The name of the broker that matches.
  public var brokerName: String { venue.name }

  /// An order by its id, wherever it is kept; nil for an unknown one.
  ///
  /// - Throws: `journal_unreadable` where it cannot be known.
  public func order(id: String) throws(Refusal) -> Order? {
    if let order = memory.order(id: id, prefix: idPrefix) { return order }
    return try look { (lookup) throws(LookupFailure) in try lookup.order(id: id) }
  }

  /// Open positions by strategy and instrument.
  public func positions(strategy: String? = nil) -> [PositionView] {
    sortedBooks.filter { strategy == nil || $0.name == strategy }.flatMap { book in
      book.instrumentsHeld.compactMap { name in book.positions[name].map { position(book, name, $0) } }
    }
  }

  private func position(_ book: StrategyBook, _ instrument: String, _ trades: Position) -> PositionView {
    var cost = Amount.zero
    var realised = Money.zero
    for trade in trades {
      cost = Cash.sum(cost, Cash.product(trade.price, trade.units))
      realised = Cash.sum(realised, trade.realised)
    }
    let average = trades.count == 1 ? trades.last?.price : cost.divided(by: trades.units)
    return PositionView(
      strategy: book.name, broker: trades.first?.broker ?? "", instrument: instrument, units: trades.units,
      averagePrice: (average ?? .zero).rounded(decimals: Cash.decimals), realised: realised,
      unrealised: unrealised(trades),
      trades: trades.map { trade in
        TradeView(
          trade: trade, stopLoss: exitPrice(trade.stopLossOrderID),
          takeProfit: exitPrice(trade.takeProfitOrderID))
      })
  }

  private func exitPrice(_ id: String?) -> Price? {
    id.flatMap { memory.order(id: $0, prefix: idPrefix) }?.price
  }

  /// A sub-account at the latest quotes, or with nil the account: the sum of all. Nil for an unknown strategy.
  public func account(strategy: String?) -> AccountView? {
    if let strategy { return strategies[strategy].map { view([$0], strategy) } }
    return view(sortedBooks, nil)
  }

  /// Every sub-account, by strategy.
  public func accounts() -> [AccountView] { sortedBooks.map { view([$0], $0.name) } }

  private func view(_ books: [StrategyBook], _ strategy: String?) -> AccountView {
    func sum(_ value: (StrategyBook) -> Money) -> Money { books.reduce(.zero) { Cash.sum($0, value($1)) } }
    let unrealised = sum { self.unrealised($0) }
    let balance = sum(\.account.balance)
    return AccountView(
      strategy: strategy, currency: settings.currency, balance: balance,
      equity: Cash.sum(balance, unrealised),
      realised: sum(\.account.realised), unrealised: unrealised, fees: sum(\.account.fees),
      marginUsed: sum { self.margin($0) }, openOrders: books.reduce(0) { $0 + $1.open.count },
      openPositions: books.reduce(0) { $0 + $1.positions.count })
  }

  /// How many orders of a strategy were refused for a reason since the start of the process, also those that no event
  /// told of.
  public func refusals(strategy: String, reason: String) -> Int64 {
    strategies[strategy]?.refusals[reason]?.count ?? 0
  }

  /// Each strategy in a word, by name.
  public func summaries() -> [StrategySummary] {
    sortedBooks.map { book in
      StrategySummary(
        strategy: book.name, orders: book.account.orders, fills: book.account.fills,
        position: book.instrumentsHeld.map { PositionUnits(instrument: $0, units: book.units($0)) },
        realised: book.account.realised, unrealised: unrealised(book), paused: book.paused,
        mode: book.capabilities.map { effectiveMode(of: $0) })
    }
  }
}
