import BrokerInterface
public import Model

/// A strategy whose positions are to be closed, until they are. The journal keeps it, so that one which waits for a
/// quote still does after a restart.
public struct Flattening: Hashable, Sendable {
  /// Who wants it.
  public enum Cause: String, Sendable, CaseIterable {
    /// `on_exit = "flatten"`: given up when a worker comes back before there is a quote.
    case workerGone = "worker_gone"
    /// A person or a schedule: whatever comes, and entries are refused until a later generation starts.
    case squareOff = "square_off"
  }

  public let strategy: String
  public let cause: Cause
  /// In the words of who wanted it.
  public let reason: String?
  /// The last generation that was known when it was wanted.
  public let generation: Generation
  /// Positions that were closed for it so far.
  public internal(set) var closed: Int64

  public init(strategy: String, cause: Cause, reason: String?, generation: Generation, closed: Int64 = 0) {
    self.strategy = strategy
    self.cause = cause
    self.reason = reason
    self.generation = generation
    self.closed = closed
  }
}

/// How far a square-off is.
public struct SquareOff: Hashable, Sendable {
  /// Positions that were closed for it, over all its requests.
  public let closed: Int64
  /// Positions that are still held; none: the strategy is flat.
  public let left: Int
  /// What is waited for where some are left, as a sentence; they are closed then without being asked again.
  public let waitsFor: String?
}

extension TradingCore {
  /// Refuses a strategy's entries from now on, cancels those that work and closes its positions with reduce-only
  /// market orders; what has no quote yet is closed at its first one.
  ///
  /// Asked again it goes on with the same and does nothing twice. It holds over restarts of the gateway and of the
  /// worker: entries of a later generation are admitted once everything is closed.
  public mutating func squareOff(
    _ strategy: String, reason: String?, now: Timestamp
  ) -> (done: SquareOff, changes: ChangeSet) {
    self.now = now
    // Nothing was ever registered, so there is nothing to close and nobody who could place an order.
    guard let book = strategies[strategy] else {
      return (SquareOff(closed: 0, left: 0, waitsFor: nil), finish())
    }
    let generation = book.generation ?? 0
    if let before = flattenings[strategy], before.cause == .squareOff {
      // A generation that has come since then is meant as well.
      if generation > before.generation {
        flattenings[strategy] = Flattening(
          strategy: strategy, cause: .squareOff, reason: reason ?? before.reason, generation: generation,
          closed: before.closed)
        recorder.flattenings.append(strategy)
      }
    } else {
      begin(Flattening(strategy: strategy, cause: .squareOff, reason: reason, generation: generation))
    }
    withdrawEntries(strategy, .cancelled, reason: Flattening.Cause.squareOff.rawValue)
    if !feedHasEnded { flattenAll(strategy) }
    drain()
    let closed = flattenings[strategy]?.closed ?? 0
    settleFlattenings()
    let left = strategies[strategy]?.instrumentsHeld ?? []
    return (SquareOff(closed: closed, left: left.count, waitsFor: wait(for: left)), finish())
  }

  func wait(for held: [String]) -> String? {
    guard !held.isEmpty else { return nil }
    if feedHasEnded { return "the feed has ended: no order can trade until it is played again" }
    let unquoted = Set(held.filter { board.quote($0) == nil }).sorted()
    return "there is no quote of \((unquoted.isEmpty ? held : unquoted).joined(separator: ", ")) yet:"
      + " closed at the first one"
  }

  /// Why entries of a strategy are refused although nobody paused it; nil where they are not.
  func squareOffRefusal(_ book: StrategyBook) -> Refusal? {
    guard let flattening = flattenings[book.name], flattening.cause == .squareOff else { return nil }
    let why = flattening.reason.map { " (\($0))" } ?? ""
    return Refusal(
      "squared_off",
      "the positions of \(book.name) are squared off\(why): only reduce_only orders, closes and cancels pass until it is"
        + " flat and started again")
  }

  /// Notes that a strategy's positions are to be closed.
  mutating func begin(_ flattening: Flattening) {
    flattenings[flattening.strategy] = flattening
    recorder.flattenings.append(flattening.strategy)
    note(pending: flattening.strategy)
    guard flattening.cause == .squareOff else { return }
    emit(
      .squareOffRequested, strategy: flattening.strategy,
      [
        EventField("strategy", .string(flattening.strategy)),
        EventField("reason", flattening.reason.map { .string($0) } ?? .null),
      ])
  }

  private mutating func note(pending strategy: String) {
    guard !flattening.contains(strategy) else { return }
    flattening.append(strategy)
    flattening.sort()
  }

  /// Takes those in that the journal holds.
  mutating func restore(_ held: [Flattening]) {
    for item in held {
      flattenings[item.strategy] = item
      if strategies[item.strategy]?.positions.isEmpty == false { note(pending: item.strategy) }
    }
  }

  /// A worker starts: what waits for an exit's sake is given up, a square-off is not.
  mutating func rejoin(_ strategy: String) {
    if flattenings[strategy]?.cause == .workerGone { forget(strategy) }
    settleFlattenings()
    // Flat already, and this is a later one: its entries pass.
    release(strategy)
  }

  /// Closes what has a quote.
  mutating func flattenAll(_ strategy: String) {
    for instrument in strategies[strategy]?.instrumentsHeld ?? [] where board.quote(instrument) != nil {
      flatten(strategy, instrument)
    }
  }

  /// Closes what waited for a quote of this instrument.
  mutating func flatten(_ instrument: String) {
    guard !flattening.isEmpty else { return }
    for name in flattening where strategies[name]?.positions[instrument] != nil { flatten(name, instrument) }
    settleFlattenings()
  }

  private mutating func flatten(_ strategy: String, _ instrument: String) {
    guard let cause = flattenings[strategy]?.cause else { return }
    closePosition(lastTrader(strategy, instrument), instrument, reason: cause.rawValue)
    if strategies[strategy]?.positions[instrument] == nil {
      flattenings[strategy]?.closed += 1
      recorder.flattenings.append(strategy)
    }
  }

  /// Ends what has been closed, by whomever.
  mutating func settleFlattenings() {
    for name in flattening where strategies[name]?.positions.isEmpty != false && !isOpening(name) {
      flattening.removeAll { $0 == name }
      guard let done = flattenings[name] else { continue }
      switch done.cause {
      case .workerGone: forget(name)
      case .squareOff:
        emit(
          .squaredOff, strategy: name,
          [EventField("strategy", .string(name)), EventField("closed", .int(done.closed))])
        release(name)
      }
    }
  }

  /// Whether an entry may still fill: one that a remote broker was asked to cancel, and has not cancelled yet.
  private func isOpening(_ strategy: String) -> Bool {
    venue.isRemote
      && strategies[strategy]?.entries.contains { number in
        memory[number].map { !$0.reduceOnly } ?? false
      } == true
  }

  /// Lets a later generation's entries pass, once nothing is held any more; of an account without a worker everybody's,
  /// as no later generation of it ever starts.
  private mutating func release(_ strategy: String) {
    guard let done = flattenings[strategy], done.cause == .squareOff, !flattening.contains(strategy),
      let book = strategies[strategy], let generation = book.generation,
      generation > done.generation || !book.isAutomated
    else { return }
    forget(strategy)
  }

  private mutating func forget(_ strategy: String) {
    flattenings[strategy] = nil
    flattening.removeAll { $0 == strategy }
    recorder.flattenings.append(strategy)
  }

  /// The worker that opened the newest trade of a position: its generation answers for the closing order.
  func lastTrader(_ strategy: String, _ instrument: String) -> Trader {
    let trade = strategies[strategy]?.positions[instrument]?.last
    let exit = trade?.stopLossOrderID.flatMap { memory.order(id: $0, prefix: idPrefix) }
    return Trader(strategy: strategy, generation: exit?.generation ?? 0)
  }
}
