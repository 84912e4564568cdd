import BrokerInterface
public import Model

extension TradingCore {
  /// Admits an order, journals it and acts on it: a marketable order comes back filled, with its exits working.
  ///
  /// The same `clientOrderID` with the same intent returns the first order, whatever has become of it. A refusal
  /// leaves an `order_rejected` event (one per reason and second) and no order; its reasons are those of docs/protocol.md.
  public mutating func place(_ intent: OrderIntent, by trader: Trader, now: Timestamp) -> Outcome<Placement> {
    self.now = now
    do throws(Refusal) {
      guard let book = strategies[trader.strategy] else { throw unknown(trader.strategy) }
      _ = try known(book)
      if let first = try earlier(intent, trader) {
        return Outcome(.success(Placement(order: first, isDuplicate: true)), finish())
      }
      let admitted = try admit(intent, book)
      let number = submit(admitted, trader)
      let changes = finish()
      guard let order = changes.orders.first(where: { $0.number == number }) ?? memory[number] else {
        throw Refusal("internal", "order \(number) is lost")
      }
      return Outcome(.success(Placement(order: order, isDuplicate: false)), changes)
    } catch {
      emitRefusal(error, intent, trader)
      return Outcome(.failure(error), finish())
    }
  }

  /// The order that came before with the same client order id.
  private func earlier(_ intent: OrderIntent, _ trader: Trader) throws(Refusal) -> Order? {
    guard let id = intent.clientOrderID else { return nil }
    try admitClientOrderID(id)
    guard let order = try find(clientOrderID: id, strategy: trader.strategy) else { return nil }
    guard order.fingerprint == intent.fingerprint else {
      throw Refusal(
        "client_order_id_reused",
        "client_order_id \(id) belongs to order \(order.id) with another intent: give each order an id of its own"
      )
    }
    return order
  }

  private func find(clientOrderID: String, strategy: String) throws(Refusal) -> Order? {
    if let order = memory.order(strategy: strategy, clientOrderID: clientOrderID) { return order }
    return try look { (lookup) throws(LookupFailure) in
      try lookup.order(strategy: strategy, clientOrderID: clientOrderID)
    }
  }

  /// Asks the journal for an order that is no longer in memory. An order that may be there must not be taken
  /// for a new one, so what cannot be read is refused.
  func look(_ ask: (any DeskLookup) throws(LookupFailure) -> Order?) throws(Refusal) -> Order? {
    guard memory.hasForgotten, let lookup else { return nil }
    do throws(LookupFailure) {
      return try ask(lookup)
    } catch {
      throw Refusal(
        "journal_unreadable",
        "the journal could not be searched for an earlier order: try again with the same request (\(error.message))"
      )
    }
  }

  private mutating func submit(_ admitted: Admitted, _ trader: Trader) -> Int64 {
    let intent = admitted.intent
    let number = takeOrderNumber()
    let order = Order(
      number: number, id: orderID(number, trader),
      clientOrderID: intent.clientOrderID ?? Self.ownPrefix + String(number), strategy: trader.strategy,
      generation: trader.generation, broker: venue.name, instrument: intent.instrument, side: intent.side,
      type: intent.type, role: .entry, timeInForce: admitted.timeInForce, reduceOnly: intent.reduceOnly,
      quality: intent.quality, mode: admitted.mode, tag: intent.tag, created: now, units: admitted.units,
      price: admitted.price, stopLoss: intent.stopLoss, takeProfit: intent.takeProfit, updated: now,
      expires: admitted.expires, fingerprint: intent.fingerprint, terms: intent.terms,
      placedBy: trader.person, route: trader.route)
    insert(order)
    if order.stopLoss != nil { emitPlaced(order, entry: admitted.entry, intent.timeToLiveSeconds) }
    venue.execute(.place(order, group: nil))
    drain()
    return number
  }

  /// Closes a strategy's position in one instrument at the market and cancels its exits.
  ///
  /// Returns the closing order, nil when there is no position. Pause and mode do not stop it.
  public mutating func close(instrument: String, by trader: Trader, now: Timestamp) -> Outcome<Order?> {
    self.now = now
    guard let book = strategies[trader.strategy] else {
      return Outcome(.failure(unknown(trader.strategy)), finish())
    }
    guard board.position(of: instrument) != nil else {
      let refusal = Refusal("unknown_instrument", "there is no instrument \(instrument.prefix(32)) here")
      return Outcome(.failure(refusal), finish())
    }
    guard book.positions[instrument] != nil else { return Outcome(.success(nil), finish()) }
    if feedHasEnded {
      let refusal = Refusal("market_closed", "the feed has ended: no order can trade any more")
      return Outcome(.failure(refusal), finish())
    }
    guard board.quote(instrument) != nil else {
      let refusal = Refusal("no_quote", "there is no quote of \(instrument) yet: wait for the first one")
      return Outcome(.failure(refusal), finish())
    }
    let number = closePosition(trader, instrument, reason: nil)
    let changes = finish()
    return Outcome(.success(changes.orders.first { $0.number == number }), changes)
  }

  /// Sends the order that closes a position, or one trade of it; its instrument has a quote.
  @discardableResult
  mutating func closePosition(
    _ trader: Trader, _ instrument: String, trade: Trade? = nil, reason: String?
  ) -> Int64 {
    let held = trade?.units ?? strategies[trader.strategy]?.units(instrument) ?? .zero
    let number = takeOrderNumber()
    var order = Order(
      number: number, id: orderID(number, trader), clientOrderID: Self.ownPrefix + String(number),
      strategy: trader.strategy, generation: trader.generation, broker: venue.name, instrument: instrument,
      side: held.isNegative ? .buy : .sell, type: .market, role: .close, timeInForce: .fok, reduceOnly: true,
      quality: nil, mode: min(settings.mode, .paper), tag: nil, created: now, units: held.magnitude,
      price: nil,
      stopLoss: nil, takeProfit: nil, tradeID: trade?.id, updated: now, expires: nil, placedBy: trader.person,
      route: trader.route)
    order.reason = reason
    insert(order)
    venue.execute(.place(order, group: nil))
    drain()
    return number
  }

  /// `paper-17`; `paper-oanda-17` for one that came in by OANDA's route, as the users' programs expect it.
  private func orderID(_ number: Int64, _ trader: Trader) -> String {
    idPrefix + (trader.route == "oanda" ? "oanda-" : "") + String(number)
  }

  func unknown(_ strategy: String) -> Refusal {
    Refusal(
      "unknown_strategy",
      "strategy \(strategy.prefix(64)) is not registered with the gateway: start it with rbotctl start")
  }
}

extension OrderIntent {
  /// Everything that makes two intents the same, in canonical text: all but the client order id and the tag.
  var fingerprint: String {
    let isMarket = type == .market
    let given = timeInForce ?? (isMarket ? .fok : .gtc)
    let force = isMarket && given == .gtc ? TimeInForce.fok : given
    func text(_ value: Amount?) -> String { value?.description ?? "-" }
    var fields = [instrument, side.rawValue, type.rawValue, text(units), text(isMarket ? nil : price)]
    fields += [text(stopLoss), text(takeProfit), force.rawValue, reduceOnly ? "reduce" : "-"]
    fields += [quality.map(String.init) ?? "-", timeToLiveSeconds.map(String.init) ?? "-"]
    if let expires { fields.append(String(expires.nanoseconds)) }
    if !terms.isEmpty { fields.append(terms.description) }
    return fields.joined(separator: " ")
  }
}
