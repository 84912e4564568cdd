import BrokerInterface
import Model

/// An intent that passed every guardrail, with what was left open filled in.
struct Admitted {
  let intent: OrderIntent
  let instrument: Instrument
  let timeInForce: TimeInForce
  /// Cut to the position where the order only reduces.
  let units: Quantity
  /// Where the order is expected to trade: the far side of a market order, else its price.
  let entry: Price
  /// Its own price, of a trailing stop the one that it begins at; nil of a market order.
  let price: Price?
  let expires: Timestamp?
  let mode: TradingMode
}

/// The guardrails, in the order of the charter: the first refusal wins. Each says what to do.
extension TradingCore {
  func admit(_ intent: OrderIntent, _ book: StrategyBook) throws(Refusal) -> Admitted {
    let capabilities = try known(book)
    let mode = try admitMode(intent, capabilities, book)
    try admitTrading(intent, book)
    try admitSession(intent)
    let instrument = try admitShape(intent)
    let quote = board.quote(instrument.name)
    let entry = try admitExits(intent, instrument, quote)
    try admitQuality(intent, book)
    try admitCapabilities(intent, capabilities, book)
    let units = try admitReduction(intent, book)
    try admitRisk(intent, instrument, quote, entry, mode, capabilities, book)
    try admitConversion(instrument)
    if !intent.reduceOnly { try admitMargin(intent.side, intent.units, instrument, entry, book) }
    let timeInForce = intent.effectiveTimeInForce
    return Admitted(
      intent: intent, instrument: instrument, timeInForce: timeInForce, units: units, entry: entry,
      price: intent.type == .market ? nil : intent.type == .trailingStop ? entry : intent.price,
      expires: expiry(intent, timeInForce), mode: mode)
  }

  func known(_ book: StrategyBook?) throws(Refusal) -> StrategyCapabilities {
    guard let book, let capabilities = book.capabilities else {
      throw Refusal(
        "unknown_strategy",
        "strategy \(book?.name ?? "") is not registered with the gateway: start it with rbotctl start")
    }
    return capabilities
  }

  func admitTrading(_ intent: OrderIntent, _ book: StrategyBook) throws(Refusal) {
    if !intent.reduceOnly, let refusal = killRefusal() { throw refusal }
    if book.paused && !intent.reduceOnly {
      let reason = book.pauseReason.map { " (\($0))" } ?? ""
      throw Refusal(
        "trading_paused",
        "trading of \(book.name) is paused\(reason): only reduce_only orders, closes and cancels pass until it is"
          + " resumed")
    }
    if !intent.reduceOnly, let refusal = squareOffRefusal(book) { throw refusal }
    try admitVenue(intent)
    if feedHasEnded {
      throw Refusal("market_closed", "the feed has ended: no order can trade any more")
    }
  }

  // MARK: - Schema and precision

  private func admitShape(_ intent: OrderIntent) throws(Refusal) -> Instrument {
    if let id = intent.clientOrderID { try admitClientOrderID(id) }
    if let tag = intent.tag, tag.utf8.count > 128 {
      throw Refusal("tag_too_long", "tag has \(tag.utf8.count) bytes: at most 128")
    }
    if let seconds = intent.timeToLiveSeconds, !(1...31_536_000).contains(seconds) {
      throw Refusal("ttl_out_of_range", "ttl_s is \(seconds): give 1 to 31536000 (a year)")
    }
    guard let instrument = board.instrument(intent.instrument) else {
      let names = instruments.map(\.name).joined(separator: ", ")
      let shown = String(intent.instrument.prefix(32))
      throw Refusal("unknown_instrument", "there is no instrument \(shown) here; the feed has \(names)")
    }
    try admitTimeInForce(intent)
    if !intent.isPlain { try admitTerms(intent, instrument) }
    let price = intent.type == .market || intent.type == .trailingStop ? nil : intent.price
    if price == nil, intent.type != .market, intent.type != .trailingStop {
      throw Refusal("price_required", "a \(intent.type.rawValue) order needs a price")
    }
    for (field, value) in [
      ("price", price), ("stop_loss", intent.stopLoss), ("take_profit", intent.takeProfit),
    ] {
      if let value { try admitPrice(value, field, instrument) }
    }
    try admitUnits(intent.units, price, instrument)
    return instrument
  }

  func admitClientOrderID(_ id: String) throws(Refusal) {
    let isGood =
      (1...64).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
    guard isGood, !id.hasPrefix(Self.ownPrefix) else {
      throw Refusal(
        "invalid_client_order_id",
        "client_order_id must be 1 to 64 characters of A-Z a-z 0-9 . _ - and must not begin with \(Self.ownPrefix)"
      )
    }
  }

  /// What the client order ids begin with that the gateway makes.
  static let ownPrefix = "gw."

  func admitPrice(_ price: Price, _ field: String, _ instrument: Instrument) throws(Refusal) {
    guard price.isPositive, price <= Cash.maxPrice else {
      throw Refusal(
        "amount_out_of_range", "\(field) is \(price): give more than 0 and at most \(Cash.maxPrice)")
    }
    guard price.fits(decimals: instrument.priceDecimals) else {
      throw Refusal(
        "price_precision",
        "\(field) \(price) of \(instrument.name) may have \(instrument.priceDecimals) decimals: round it to"
          + " \(price.rounded(decimals: instrument.priceDecimals).text(minimumDecimals: instrument.priceDecimals))"
      )
    }
  }

  func admitUnits(_ units: Quantity, _ price: Price?, _ instrument: Instrument) throws(Refusal) {
    guard units.raw.magnitude <= Cash.maxUnits.raw.magnitude else {
      throw Refusal("amount_out_of_range", "units is \(units): give at most \(Cash.maxUnits)")
    }
    guard units.isPositive else {
      throw Refusal("below_minimum", "units is \(units): it must be positive; the side says the direction")
    }
    guard units.fits(decimals: instrument.unitsDecimals) else {
      throw Refusal(
        "units_precision",
        "units \(units) of \(instrument.name) may have \(instrument.unitsDecimals) decimals: round it to"
          + " \(units.truncated(decimals: instrument.unitsDecimals))")
    }
    guard units >= instrument.minimumUnits else {
      throw Refusal(
        "below_minimum",
        "units \(units) of \(instrument.name) is below its minimum: give at least \(instrument.minimumUnits)")
    }
    let reference = price ?? board.quote(instrument.name)?.ask ?? .one
    guard Cash.product(reference, units) <= Cash.maxNotional else {
      throw Refusal(
        "amount_out_of_range",
        "units times price is \(Cash.product(reference, units)): give at most \(Cash.maxNotional)")
    }
  }

  // MARK: - OCO

  /// Returns where the order is expected to trade.
  private func admitExits(
    _ intent: OrderIntent, _ instrument: Instrument, _ quote: Quote?
  ) throws(Refusal) -> Price {
    if intent.reduceOnly {
      guard intent.stopLoss == nil, intent.takeProfit == nil else {
        throw Refusal(
          "exits_not_allowed", "a reduce_only order carries neither stop_loss nor take_profit: leave them out"
        )
      }
    } else if intent.stopLoss == nil || intent.takeProfit == nil {
      let missing =
        intent.stopLoss != nil
        ? "take_profit" : intent.takeProfit != nil ? "stop_loss" : "stop_loss and take_profit"
      throw Refusal(
        "oco_required",
        "\(missing) missing: an order that opens or increases a position needs both; one that only reduces says"
          + " reduce_only")
    }
    guard let quote else {
      throw Refusal(
        "no_quote",
        "there is no quote of \(instrument.name) yet: wait for the first one, then place the order again"
      )
    }
    let entry = try expectedEntry(intent, instrument, quote)
    if let stopLoss = intent.stopLoss, let takeProfit = intent.takeProfit {
      let whose = "a \(intent.side.rawValue) order"
      try admitSides(
        intent.side, stopLoss: stopLoss, takeProfit: takeProfit, reference: entry, "the entry \(entry)",
        whose)
      if let limit = intent.terms.limitPrice {
        try admitSides(
          intent.side, stopLoss: stopLoss, takeProfit: takeProfit, reference: limit,
          "the limit_price \(limit)", whose)
      }
    }
    return intent.terms.limitPrice ?? entry
  }

  /// A buy's stop loss is below and its take profit above the reference; a sell's the other way round.
  func admitSides(
    _ side: Side, stopLoss: Price?, takeProfit: Price?, reference: Price, _ what: String, _ whose: String
  ) throws(Refusal) {
    let isBuy = side == .buy
    if let stopLoss, isBuy ? stopLoss >= reference : stopLoss <= reference {
      throw Refusal(
        "stop_loss_wrong_side",
        "stop_loss \(stopLoss) must be \(isBuy ? "below" : "above") \(what) of \(whose)")
    }
    if let takeProfit, isBuy ? takeProfit <= reference : takeProfit >= reference {
      throw Refusal(
        "take_profit_wrong_side",
        "take_profit \(takeProfit) must be \(isBuy ? "above" : "below") \(what) of \(whose)")
    }
  }
}
