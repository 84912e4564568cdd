import Model

extension OrderIntent {
  /// A market order fills at once or not at all, unless it says that it may fill in part.
  var effectiveTimeInForce: TimeInForce {
    let isMarket = type == .market
    let given = timeInForce ?? (isMarket ? .fok : .gtc)
    return isMarket && given == .gtc ? .fok : given
  }

  /// Whether it needs nothing but a price at the most, as most orders.
  var isPlain: Bool { !(type == .stopLimit || type == .trailingStop) && terms.isEmpty }
}

/// The guardrails of what only some orders have.
extension TradingCore {
  private static let longest = 31_536_000

  func admitTimeInForce(_ intent: OrderIntent) throws(Refusal) {
    let force = intent.effectiveTimeInForce
    let isImmediate = force == .ioc || force == .fok
    if intent.type == .market ? !isImmediate : intent.type == .trailingStop && isImmediate {
      throw Refusal(
        "time_in_force_not_allowed",
        intent.type == .market
          ? "a market order fills at once: give it fok, ioc or no time_in_force, not \(force.rawValue)"
          : "a trailing_stop waits for the market to turn: give it gtc, gtd or day, not \(force.rawValue)")
    }
    if force != .gtd, intent.expires != nil {
      throw Refusal("expires_not_allowed", "expires is for a time_in_force of gtd: leave it out of \(force)")
    }
    if force == .gtd || force == .day, intent.timeToLiveSeconds != nil {
      throw Refusal(
        "ttl_not_allowed", "a \(force.rawValue) order says when it ends: leave ttl_s out, or give gtc")
    }
    guard force == .gtd else { return }
    guard let expires = intent.expires else {
      throw Refusal("expires_required", "a gtd order needs expires, the time until which it works")
    }
    guard expires > now, expires <= now.advanced(seconds: Int64(Self.longest)) else {
      throw Refusal(
        "expires_out_of_range", "expires is \(expires): give a time after \(now) of the market, within a year"
      )
    }
  }

  /// Until when an order works.
  func expiry(_ intent: OrderIntent, _ force: TimeInForce) -> Timestamp? {
    if intent.type == .market { return nil }
    switch force {
    case .gtd: return intent.expires
    case .day: return TradingDay(now).end
    default:
      return now.advanced(seconds: Int64(intent.timeToLiveSeconds ?? settings.timeToLiveSeconds))
    }
  }

  func admitTerms(_ intent: OrderIntent, _ instrument: Instrument) throws(Refusal) {
    let terms = intent.terms
    let type = intent.type.rawValue
    if let limit = terms.limitPrice {
      guard intent.type == .stopLimit else {
        throw Refusal("limit_price_not_allowed", "limit_price is for a stop_limit order, not for a \(type)")
      }
      try admitPrice(limit, "limit_price", instrument)
    } else if intent.type == .stopLimit {
      throw Refusal("limit_price_required", "a stop_limit order needs a limit_price beside its price")
    }
    if let distance = terms.distance {
      guard intent.type == .trailingStop else {
        throw Refusal("distance_not_allowed", "distance is for a trailing_stop order, not for a \(type)")
      }
      try admitDistance(distance, "distance", instrument)
    } else if intent.type == .trailingStop {
      throw Refusal("distance_required", "a trailing_stop order needs the distance that it keeps")
    }
    if intent.type == .trailingStop, intent.price != nil {
      throw Refusal(
        "price_not_allowed", "the price of a trailing_stop follows the market: give a distance only")
    }
    if intent.reduceOnly, terms.managesTrade {
      throw Refusal(
        "exits_not_allowed",
        "a reduce_only order opens no trade: leave out break_even, trail, trail_atr, momentum and max_hold_s")
    }
    if let distance = terms.breakEven { try admitDistance(distance, "break_even", instrument) }
    if let distance = terms.trail { try admitDistance(distance, "trail", instrument) }
    try admitRangeTrail(terms)
    try admitMomentum(terms, instrument)
    if let seconds = terms.maxHoldSeconds, !(1...Self.longest).contains(seconds) {
      throw Refusal("max_hold_out_of_range", "max_hold_s is \(seconds): give 1 to \(Self.longest) (a year)")
    }
  }

  private func admitRangeTrail(_ terms: OrderTerms) throws(Refusal) {
    guard let rule = terms.rangeTrail else { return }
    guard terms.trail == nil else {
      throw Refusal("trail_twice", "give trail or trail_atr: a stop loss follows at one distance")
    }
    guard (1...RangeTrail.periodMax).contains(rule.period), rule.multiplier.isPositive,
      rule.multiplier <= RangeTrail.multiplierMax
    else {
      throw Refusal(
        "trail_out_of_range",
        "trail_atr takes a period of 1 to \(RangeTrail.periodMax) and a multiplier of more than 0 and at most"
          + " \(RangeTrail.multiplierMax)")
    }
  }

  private func admitMomentum(_ terms: OrderTerms, _ instrument: Instrument) throws(Refusal) {
    guard let rule = terms.momentum else { return }
    guard (1...MomentumRule.candlesMax).contains(rule.candles), rule.share.isPositive,
      rule.share <= MomentumRule.shareMax
    else {
      throw Refusal(
        "momentum_out_of_range",
        "momentum takes 1 to \(MomentumRule.candlesMax) candles and a share of more than 0 and at most"
          + " \(MomentumRule.shareMax)")
    }
    if let trail = rule.trail { return try admitDistance(trail, "momentum.trail", instrument) }
    guard terms.trail != nil || terms.rangeTrail != nil else {
      throw Refusal(
        "trail_required",
        "momentum gives the take profit up, so the stop loss must follow then: give momentum a trail, or the order a"
          + " trail or trail_atr")
    }
  }

  private func admitDistance(
    _ distance: Amount, _ field: String, _ instrument: Instrument
  ) throws(Refusal) {
    guard distance.isPositive, distance <= Cash.maxPrice else {
      throw Refusal(
        "distance_out_of_range", "\(field) is \(distance): give a difference of prices, more than 0")
    }
    guard distance.fits(decimals: instrument.priceDecimals) else {
      throw Refusal(
        "price_precision",
        "\(field) \(distance) of \(instrument.name) may have \(instrument.priceDecimals) decimals")
    }
  }

  /// Where an order is expected to trade.
  func expectedEntry(_ intent: OrderIntent, _ instrument: Instrument, _ quote: Quote) throws(Refusal) -> Price
  {
    let far = quote.price(for: intent.side)
    switch intent.type {
    case .market: return far
    case .limit, .stop, .stopLimit: return intent.price ?? far
    case .trailingStop:
      let distance = intent.terms.distance ?? .zero
      guard intent.side == .buy || distance < far else {
        throw Refusal(
          "distance_out_of_range", "distance is \(distance): give less than the bid, which is \(far)")
      }
      return intent.side == .buy ? far + distance : far - distance
    }
  }

  // MARK: - When it fills

  /// Looks at the strategy again before an entry that has waited fills, and cancels the entry where the kill switch,
  /// its exposure, its loss of the day or its margin no longer allow a larger position.
  mutating func admitFill(_ order: Order) {
    guard let book = strategies[order.strategy], let instrument = board.instrument(order.instrument),
      let quote = board.quote(order.instrument)
    else { return }
    let units = order.remainingUnits
    let effect = effect(of: units, order.side, order.instrument, book, working: false)
    guard effect.opened.isPositive else { return }
    let limit = order.type == .limit ? order.price : order.terms.limitPrice
    do throws(Refusal) {
      let entry = limit ?? quote.price(for: order.side)
      if let refusal = killRefusal() { throw refusal }
      try admitExposure(order.side, units, instrument, entry, order.mode, book, working: false)
      try admitDailyLoss(book.capabilities, order.mode, book)
      try admitMargin(order.side, units, instrument, entry, book)
    } catch {
      withdraw(order.number, reason: error.reason)
    }
  }
}
