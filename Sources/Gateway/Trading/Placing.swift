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
      let placement = try take(intent, trader)
      let changes = finish()
      return Outcome(.success(placement.settled(by: changes)), changes)
    } catch {
      emitRefusal(error, intent, trader)
      return Outcome(.failure(error), finish())
    }
  }

  /// Admits an order and acts on it, as a part of the call in progress; the order is the one that stands then.
  ///
  /// - Parameter fingerprint: What tells a repeated request from another with its client order id; nil: the intent's.
  mutating func take(
    _ intent: OrderIntent, _ trader: Trader, fingerprint: String? = nil
  ) throws(Refusal) -> Placement {
    guard let book = strategies[trader.strategy] else { throw unknown(trader.strategy) }
    _ = try known(book)
    let fingerprint = fingerprint ?? intent.fingerprint
    if let first = try earlier(intent.clientOrderID, trader, fingerprint: fingerprint) {
      return Placement(order: first, isDuplicate: true)
    }
    let number = submit(try admit(intent, book), trader, fingerprint)
    guard let order = memory[number] else { throw Refusal("internal", "order \(number) is lost") }
    return Placement(order: order, isDuplicate: false)
  }

  /// The order that came before with the same client order id.
  func earlier(_ id: String?, _ trader: Trader, fingerprint: String) throws(Refusal) -> Order? {
    guard let id else { return nil }
    try admitClientOrderID(id)
    guard let order = try find(clientOrderID: id, strategy: trader.strategy) else { return nil }
    guard order.fingerprint == fingerprint else {
      throw Refusal(
        "client_order_id_reused",
        "client_order_id \(id) belongs to order \(order.id) with another intent: give each order an id of its own"
      )
    }
    return order
  }

  func find(clientOrderID: String, strategy: String) throws(Refusal) -> Order? {
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

  private mutating func submit(_ admitted: Admitted, _ trader: Trader, _ fingerprint: String) -> Int64 {
    let intent = admitted.intent
    let number = takeOrderNumber()
    let order = Order(
      number: number, id: orderID(number, trader),
      clientOrderID: intent.clientOrderID ?? Self.ownPrefix + String(number), strategy: trader.strategy,
      generation: trader.generation, broker: venue.name, instrument: intent.instrument, side: intent.side,
      type: intent.type, role: .entry, timeInForce: admitted.timeInForce, reduceOnly: intent.reduceOnly,
      quality: intent.quality, mode: admitted.mode, tag: intent.tag, created: now, units: admitted.units,
      price: admitted.price, stopLoss: intent.stopLoss, takeProfit: intent.takeProfit, updated: now,
      expires: admitted.expires, fingerprint: fingerprint, terms: intent.terms,
      placedBy: trader.person, route: trader.route)
    countEntry(admitted, trader.strategy)
    insert(order)
    emitLarge(order, admitted)
    if order.stopLoss != nil { emitPlaced(order, entry: admitted.entry, intent.timeToLiveSeconds) }
    venue.execute(.place(order, group: nil))
    drain()
    return number
  }

  /// `paper-17`; `paper-oanda-17` for one that came in by OANDA's route, as the users' programs expect it.
  func orderID(_ number: Int64, _ trader: Trader) -> String {
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
