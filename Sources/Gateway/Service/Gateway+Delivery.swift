import Feeds
import IPC
import Model
import NIOCore
import Wire

/// Showing the market to those who subscribed.
extension Gateway {
  /// Sends the candles that a quote completed and then the quote, encoded once for all.
  func show(_ quote: Quote, _ completed: [Candle]) {
    guard let interested = subscribers[quote.instrument], !interested.isEmpty else { return }
    for candle in completed { show(candle, interested) }
    scratch.clear()
    scratch.writeQuote(quote, priceDecimals: decimals(quote.instrument))
    for session in interested { offer(.quote(quote), session) }
  }

  private func show(_ candle: Candle, _ interested: [WorkerSession]) {
    var isEncoded = false
    for session in interested where session.subscription.candles.contains(candle.granularity) {
      if !isEncoded {
        scratch.clear()
        scratch.writeCandle(candle, priceDecimals: decimals(candle.instrument))
        isEncoded = true
      }
      offer(.candle(candle), session)
    }
  }

  /// Sends what `scratch` holds, or keeps it for a subscriber that lags.
  private func offer(_ item: SubscriberQueue.Item, _ session: WorkerSession) {
    switch session.subscription.delivery {
    case .every: session.connection.send(encoded: scratch)
    case .latest:
      guard session.subscription.queue.isEmpty, session.connection.sendThinnable(encoded: scratch) else {
        let before = session.subscription.queue.thinned
        session.subscription.queue.push(item)
        counters.quotesThinned += session.subscription.queue.thinned - before
        return
      }
    }
    count(item, session)
  }

  private func count(_ item: SubscriberQueue.Item, _ session: WorkerSession) {
    guard case .quote = item else { return }
    session.subscription.sent += 1
    counters.quotesSent += 1
  }

  /// Goes on with what waits for a subscriber that has room again.
  func refill(_ session: WorkerSession) {
    while let item = session.subscription.queue.first {
      scratch.clear()
      switch item {
      case .quote(let quote): scratch.writeQuote(quote, priceDecimals: decimals(quote.instrument))
      case .candle(let candle): scratch.writeCandle(candle, priceDecimals: decimals(candle.instrument))
      }
      guard session.connection.sendThinnable(encoded: scratch) else { return }
      session.subscription.queue.removeFirst()
      count(item, session)
    }
  }

  // MARK: - Subscriptions

  func subscribe(_ params: JSON, _ session: WorkerSession) throws(RPCError) -> JSON {
    guard let names = try params.optionalStrings("instruments"), !names.isEmpty else {
      throw .invalidParams("instruments must be an array of names, as in [\"EUR_USD\"]")
    }
    try checkInstruments(names)
    let delivery: Subscription.Delivery =
      try params.optionalWord("delivery") ?? (spec.isLockstep ? .every : .latest)
    var granularities: [Granularity] = []
    for text in try params.optionalStrings("candles") ?? [] {
      guard let granularity = Granularity(rawValue: text) else {
        let known = Granularity.allCases.map(\.rawValue).joined(separator: ", ")
        throw .invalidParams("candles must hold some of \(known), not \(text)")
      }
      if !granularities.contains(granularity) { granularities.append(granularity) }
    }
    session.subscription.instruments.formUnion(names)
    session.subscription.delivery = delivery
    session.subscription.candles = granularities
    session.subscription.isLockstep = spec.isLockstep && delivery == .every
    indexSubscribers()
    let window = session.worker?.window ?? 1
    if session.subscription.isLockstep { barrier.join(session.id, window: window) } else { leave(session) }
    return [
      "instruments": .array(session.subscription.instruments.sorted().map(JSON.string)),
      "delivery": .string(delivery.rawValue), "ack": .bool(session.subscription.isLockstep),
      "window": session.subscription.isLockstep ? .int(window) : .null,
      "candles": .array(granularities.map { .string($0.rawValue) }),
    ]
  }

  func unsubscribe(_ params: JSON, _ session: WorkerSession) throws(RPCError) -> JSON {
    let names = try params.optionalStrings("instruments") ?? Array(session.subscription.instruments)
    session.subscription.instruments.subtract(names)
    indexSubscribers()
    if session.subscription.instruments.isEmpty { leave(session) }
    return ["instruments": .array(session.subscription.instruments.sorted().map(JSON.string))]
  }

  private func checkInstruments(_ names: [String]) throws(RPCError) {
    let unknown = names.filter { feed.decimals[$0] == nil }
    guard unknown.isEmpty else {
      let known = feed.decimals.keys.sorted().joined(separator: ", ")
      throw .refused(
        "unknown_instrument", "the feed has no \(unknown.joined(separator: ", ")); it has \(known)")
    }
  }

  /// Nobody waits for its acknowledgements any more.
  private func leave(_ session: WorkerSession) {
    session.subscription.isLockstep = false
    barrier.leave(session.id)
    // The round may be complete without it. On the next turn, because this may be a request of a round itself.
    loop.assumeIsolated().execute { self.assumeIsolated { $0.advanceLockstep() } }
  }

  func indexSubscribers() {
    subscribers = [:]
    let inOrder = sessions.values.sorted { ($0.strategy, $0.id) < ($1.strategy, $1.id) }
    for session in inOrder {
      for instrument in session.subscription.instruments {
        subscribers[instrument, default: []].append(session)
      }
    }
  }
}
