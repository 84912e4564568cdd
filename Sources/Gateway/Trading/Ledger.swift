import Model

/// What positions are worth at the latest quotes, in the account's currency.
extension TradingCore {
  /// Unrealised profit of one position; zero while there is no quote or no way to convert it.
  func unrealised(_ held: Position) -> Money {
    guard let first = held.first, let position = board.position(of: first.instrument),
      let quote = board.quotes[position], let rate = board.rate(for: position)
    else { return .zero }
    return Cash.money(held.profit(at: held.units.isNegative ? quote.ask : quote.bid), rate: rate)
  }

  func unrealised(_ book: StrategyBook) -> Money {
    if book.positions.count == 1, let held = book.positions.first?.value { return unrealised(held) }
    return book.instrumentsHeld.reduce(.zero) { sum, instrument in
      book.positions[instrument].map { Cash.sum(sum, unrealised($0)) } ?? sum
    }
  }

  func equity(_ book: StrategyBook) -> Money { Cash.sum(book.account.balance, unrealised(book)) }

  /// What the position in an instrument binds: units times mid price times margin rate.
  func margin(_ book: StrategyBook, _ instrument: String) -> Money {
    let units = book.units(instrument)
    guard !units.isZero, let position = board.position(of: instrument), let rate = board.rate(for: position)
    else { return .zero }
    let price = board.quotes[position]?.mid ?? book.positions[instrument]?.last?.price ?? .zero
    let bound = Cash.product(Cash.product(units.magnitude, price), board.instruments[position].marginRate)
    return Cash.money(bound, rate: rate)
  }

  func margin(_ book: StrategyBook) -> Money {
    book.instrumentsHeld.reduce(.zero) { Cash.sum($0, margin(book, $1)) }
  }

  /// The rate that money in an instrument's quote currency is booked at now; it is kept for the time after a
  /// restart, before there are quotes.
  mutating func bookingRate(_ instrument: String) -> Amount {
    guard let position = board.position(of: instrument) else { return .one }
    let currency = board.instruments[position].quote
    guard let rate = board.rate(for: position), rate.isPositive else { return .zero }
    if currency != settings.currency, board.savedRates[currency] != rate {
      board.savedRates[currency] = rate
      recorder.currencies.append(currency)
    }
    return rate
  }

  /// Takes the equity of every strategy at the beginning of a day of market time.
  mutating func beginDay(_ time: Timestamp) {
    let next = TradingDay(time)
    day = next
    undated = Set(strategies.keys)
    dateAccounts()
  }

  /// Takes the equity that the day begins with of each account that waits for it. After a restart over midnight what is
  /// held may have no quote yet, and without it the equity would be short of all that is not realised.
  ///
  /// - Returns: Whether any was taken.
  @discardableResult
  mutating func dateAccounts() -> Bool {
    guard let today = day?.number, !undated.isEmpty else { return false }
    var isAny = false
    for name in undated.sorted() {
      guard let book = strategies[name] else { continue }
      guard book.positions.keys.allSatisfy({ board.quote($0) != nil }) else { continue }
      let equity = equity(book)
      withStrategy(name) {
        $0.account.day = today
        $0.account.dayStartEquity = equity
      }
      recorder.accounts.append(name)
      undated.remove(name)
      isAny = true
    }
    return isAny
  }
}
