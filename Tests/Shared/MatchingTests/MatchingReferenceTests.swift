import Matching
import Model
import Testing

/// The same rules in the plainest form: a list that is looked through at every quote.
struct PlainMatching {
  var orders: [MatchOrder] = []
  var bid = Amount.zero
  var ask = Amount.zero

  mutating func quote(bid: Amount, ask: Amount, second: Int64) -> [String] {
    self.bid = bid
    self.ask = ask
    var said: [String] = []
    let due = orders.filter { order in order.expires.map { $0.nanoseconds <= second * 1_000_000_000 } ?? false
    }
    for order in due.sorted(by: {
      ($0.expires?.nanoseconds ?? 0, $0.number) < ($1.expires?.nanoseconds ?? 0, $1.number)
    }
    ) {
      said.append("\(order.id):ttl")
      orders.removeAll { $0.id == order.id }
    }
    while true {
      let reached = orders.filter { isReached($0) }
      guard
        let next = reached.min(by: {
          ($0.type == .stop ? 0 : 1, $0.number) < ($1.type == .stop ? 0 : 1, $1.number)
        })
      else { return said }
      let far = next.side == .buy ? ask : bid
      said.append("\(next.id)@\(next.type == .stop ? far : next.price ?? .zero)")
      orders.removeAll { $0.id == next.id }
      for sister in orders where sister.group != nil && sister.group == next.group {
        said.append("\(sister.id):oco")
      }
      orders.removeAll { $0.group != nil && $0.group == next.group }
    }
  }

  func isReached(_ order: MatchOrder) -> Bool {
    guard let price = order.price else { return true }
    switch (order.side, order.type) {
    case (.buy, .limit): return ask <= price
    case (.sell, .limit): return bid >= price
    case (.buy, _): return ask >= price
    case (.sell, _): return bid <= price
    }
  }
}

@Suite struct MatchingReferenceTests {
  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
  func `ladders give what a plain list gives`(seed: UInt64) {
    var random = Dice(seed: seed)
    var engine = MatchingEngine(instruments: [Instrument.conventional("EUR_USD")].compactMap { $0 })
    var plain = PlainMatching()
    var mid: Int128 = 138_700
    var number: Int64 = 0
    func price(_ ticks: Int128) -> Amount { Amount(raw: ticks * Amount.step(decimals: 5).raw) }
    for second in 0..<3_000 {
      mid += Int128(random.next(41)) - 20
      let spread = Int128(random.next(12))
      let quote = Quote(
        sequence: Int64(second), instrument: "EUR_USD", bid: price(mid), ask: price(mid + spread),
        time: Timestamp(nanoseconds: Int64(second) * 1_000_000_000))
      _ = engine.quote(quote)
      var events: [MatchEvent] = []
      while let event = engine.nextEvent() { events.append(event) }
      #expect(
        brief(events) == plain.quote(bid: quote.bid, ask: quote.ask, second: Int64(second)), "seed \(seed)")
      for _ in 0..<random.next(4) {
        number += 1
        let order = MatchOrder(
          id: "o\(number)", number: number, instrument: "EUR_USD", side: random.next(2) == 0 ? .buy : .sell,
          type: random.next(2) == 0 ? .limit : .stop, price: price(mid + Int128(random.next(201)) - 100),
          units: 1,
          expires: random.next(3) == 0
            ? Timestamp(nanoseconds: (Int64(second) + Int64(random.next(50))) * 1_000_000_000) : nil,
          group: random.next(2) == 0 ? Int64(random.next(40)) : nil)
        if plain.isReached(order) { continue }
        engine.place(order)
        #expect(engine.nextEvent() == .accepted(id: order.id))
        #expect(engine.nextEvent() == nil)
        plain.orders.append(order)
      }
      if random.next(5) == 0, let victim = plain.orders.randomElement(using: &random) {
        engine.cancel(id: victim.id)
        while engine.nextEvent() != nil {}
        plain.orders.removeAll { $0.id == victim.id }
      }
      #expect(engine.count == plain.orders.count)
    }
  }
}

/// A small seeded generator (xorshift), so that a failing seed can be run again.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }

  /// 0 up to `bound`, exclusively.
  mutating func next(_ bound: Int) -> Int { Int(next() >> 33) % bound }
}
