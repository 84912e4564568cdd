import Model
import Testing

@testable import Feeds

@Suite("The lockstep barrier")
struct LockstepTests {
  private var barrier = LockstepBarrier<String>()

  @Test("lets a replay run free without members")
  mutating func nobody() {
    #expect(barrier.credit == .max)
    #expect(barrier.takeRound().isEmpty)
  }

  @Test("gives a trading member one quote at a time")
  mutating func strict() {
    barrier.join(1, window: 1)
    #expect(barrier.credit == 1)
    barrier.sent(7, to: 1)
    #expect(barrier.credit == 0)
    #expect(barrier.isOpen)
    barrier.acknowledged(6, by: 1)
    #expect(barrier.credit == 0)
    barrier.acknowledged(7, by: 1)
    #expect(barrier.credit == 1)
    #expect(!barrier.isOpen)
  }

  @Test("lets a member that only watches fall behind by its window")
  mutating func window() {
    barrier.join(1, window: 512)
    for sequence in Int64(1)...512 { barrier.sent(sequence, to: 1) }
    #expect(barrier.credit == 0)
    #expect(!barrier.isOpen)
    barrier.acknowledged(100, by: 1)
    #expect(barrier.credit == 100)
    barrier.join(2, window: 1)
    #expect(barrier.credit == 1)
  }

  @Test("gives requests out by strategy and arrival, when nobody is still deciding")
  mutating func round() {
    for member in 1...3 {
      barrier.join(member, window: 1)
      barrier.sent(1, to: member)
    }
    barrier.collect("z1", of: "zeta", by: 3)
    barrier.collect("a1", of: "alpha", by: 1)
    barrier.collect("z2", of: "zeta", by: 3)
    #expect(barrier.takeRound().isEmpty)
    #expect(barrier.isWaiting(3))
    barrier.acknowledged(1, by: 2)
    #expect(barrier.takeRound() == ["a1", "z1", "z2"])
    // Both still owe the quote: their answers may lead to more.
    #expect(!barrier.isWaiting(3))
    #expect(barrier.credit == 0)
    barrier.acknowledged(1, by: 1)
    barrier.collect("z3", of: "zeta", by: 3)
    #expect(barrier.takeRound() == ["z3"])
    barrier.acknowledged(1, by: 3)
    #expect(barrier.credit == 1)
  }

  @Test("does not wait for a member that left, and still takes what it asked for")
  mutating func leaving() {
    barrier.join(1, window: 1)
    barrier.join(2, window: 1)
    barrier.sent(1, to: 1)
    barrier.sent(1, to: 2)
    barrier.collect("left", of: "alpha", by: 1)
    barrier.collect("here", of: "beta", by: 2)
    barrier.leave(1)
    #expect(barrier.isWaiting(1))
    #expect(barrier.takeRound() == ["left", "here"])
    barrier.acknowledged(1, by: 2)
    #expect(barrier.credit == 1)
  }

  @Test("has a complete round when the member that was still deciding leaves")
  mutating func completing() {
    barrier.join(1, window: 1)
    barrier.join(2, window: 1)
    barrier.sent(1, to: 1)
    barrier.sent(1, to: 2)
    barrier.collect("here", of: "beta", by: 2)
    #expect(barrier.takeRound().isEmpty)
    barrier.leave(1)
    #expect(barrier.takeRound() == ["here"])
  }

  @Test("does not wait for a member that is gone, and forgets what it asked for")
  mutating func gone() {
    barrier.join(1, window: 1)
    barrier.join(2, window: 1)
    barrier.sent(1, to: 1)
    barrier.sent(1, to: 2)
    barrier.collect("gone", of: "alpha", by: 1)
    barrier.collect("here", of: "beta", by: 2)
    barrier.forget(1)
    #expect(barrier.takeRound() == ["here"])
    barrier.acknowledged(1, by: 2)
    barrier.forget(2)
    #expect(barrier.credit == .max)
  }

  @Test("takes requests of members that owe nothing in the round that is open")
  mutating func bystander() {
    barrier.join(1, window: 1)
    barrier.join(2, window: 1)
    barrier.sent(1, to: 1)
    barrier.collect("timer", of: "beta", by: 2)
    #expect(barrier.takeRound().isEmpty)
    #expect(barrier.credit == 0)
    barrier.acknowledged(1, by: 1)
    #expect(barrier.takeRound() == ["timer"])
  }
}

@Suite("A slow subscriber's queue")
struct SubscriberQueueTests {
  private func quote(_ sequence: Int64, _ instrument: String) -> SubscriberQueue.Item {
    .quote(
      Quote(
        sequence: sequence, instrument: instrument, bid: 1, ask: 2, time: Timestamp(nanoseconds: sequence)))
  }

  private func drain(_ queue: inout SubscriberQueue) -> [SubscriberQueue.Item] {
    var items: [SubscriberQueue.Item] = []
    while let item = queue.first {
      items.append(item)
      queue.removeFirst()
    }
    return items
  }

  @Test("keeps everything up to its bound, in order")
  func keeps() {
    var queue = SubscriberQueue()
    for sequence in Int64(1)...1_024 { queue.push(quote(sequence, "EUR_USD")) }
    #expect(queue.thinned == 0)
    #expect(drain(&queue) == (1...1_024).map { quote($0, "EUR_USD") })
    #expect(queue.isEmpty)
  }

  @Test("keeps the latest of each instrument beyond it, and counts what it lost")
  func thins() {
    var queue = SubscriberQueue()
    queue.push(quote(1, "USD_JPY"))
    for sequence in Int64(2)...1_025 { queue.push(quote(sequence, "EUR_USD")) }
    #expect(queue.thinned == 1_023)
    #expect(drain(&queue) == [quote(1, "USD_JPY"), quote(1_025, "EUR_USD")])
  }

  @Test("stays bounded however many arrive")
  func bounded() {
    var queue = SubscriberQueue()
    let candle = Candle(
      instrument: "EUR_USD", granularity: .s1, start: Timestamp(nanoseconds: 0), open: 1, high: 1, low: 1,
      close: 1, volume: 1, isComplete: true)
    for sequence in Int64(1)...100_000 {
      queue.push(quote(sequence, "EUR_USD"))
      if sequence.isMultiple(of: 3) { queue.push(.candle(candle)) }
    }
    #expect(queue.count <= 2 * SubscriberQueue.bound)
    #expect(queue.count + queue.thinned == 133_333)
  }
}
