import Model
import Testing

@testable import Feeds

@Suite("Candles")
struct CandleTests {
  /// Candles the slow way: all quotes of each interval, gathered and summed up.
  private func recomputed(_ quotes: [Quote], _ instrument: String, _ granularity: Granularity) -> [Candle] {
    var candles: [Candle] = []
    for quote in quotes where quote.instrument == instrument {
      let start = granularity.start(of: quote.time)
      if candles.last?.start != start {
        if !candles.isEmpty { candles[candles.count - 1].isComplete = true }
        candles.append(
          Candle(
            instrument: instrument, granularity: granularity, start: start, open: quote.mid, high: quote.mid,
            low: quote.mid, close: quote.mid, volume: 0, isComplete: false))
      }
      candles[candles.count - 1].high = max(candles[candles.count - 1].high, quote.mid)
      candles[candles.count - 1].low = min(candles[candles.count - 1].low, quote.mid)
      candles[candles.count - 1].close = quote.mid
      candles[candles.count - 1].volume += 1
    }
    return candles
  }

  private func check(_ quotes: [Quote]) {
    var book = CandleBook()
    var completed: [Candle] = []
    for quote in quotes { book.add(quote, completed: &completed) }
    for instrument in Set(quotes.map(\.instrument)) {
      for granularity in Granularity.allCases {
        let expected = recomputed(quotes, instrument, granularity)
        let announced = completed.filter { $0.instrument == instrument && $0.granularity == granularity }
        // A longer candle is announced by the first quote after its end, as a complete one is recomputed.
        #expect(announced == expected.filter(\.isComplete), "\(instrument) \(granularity)")
        let kept = book.candles(instrument, granularity, count: 5_000)
        #expect(kept == expected.suffix(CandleBook.kept + 1), "\(instrument) \(granularity)")
      }
    }
  }

  @Test("of every granularity equal a plain recomputation, over days of a made-up market")
  func synthetic() {
    var market = SyntheticMarket(seed: 3, start: Timestamp(milliseconds: 1_700_000_000_000))
    var quotes: [Quote] = []
    for _ in 0..<60_000 { quotes.append(market.next()) }
    check(quotes)
  }

  @Test("of a recorded day too", .enabled(if: RecordedData.payrolls != nil, "no recordings"))
  func recorded() throws {
    let paths = [RecordedData.bitcoin, RecordedData.ether, RecordedData.payrolls].compactMap { $0 }
    var source = try ReplaySource(try ReplayPlan(paths: paths), onBadLine: .stop)
    var batch = QuoteBatch()
    try source.fill(&batch, limit: 1_000_000)
    check(batch.quotes)
  }

  @Test("the last one is forming, and a count cuts from the front")
  func forming() throws {
    var book = CandleBook()
    var completed: [Candle] = []
    for second in [0, 1, 61, 62, 125] {
      book.add(
        Quote(
          sequence: Int64(second), instrument: "EUR_USD", bid: Amount(second + 1), ask: Amount(second + 1),
          time: Timestamp(nanoseconds: 0).advanced(seconds: Int64(second))),
        completed: &completed)
    }
    let minutes = book.candles("EUR_USD", .m1, count: 2)
    #expect(minutes.map(\.isComplete) == [true, false])
    #expect(minutes.map(\.open) == [62, 126])
    #expect(minutes.map(\.volume) == [2, 1])
    #expect(book.candles("GBP_USD", .m1, count: 2).isEmpty)
  }
}
