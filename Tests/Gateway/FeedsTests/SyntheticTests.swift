import Model
import Testing

@testable import Feeds

@Suite("The synthetic market")
struct SyntheticTests {
  private static let start = Timestamp(milliseconds: 1_700_000_000_000)

  private func quotes(_ count: Int, seed: UInt64) -> [Quote] {
    var market = SyntheticMarket(seed: seed, start: Self.start)
    return (0..<count).map { _ in market.next() }
  }

  @Test("is the same for the same seed and another for another")
  func seeded() {
    #expect(quotes(5_000, seed: 1) == quotes(5_000, seed: 1))
    #expect(quotes(100, seed: 1) != quotes(100, seed: 2))
  }

  @Test("has five instruments with about four quotes a second each, in order of time, on the tick")
  func shape() throws {
    let quotes = quotes(20_000, seed: 1)
    #expect(Set(quotes.map(\.instrument)) == ["EUR_USD", "GBP_USD", "USD_JPY", "BTC-USD", "ETH-USD"])
    #expect(
      zip(quotes, quotes.dropFirst()).allSatisfy { $0.time <= $1.time && $0.sequence + 1 == $1.sequence })
    let seconds = try #require(quotes.last).time.seconds(since: Self.start)
    #expect((900...1_100).contains(seconds))
    for instrument in SyntheticMarket.instruments {
      let its = quotes.filter { $0.instrument == instrument.name }
      #expect(its.allSatisfy { $0.bid < $0.ask && $0.bid.fits(decimals: instrument.priceDecimals) })
    }
  }

  @Test("moves EUR_USD by a fraction of a pip a step at a spread of about one, for days")
  func euro() throws {
    var market = SyntheticMarket(seed: 5, start: Self.start)
    var mids: [Double] = []
    var spreads: [Double] = []
    for _ in 0..<2_000_000 {
      let quote = market.next()
      guard quote.instrument == "EUR_USD" else { continue }
      mids.append((Double(quote.mid.description) ?? 0) * 10_000)
      spreads.append((Double((quote.ask - quote.bid).description) ?? 0) * 10_000)
    }
    let steps = zip(mids, mids.dropFirst()).map { abs($0 - $1) }
    let step = steps.reduce(0, +) / Double(steps.count)
    #expect((0.1...0.5).contains(step))
    #expect((0.7...1.4).contains(spreads.reduce(0, +) / Double(spreads.count)))
    let range = try #require(mids.max()) - #require(mids.min())
    #expect((50...1_500).contains(range), "range of \(range) pips in a day")
  }

  @Test("goes on from its state without a jump")
  func resumes() {
    var market = SyntheticMarket(seed: 9, start: Self.start)
    for _ in 0..<1_000 { _ = market.next() }
    let later = Self.start.advanced(seconds: 86_400)
    var resumed = SyntheticMarket(seed: 9, start: later, sequence: 1_000, restoring: market.state)
    market.jump(to: later)
    let original = (0..<500).map { _ in market.next() }.filter { $0.instrument == "EUR_USD" }
    let again = (0..<500).map { _ in resumed.next() }.filter { $0.instrument == "EUR_USD" }
    #expect(zip(original, again).prefix(90).allSatisfy { $0.bid == $1.bid && $0.ask == $1.ask })
    #expect(resumed.nextTime > later)
  }
}
