import BrokerInterface
public import Model

extension TradingCore {
  /// Takes a quote and does what it causes. Empty, and cheap, when it causes nothing.
  ///
  /// Quotes count by arrival: a replay that starts over sends older times, and they are the market from then on.
  /// A quote that cannot be (not positive, crossed, beyond 10⁹, of an unknown instrument) is not the market.
  public mutating func quote(_ quote: Quote) -> ChangeSet {
    guard quote.bid.isPositive, quote.ask >= quote.bid, quote.ask <= Cash.maxPrice else { return ChangeSet() }
    let beginsDay = day?.isOver(at: quote.time) ?? true
    if beginsDay {
      now = quote.time
      beginDay(quote.time)
    }
    guard let position = board.position(ofQuoted: quote.instrument) else {
      return beginsDay ? finish() : ChangeSet()
    }
    // What was due before this quote met the one before it.
    let wasDue = moveClock(to: quote.time)
    board.take(quote, at: position)
    let isDated = !undated.isEmpty && dateAccounts()
    marketTime = quote.time
    feedHasEnded = false
    let isReached = venue.quote(quote)
    // A broker behind a network looks after the margin of its account itself.
    let endangers = !venue.isRemote && (!staleMargins.isEmpty || !marginGuards[position].contains(quote))
    guard
      isReached || wasDue || endangers || beginsDay || isDated || killsOrders || !flattening.isEmpty
        || !sessions.waiting.isEmpty
    else { return ChangeSet() }
    now = quote.time
    drain()
    if endangers || !venue.isRemote && !staleMargins.isEmpty { watchMargins(position) }
    if sessions.waiting.contains(position) { squareOff(position) }
    flatten(quote.instrument)
    if killsOrders {
      killPositions(quote.instrument)
      settleKillSwitch()
    }
    return finish()
  }

  /// Does what is due at a time: orders arrive or expire, trades that were held too long are closed, and so is what may
  /// not be held over the end of a session.
  private mutating func moveClock(to time: Timestamp) -> Bool {
    let isDue = venue.advance(to: time) || venue.isRemote && time >= nextProtection
    let sessionIsDue = sessions.isDue(time)
    guard isDue || sessionIsDue || time >= nextHoldEnd else { return false }
    now = time
    drain()
    if time >= nextHoldEnd { closeHeldTooLong() }
    if sessionIsDue { squareOffSessions(at: time) }
    protectTrades()
    return true
  }

  /// Moves market time without a quote, so that orders expire, and trades are closed, on time.
  public mutating func advance(to time: Timestamp) -> ChangeSet {
    moveClock(to: time) ? finish() : ChangeSet()
  }

  /// The feed has no more quotes: working entries expire and positions are closed at their last quote, both with
  /// reason `feed_ended`, so that every order ends. Orders are refused with `market_closed` from now on. A position
  /// in an instrument that had no quote since the start stays, with its exits.
  public mutating func feedEnded(now: Timestamp) -> ChangeSet {
    self.now = now
    for book in sortedBooks {
      withdrawEntries(book.name, .expired, reason: "feed_ended")
      closeAll(book.name, reason: "feed_ended")
    }
    drain()
    settleFlattenings()
    settleKillSwitch()
    feedHasEnded = true
    return finish()
  }

  /// The last quote of an instrument; nil before its first.
  public func latestQuote(_ instrument: String) -> Quote? { board.quote(instrument) }

  // MARK: - Strategies

  /// A worker starts: what its strategy may do from now on. The first time, its sub-account is opened.
  public mutating func register(
    _ strategy: String, generation: Generation, capabilities: StrategyCapabilities, paused: Bool = false,
    reason: String? = nil,
    now: Timestamp
  ) -> ChangeSet {
    self.now = now
    let isNew = strategies[strategy] == nil
    let today = day?.number
    withStrategy(strategy) {
      $0.capabilities = capabilities
      $0.generation = generation
      if isNew { $0.account.day = today }
    }
    if isNew { recorder.accounts.append(strategy) }
    withdrawWhatIsNoLongerAllowed(strategy, capabilities)
    rejoin(strategy)
    pause(strategy, paused, reason)
    drain()
    return finish()
  }

  /// Cancels entries that an earlier generation placed and this one could not place.
  private mutating func withdrawWhatIsNoLongerAllowed(
    _ strategy: String, _ capabilities: StrategyCapabilities
  ) {
    let mode = effectiveMode(of: capabilities)
    for number in strategies[strategy]?.entries ?? [] {
      guard let order = memory[number], !order.reduceOnly else { continue }
      if order.mode > mode {
        withdraw(number, reason: mode == .off ? "mode_off" : "mode_lowered")
      } else if let allowed = capabilities.instruments, !allowed.contains(order.instrument) {
        withdraw(number, reason: "instrument_not_allowed")
      }
    }
  }

  /// While paused, entries are refused and working ones are cancelled with reason `trading_paused` (unless
  /// `pauseCancelsEntries` is off); exits, reduce-only orders, closes and cancels pass.
  public mutating func setPaused(_ paused: Bool, strategy: String, reason: String?, now: Timestamp)
    -> ChangeSet
  {
    self.now = now
    guard strategies[strategy] != nil else { return ChangeSet() }
    pause(strategy, paused, reason)
    drain()
    return finish()
  }

  private mutating func pause(_ strategy: String, _ paused: Bool, _ reason: String?) {
    let before = strategies[strategy]?.paused ?? false
    withStrategy(strategy) {
      $0.paused = paused
      $0.pauseReason = paused ? reason : nil
    }
    if before != paused {
      emit(
        paused ? .tradingPaused : .tradingResumed, strategy: strategy,
        [
          EventField("strategy", .string(strategy)),
          EventField("reason", reason.map { .string($0) } ?? .null),
        ])
    }
    guard paused, settings.pauseCancelsEntries else { return }
    withdrawEntries(strategy, .cancelled, reason: "trading_paused", keepReducing: true)
  }

  /// Whether a strategy's entries are refused, and why; nil when it is unknown.
  public func paused(strategy: String) -> (paused: Bool, reason: String?)? {
    strategies[strategy].map { ($0.paused, $0.pauseReason) }
  }

  /// A worker is gone. `flatten` closes what has no quote yet at its first one, unless a worker comes back before.
  public mutating func workerGone(strategy: String, policy: ExitPolicy, now: Timestamp) -> ChangeSet {
    self.now = now
    guard strategies[strategy] != nil, policy != .keep else { return ChangeSet() }
    withdrawEntries(strategy, .cancelled, reason: "worker_gone")
    if policy == .flatten {
      // What a person or a schedule wants closed is being closed already.
      if flattenings[strategy] == nil {
        let generation = strategies[strategy]?.generation ?? 0
        begin(
          Flattening(strategy: strategy, cause: .workerGone, reason: nil, generation: generation))
      }
      flattenAll(strategy)
      settleFlattenings()
    }
    drain()
    return finish()
  }

  // MARK: - Many at once

  mutating func withdrawEntries(
    _ strategy: String, _ what: OrderChange, reason: String, keepReducing: Bool = false
  ) {
    for number in strategies[strategy]?.entries ?? [] {
      guard let order = memory[number], !(keepReducing && order.reduceOnly) else { continue }
      withdraw(number, what, reason: reason)
    }
  }

  private mutating func closeAll(_ strategy: String, reason: String) {
    for instrument in strategies[strategy]?.instrumentsHeld ?? [] where board.quote(instrument) != nil {
      closePosition(lastTrader(strategy, instrument), instrument, reason: reason)
    }
  }
}
