public import Model

/// Engaging the kill switch, closing what is held, and releasing it.
extension TradingCore {
  /// Cancels every working order, closes every position of every account with reduce-only market orders, and refuses
  /// entries until it is released; what has no quote is closed at its first one, over restarts too. Until then its
  /// exits protect it.
  ///
  /// Asked again it goes on with the same and does nothing twice.
  public mutating func engageKillSwitch(
    by: String, reason: String?, now: Timestamp
  ) -> (report: KillReport, changes: ChangeSet) {
    self.now = now
    if charter.kill == nil {
      charter.kill = KillSwitch(engaged: now, by: by, reason: reason)
      recorder.charter = true
      // The event tells what was done at once, so it follows those of the orders.
      cancelAndClose()
      tell("engaged", by: by, reason: reason)
    } else {
      cancelAndClose()
    }
    settleKillSwitch()
    return (killReport, finish())
  }

  /// Lets entries pass again; nothing where it is released already. What is still held stays held.
  public mutating func releaseKillSwitch(
    by: String, reason: String?, now: Timestamp
  ) -> (report: KillReport, changes: ChangeSet) {
    self.now = now
    if charter.kill != nil {
      tell("released", by: by, reason: reason)
      charter.kill = nil
      recorder.charter = true
    }
    return (killReport, finish())
  }

  /// How far it is.
  public var killReport: KillReport {
    guard charter.kill != nil else { return KillReport(kill: nil, left: [], waitsFor: nil) }
    let left = sortedBooks.flatMap { book in
      book.instrumentsHeld.map {
        PositionUnitsOf(strategy: book.name, instrument: $0, units: book.units($0))
      }
    }
    return KillReport(kill: charter.kill, left: left, waitsFor: wait(for: left.map(\.instrument)))
  }

  /// Whether it still has something to cancel or to close.
  var killsOrders: Bool { charter.kill.map { $0.flat == nil } ?? false }

  func killRefusal() -> Refusal? {
    guard let kill = charter.kill else { return nil }
    let why = kill.reason.map { " (\($0))" } ?? ""
    return Refusal(
      "kill_switch",
      "the kill switch is engaged\(why): only reduce_only orders, closes and cancels pass until a person releases it"
        + " with rbotctl kill release")
  }

  private mutating func cancelAndClose() {
    for book in sortedBooks {
      for number in book.entries {
        guard let order = memory[number], !order.state.isFinal else { continue }
        withdraw(number, reason: Guardrail.killSwitch.rawValue)
        charter.kill?.cancelled += 1
        recorder.charter = true
      }
    }
    drain()
    for instrument in Set(strategies.values.flatMap(\.instrumentsHeld)).sorted() { killPositions(instrument) }
  }

  /// Closes what is held of an instrument that has a quote.
  mutating func killPositions(_ instrument: String) {
    guard killsOrders, !feedHasEnded, board.quote(instrument) != nil else { return }
    for name in strategies.keys.sorted() where strategies[name]?.positions[instrument] != nil {
      closePosition(lastTrader(name, instrument), instrument, reason: Guardrail.killSwitch.rawValue)
      guard strategies[name]?.positions[instrument] == nil else { continue }
      charter.kill?.closed += 1
      recorder.charter = true
    }
    settleFlattenings()
  }

  /// Notes when nothing is left, whoever closed the last of it.
  mutating func settleKillSwitch() {
    guard killsOrders, !strategies.values.contains(where: { !$0.positions.isEmpty || !$0.open.isEmpty })
    else {
      return
    }
    charter.kill?.flat = now
    recorder.charter = true
    tell("flat", by: charter.kill?.by ?? "", reason: charter.kill?.reason)
  }

  /// Something came to be held while it is engaged: a fill that was under way, say.
  mutating func disturbKillSwitch() {
    guard charter.kill?.flat != nil else { return }
    charter.kill?.flat = nil
    recorder.charter = true
  }

  private mutating func tell(_ state: String, by: String, reason: String?) {
    guard let kill = charter.kill else { return }
    emitOfGateway(
      .killSwitch,
      [
        EventField("state", .string(state)), EventField("by", .string(by)),
        EventField("reason", reason.map { .string($0) } ?? .null),
        EventField("cancelled", .int(kill.cancelled)), EventField("closed", .int(kill.closed)),
        EventField("time_to_flat_ms", kill.timeToFlatMilliseconds.map { .int($0) } ?? .null),
      ])
  }
}
