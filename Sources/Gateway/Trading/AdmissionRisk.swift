import BrokerInterface
import Model

/// The guardrails that look at what a strategy may do, holds and has lost.
extension TradingCore {
  func admitCapabilities(
    _ intent: OrderIntent, _ capabilities: StrategyCapabilities, _ book: StrategyBook
  ) throws(Refusal) {
    guard capabilities.brokers.contains(venue.name) else {
      throw Refusal(
        "broker_not_allowed",
        "\(book.name) may not trade at \(venue.name): add it to brokers in its strategy.toml")
    }
    if let allowed = capabilities.instruments, !allowed.contains(intent.instrument) {
      throw Refusal(
        "instrument_not_allowed",
        "\(book.name) may not trade \(intent.instrument), only \(allowed.joined(separator: ", ")): see instruments"
          + " in its strategy.toml")
    }
    if let most = capabilities.maxOrderUnits, intent.units > most, !intent.reduceOnly {
      throw Refusal(
        "units_over_limit",
        "units \(intent.units) is more than the \(most) that \(book.name) may order at once")
    }
  }

  /// The units that an order may have: all it asks for, or what there is to reduce.
  func admitReduction(_ intent: OrderIntent, _ book: StrategyBook) throws(Refusal) -> Quantity {
    guard intent.reduceOnly else { return intent.units }
    let held = book.units(intent.instrument)
    guard held.signum == -intent.side.sign else {
      let has = held.isZero ? "no position" : held.isNegative ? "a short position" : "a long position"
      throw Refusal(
        "nothing_to_reduce",
        "\(book.name) has \(has) in \(intent.instrument): a reduce_only \(intent.side.rawValue) order has nothing to"
          + " reduce")
    }
    return min(intent.units, held.magnitude)
  }

  func admitRisk(
    _ intent: OrderIntent, _ instrument: Instrument, _ quote: Quote?, _ entry: Price, _ mode: TradingMode,
    _ capabilities: StrategyCapabilities, _ book: StrategyBook
  ) throws(Refusal) {
    let limits = settings.limits.limits(for: mode)
    if intent.type != .market, book.entries.count >= settings.maxOpenOrders {
      throw Refusal(
        "too_many_open_orders",
        "\(book.name) has \(book.entries.count) open orders, the most allowed: cancel one first")
    }
    if intent.reduceOnly { return }
    try admitInstruments(intent, book)
    try admitExposure(intent.side, intent.units, instrument, entry, mode, book)
    try admitDailyLoss(capabilities, mode, book)
    try admitRate(limits, book)
    if intent.type != .market {
      try admitCollar(intent.price, "price", quote, mode)
      try admitCollar(intent.terms.limitPrice, "limit_price", quote, mode)
    }
    try admitFreshQuote(limits.staleQuoteSeconds, quote, instrument)
  }

  private func admitInstruments(_ intent: OrderIntent, _ book: StrategyBook) throws(Refusal) {
    guard book.positions[intent.instrument] == nil,
      book.positions.count + book.entries.count >= settings.maxOpenPositions
    else { return }
    var held = Set(book.positions.keys)
    for number in book.entries {
      if let order = memory[number], !order.reduceOnly { held.insert(order.instrument) }
    }
    guard !held.contains(intent.instrument), held.count >= settings.maxOpenPositions else { return }
    throw Refusal(
      "too_many_open_positions",
      "\(book.name) has positions or orders in \(held.count) instruments, the most allowed: close one first")
  }

  @discardableResult
  func admitConversion(_ instrument: Instrument) throws(Refusal) -> Amount {
    guard let position = board.position(of: instrument.name), let rate = board.rate(for: position) else {
      throw Refusal(
        "no_conversion",
        "no quote converts \(instrument.quote), the currency of \(instrument.name), to the account's \(settings.currency):"
          + " add such an instrument to the feed")
    }
    return rate
  }

  /// Whether the equity bears the position that an order would lead to, if that is a larger one.
  func admitMargin(
    _ side: Side, _ units: Quantity, _ instrument: Instrument, _ entry: Price, _ book: StrategyBook
  ) throws(Refusal) {
    let rate = try admitConversion(instrument)
    let held = book.units(instrument.name)
    let after = held + (side == .buy ? units : -units)
    guard after.magnitude > held.magnitude else { return }
    let others = margin(book) - margin(book, instrument.name)
    let needed = Cash.money(
      Cash.product(Cash.product(after.magnitude, entry), instrument.marginRate), rate: rate)
    let equity = equity(book)
    guard Cash.sum(others, needed) > equity else { return }
    throw Refusal(
      "insufficient_margin",
      "the position would bind \(needed.rounded(decimals: 2)) \(settings.currency), and of the equity of"
        + " \(equity.rounded(decimals: 2)) only \((equity - others).rounded(decimals: 2)) is free: order fewer units"
    )
  }
}
