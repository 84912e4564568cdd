import Model

/// The guardrails that an owner sets for all strategies.
extension TradingCore {
  func admitQuality(_ intent: OrderIntent, _ book: StrategyBook) throws(Refusal) {
    guard !intent.reduceOnly else { return }
    guard let quality = intent.quality else {
      guard settings.limits.requiresQuality, book.isAutomated else { return }
      throw Refusal(
        "quality_required",
        "quality is missing: entries of strategies need a score here, of at least \(settings.qualityThreshold)"
      )
    }
    guard quality < settings.qualityThreshold else { return }
    throw Refusal(
      "quality_too_low",
      "quality \(quality) is below the threshold of \(settings.qualityThreshold): wait for a better signal")
  }

  func admitRate(_ limits: RiskLimits, _ book: StrategyBook) throws(Refusal) {
    if let rate = limits.orderRate, let wait = book.orderBudget.wait(rate, at: now) {
      throw Self.tooFast(book.name, rate, wait)
    }
    if let rate = limits.totalOrderRate, let wait = orderBudget.wait(rate, at: now) {
      throw Self.tooFast("the gateway", rate, wait)
    }
  }

  private static func tooFast(_ who: String, _ rate: Int, _ wait: Int64) -> Refusal {
    Refusal(
      "order_rate",
      "\(who) has placed its \(rate) entries of this second: try again in \(max(1, wait / 1_000_000)) ms")
  }

  /// Counts an admitted entry.
  mutating func countEntry(_ admitted: Admitted, _ strategy: String) {
    guard !admitted.intent.reduceOnly else { return }
    let limits = settings.limits.limits(for: admitted.mode)
    let now = now
    if let rate = limits.orderRate { withStrategy(strategy) { $0.orderBudget.take(rate, at: now) } }
    if let rate = limits.totalOrderRate { orderBudget.take(rate, at: now) }
  }

  /// A price far from the market is a slip of the finger, or of a program.
  func admitCollar(_ price: Price?, _ field: String, _ quote: Quote?, _ mode: TradingMode) throws(Refusal) {
    guard let share = settings.limits.limits(for: mode).priceCollar, let price, let quote else { return }
    let mid = quote.mid
    let away = (price - mid).magnitude
    guard away > Cash.product(mid, share) else { return }
    let percent = (away.divided(by: mid) ?? .one).multiplied(by: 100) ?? 100
    throw Refusal(
      "price_collar",
      "\(field) \(price) is \(percent.rounded(decimals: 2)) % from the market at \(mid), and at most"
        + " \(Cash.product(share, 100)) % is allowed")
  }

  func admitFreshQuote(_ most: Int?, _ quote: Quote?, _ instrument: Instrument) throws(Refusal) {
    guard let most, let quote else { return }
    let age = now.nanoseconds &- quote.time.nanoseconds
    guard age > Int64(most) * 1_000_000_000 else { return }
    throw Refusal(
      "stale_quote",
      "the latest quote of \(instrument.name) is \(age / 1_000_000_000) s old, more than \(most) s: wait for a"
        + " fresh one")
  }

  // MARK: - Exposure

  /// What units are worth in the account's currency; zero where nothing converts it.
  func notional(_ units: Quantity, _ price: Price, _ instrument: String) -> Money {
    guard let position = board.position(of: instrument), let rate = board.rate(for: position) else {
      return .zero
    }
    return Cash.money(Cash.product(units.magnitude, price), rate: rate)
  }

  func exposure(_ book: StrategyBook, _ instrument: String) -> Money {
    let price = board.quote(instrument)?.mid ?? book.positions[instrument]?.last?.price ?? .zero
    return notional(book.units(instrument), price, instrument)
  }

  /// What an account's positions are worth, whichever way they point, and with `working` its working entries as well.
  func exposure(_ book: StrategyBook, working: Bool) -> Money {
    var sum = book.positions.keys.reduce(Money.zero) { Cash.sum($0, exposure(book, $1)) }
    guard working else { return sum }
    for order in book.entries.lazy.compactMap({ memory[$0] }) where !order.reduceOnly {
      let price = order.price ?? board.quote(order.instrument)?.mid ?? .zero
      sum = Cash.sum(sum, notional(order.remainingUnits, price, order.instrument))
    }
    return sum
  }

  /// What an order would close of the position that is held, and what it would open beyond it.
  ///
  /// - Parameter working: whether entries of the same side that still wait close of it before this one does.
  func effect(
    of units: Quantity, _ side: Side, _ instrument: String, _ book: StrategyBook, working: Bool
  ) -> (closed: Quantity, opened: Quantity) {
    let held = book.units(instrument)
    guard held.signum == -side.sign else { return (.zero, units) }
    var left = held.magnitude
    if working {
      for order in book.entries.lazy.compactMap({ memory[$0] })
      where order.instrument == instrument && order.side == side {
        left = max(.zero, left - order.remainingUnits)
      }
    }
    let closed = min(units, left)
    return (closed, units - closed)
  }

  /// - Parameter working: whether entries that still wait count: at admission they do, so that they cannot add up to
  ///   more; when one fills only what is held does.
  func admitExposure(
    _ side: Side, _ units: Quantity, _ instrument: Instrument, _ entry: Price, _ mode: TradingMode,
    _ book: StrategyBook, working: Bool = true
  ) throws(Refusal) {
    let limits = settings.limits
    let canary = mode == .canary ? settings.canary : nil
    guard limits.exposure != nil || limits.totalExposure != nil || canary != nil else { return }
    let (closed, opened) = effect(of: units, side, instrument.name, book, working: working)
    guard opened.isPositive else { return }
    // What it closes is part of what is held now, and is held no longer then.
    let more = notional(opened, entry, instrument.name) - notional(closed, entry, instrument.name)
    let own = Cash.sum(exposure(book, working: working), more)
    let currency = settings.currency
    if let canary {
      try admitCanary(canary, opened - closed, own, instrument, book, working: working)
    }
    if let most = limits.exposure, own > most {
      throw Refusal(
        "exposure_limit",
        "\(book.name) would have \(own.rounded(decimals: 2)) \(currency) in the market, its limit is \(most): order"
          + " fewer units, or close something")
    }
    guard let most = limits.totalExposure else { return }
    let all = strategies.values.reduce(more) { Cash.sum($0, exposure($1, working: working)) }
    guard all > most else { return }
    throw Refusal(
      "total_exposure_limit",
      "all accounts would have \(all.rounded(decimals: 2)) \(currency) in the market, the limit is \(most): order"
        + " fewer units, or close something")
  }

  private func admitCanary(
    _ canary: CanaryLimits, _ increase: Quantity, _ exposure: Money, _ instrument: Instrument,
    _ book: StrategyBook, working: Bool
  ) throws(Refusal) {
    if let most = canary.maxUnits {
      let waiting = book.entries.lazy.compactMap { memory[$0] }
        .filter { working && !$0.reduceOnly && $0.instrument == instrument.name }
        .reduce(Quantity.zero) { $0 + $1.remainingUnits }
      let units = book.units(instrument.name).magnitude + waiting + increase
      guard units <= most else {
        throw Refusal(
          "canary_units",
          "\(book.name) would have \(units) units of \(instrument.name), and in canary mode at most \(most) are allowed"
        )
      }
    }
    guard exposure > canary.maxNotional else { return }
    throw Refusal(
      "canary_notional",
      "\(book.name) would have \(exposure.rounded(decimals: 2)) \(settings.currency) in the market, and in canary mode at"
        + " most \(canary.maxNotional) is allowed")
  }

  // MARK: - The loss of the day

  /// What an account has lost since midnight UTC, realised and not; negative: what it has won.
  func lost(_ book: StrategyBook) -> Money { Cash.clamped(book.account.dayStartEquity - equity(book)) }

  var totalLost: Money { strategies.values.reduce(.zero) { Cash.sum($0, lost($1)) } }

  func admitDailyLoss(
    _ capabilities: StrategyCapabilities?, _ mode: TradingMode, _ book: StrategyBook
  ) throws(Refusal) {
    let own = [capabilities?.maxDailyLoss, settings.limits.dailyLoss].compactMap { $0 }.min()
    let currency = settings.currency
    if own != nil || mode == .canary {
      let lost = lost(book)
      if mode == .canary, lost >= settings.canary.maxDailyLoss {
        throw Refusal(
          "canary_daily_loss",
          "\(book.name) has lost \(lost.rounded(decimals: 2)) \(currency) since midnight UTC, the limit of canary mode is"
            + " \(settings.canary.maxDailyLoss): entries are refused until the next day")
      }
      if let most = own, lost >= most {
        throw Refusal(
          "daily_loss_limit",
          "\(book.name) has lost \(lost.rounded(decimals: 2)) \(currency) since midnight UTC, its limit is \(most):"
            + " entries are refused until the next day")
      }
    }
    guard let most = settings.limits.totalDailyLoss else { return }
    let lost = totalLost
    guard lost >= most else { return }
    throw Refusal(
      "total_daily_loss_limit",
      "all accounts together have lost \(lost.rounded(decimals: 2)) \(currency) since midnight UTC, the limit is \(most):"
        + " entries are refused until the next day")
  }
}
