import BrokerInterface
public import Model

/// The gateway's mode, and the mode of each order: the lowest of the gateway's, the strategy's and what its broker
/// can do.
extension TradingCore {
  /// The highest mode that this desk can have at all.
  public var modeCeiling: TradingMode {
    settings.execution.isEnabled && settings.execution.liveVenues.contains(venue.name) ? .live : .paper
  }

  /// The mode that orders of a strategy get.
  public func effectiveMode(of capabilities: StrategyCapabilities) -> TradingMode {
    min(charter.mode, capabilities.mode, modeCeiling)
  }

  func admitMode(_ intent: OrderIntent, _ capabilities: StrategyCapabilities, _ book: StrategyBook)
    throws(Refusal) -> TradingMode
  {
    let mode = effectiveMode(of: capabilities)
    guard mode == .off else { return mode }
    // What only reduces is never kept from it; it is of the mode of what it reduces.
    if intent.reduceOnly { return heldMode(book.name, intent.instrument) }
    let whose = charter.mode == .off ? "the gateway's mode is off: set it with rbotctl mode paper" : nil
    throw Refusal(
      "mode_off", whose ?? "this strategy's mode is off: set it to paper in its strategy.toml to place orders"
    )
  }

  /// The mode in which a position was opened.
  func heldMode(_ strategy: String, _ instrument: String) -> TradingMode {
    let trade = strategies[strategy]?.positions[instrument]?.last
    let order = [trade?.stopLossOrderID, trade?.takeProfitOrderID, trade?.entryOrderID].lazy
      .compactMap { $0 }.compactMap { memory.order(id: $0, prefix: idPrefix) }.first
    return order?.mode ?? max(.paper, min(charter.mode, modeCeiling))
  }

  /// Why the gateway cannot be set to a mode; nil where it can.
  public func refusal(of mode: TradingMode) -> Refusal? {
    guard mode > .paper else { return nil }
    guard settings.execution.liveVenues.contains(venue.name) else {
      return Refusal(
        "no_live_broker",
        "\(mode.rawValue) needs a broker that can trade for real, and none is connected here: this gateway matches orders"
          + " on paper")
    }
    guard settings.execution.isEnabled else {
      return Refusal(
        "execution_disabled",
        "\(mode.rawValue) sends real orders, which is switched off: set execution_enabled = true in [gateway] of"
          + " rbotd.toml, and restart")
    }
    return nil
  }

  /// Sets the gateway's mode. Working entries of a higher mode are cancelled; exits stay, they only reduce.
  ///
  /// Refused with `no_live_broker` or `execution_disabled`. Whether he may do that (the PIN) is the caller's to ask.
  public mutating func setMode(_ mode: TradingMode, by: String, now: Timestamp) -> Outcome<ModeSwitch> {
    self.now = now
    if let refusal = refusal(of: mode) { return Outcome(.failure(refusal), finish()) }
    return Outcome(.success(switchMode(mode, by: by)), finish())
  }

  /// Lowers a mode that the journal holds and this start does not allow: what was live once must not be so again
  /// only because the gateway was configured for it and restarted.
  public mutating func reviewMode(now: Timestamp) -> ChangeSet {
    self.now = now
    if charter.mode > modeCeiling { _ = switchMode(modeCeiling, by: "gateway") }
    return finish()
  }

  private mutating func switchMode(_ mode: TradingMode, by: String) -> ModeSwitch {
    let before = charter.mode
    guard mode != before else { return ModeSwitch(from: before, to: mode, cancelled: 0) }
    charter.mode = mode
    charter.modeBy = by
    charter.modeSince = now
    recorder.charter = true
    var cancelled = 0
    for book in sortedBooks {
      for number in book.entries {
        guard let order = memory[number], !order.reduceOnly, order.mode > mode else {
          continue
        }
        withdraw(number, reason: mode == .off ? "mode_off" : "mode_lowered")
        cancelled += 1
      }
    }
    drain()
    emitOfGateway(
      .modeSwitched,
      [
        EventField("from", .string(before.rawValue)), EventField("to", .string(mode.rawValue)),
        EventField("by", .string(by)), EventField("cancelled", .int(Int64(cancelled))),
      ])
    return ModeSwitch(from: before, to: mode, cancelled: cancelled)
  }
}
