import Model
import Trading

/// What the people and the strategies do, at random.
extension World {
  mutating func step() {
    pass(Int64(random.next(random.next(10) == 0 ? 4_000 : 400)))
    let instrument = random.next(3) == 0 ? "GBP_USD" : "EUR_USD"
    broker.tick(instrument, now)
    readStream()
    quote(instrument)
    let trader = Trader(strategy: Self.strategies[random.next(2)], generation: generation)
    switch random.next(16) {
    case 0..<6: take(core.place(intent(instrument), by: trader, now: now).changes)
    case 6: take(core.place(reduction(instrument), by: trader, now: now).changes)
    case 7, 8: modify(trader)
    case 9: cancel(trader)
    case 10: take(core.close(instrument: instrument, by: trader, now: now).changes)
    case 11 where random.next(6) == 0:
      take(core.setPaused(true, strategy: trader.strategy, reason: nil, now: now))
      take(core.setPaused(false, strategy: trader.strategy, reason: nil, now: now))
    case 12 where random.next(8) == 0: squareOff(trader.strategy)
    default: break
    }
    if random.once(in: chaos.byHand) {
      broker.byHand(now)
      readStream()
    }
    if random.once(in: chaos.disconnects) { disconnect() }
    if random.once(in: chaos.crashes) { crash() }
    steps += 1
    checkStep()
  }

  private mutating func squareOff(_ strategy: String) {
    take(core.squareOff(strategy, reason: "enough", now: now).changes)
    // A later worker, so that it trades again once it is flat.
    generation += 1
    take(
      core.register(
        strategy, generation: generation, capabilities: StrategyCapabilities(brokers: ["sim"]), now: now))
  }

  private mutating func intent(_ instrument: String) -> OrderIntent {
    let mid = broker.mids[instrument] ?? 0
    let side = random.next(2) == 0 ? Side.buy : .sell
    let type = OrderType.allCases[random.next(3)]
    let entry = mid + Int128(random.next(201) - 100)
    let low = entry - Int128(110 + random.next(200))
    let high = entry + Int128(110 + random.next(200))
    return OrderIntent(
      clientOrderID: random.next(5) == 0 ? "c\(random.next(40))" : nil, instrument: instrument, side: side,
      type: type, units: Amount(1 + random.next(1_000)),
      price: type == .market ? nil : SimBroker.price(entry),
      stopLoss: SimBroker.price(side == .buy ? low : high),
      takeProfit: SimBroker.price(side == .buy ? high : low))
  }

  private mutating func reduction(_ instrument: String) -> OrderIntent {
    let type = OrderType.allCases[random.next(3)]
    let near = SimBroker.price((broker.mids[instrument] ?? 0) + Int128(random.next(101) - 50))
    return OrderIntent(
      instrument: instrument, side: random.next(2) == 0 ? .buy : .sell, type: type,
      units: Amount(1 + random.next(600)), price: type == .market ? nil : near, reduceOnly: true)
  }

  private mutating func modify(_ trader: Trader) {
    let orders = core.openOrders(strategy: trader.strategy)
    guard !orders.isEmpty else { return }
    let order = orders[random.next(orders.count)]
    let mid = broker.mids[order.instrument] ?? 0
    let price = SimBroker.price(mid + Int128(random.next(401) - 200))
    take(core.modify(orderID: order.id, price: price, by: trader, now: now).changes)
  }

  private mutating func cancel(_ trader: Trader) {
    let orders = core.openOrders(strategy: trader.strategy)
    guard !orders.isEmpty else { return }
    take(core.cancel(orderID: orders[random.next(orders.count)].id, by: trader, now: now).changes)
  }

  /// Calms everything down, so that what must come true in the end can be looked at.
  mutating func end() {
    chaos = .none
    broker.refuses = 0
    if !isConnected { schedule(.connect, after: 10) }
    for _ in 0..<40 {
      pass(1_500)
      // The clock of the desk moves by quotes; the market stands still.
      for instrument in Self.instruments { quote(instrument.name) }
      readStream()
    }
    pass(200)
    checkStep()
    checkBooks("at the end")
    checkEnd()
  }

  /// Plays one seed through and returns what went wrong.
  static func play(_ seed: UInt64, steps: Int = 60, bug: Bug? = nil, isTold: Bool = false) -> World {
    var world = World(seed: seed, bug: bug)
    world.isTold = isTold
    for step in 0..<steps {
      world.step()
      if step % 15 == 14 { world.checkBooks("at step \(step)") }
      if !world.violations.isEmpty { return world }
    }
    world.end()
    return world
  }
}
