import Feeds
import Foundation
import MarketStore
import Model
import Storage
import Testing

/// Candles on the disk, and the book that goes on with them.
@Suite("The market store") struct MarketStoreTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "market-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func store(
    _ feed: String = "synthetic:1", secondsKept: Int64 = 86_400, bytesMax: Int64 = .max
  ) throws -> MarketStore {
    try MarketStore(
      path: folder.appending(path: "market.sqlite").path, feed: feed,
      retention: CandleRetention(
        secondsKept: secondsKept, minutesKept: 86_400 * 30, hoursKept: 86_400 * 365, bytesMax: bytesMax))
  }

  private static func quote(_ second: Int64, _ price: Int, _ instrument: String = "EUR_USD") -> Quote {
    let bid = Amount(raw: Int128(price) * Amount.step(decimals: 5).raw)
    return Quote(
      sequence: second, instrument: instrument, bid: bid, ask: bid + Amount.step(decimals: 5),
      time: Timestamp(nanoseconds: second * 1_000_000_000 + 5))
  }

  /// The candles that a walk of one quote a second completes.
  private static func walk(_ seconds: Range<Int64>, _ book: inout CandleBook) -> [Candle] {
    var completed: [Candle] = []
    for second in seconds { book.add(quote(second, Int(116_500 + second * 7 % 91)), completed: &completed) }
    return completed
  }

  @Test("gives back what was put in, by instrument, granularity, time and number")
  func roundTrip() async throws {
    var book = CandleBook()
    let candles = Self.walk(1_000_000..<1_000_700, &book)
    let first = try store()
    first.append(candles)
    await first.close()
    let again = try store()
    let minutes = candles.filter { $0.granularity == .m1 }
    #expect(minutes.count >= 10)
    #expect(try again.candles("EUR_USD", .m1, limit: 1_000) == minutes)
    #expect(try again.candles("EUR_USD", .m1, limit: 3) == minutes.suffix(3))
    #expect(try again.candles("EUR_USD", .m1, from: minutes[2].start, limit: 2) == Array(minutes[2...3]))
    #expect(try again.candles("EUR_USD", .m1, before: minutes[4].start, limit: 2) == Array(minutes[2...3]))
    #expect(try again.candles("GBP_USD", .m1, limit: 10) == [])
    await again.close()
  }

  @Test("keeps the candles of two feeds apart")
  func feeds() async throws {
    var book = CandleBook()
    let one = try store("synthetic:1")
    one.append(Self.walk(1_000_000..<1_000_100, &book))
    await one.close()
    let two = try store("synthetic:2")
    #expect(try two.candles("EUR_USD", .s1, limit: 10) == [])
    await two.close()
  }

  @Test("a candle that was begun in the middle does not take the place of the whole one")
  func partial() async throws {
    var book = CandleBook()
    let whole = Self.walk(1_000_000..<1_000_130, &book).filter { $0.granularity == .m1 }
    var part = try #require(whole.last)
    part.volume -= 1
    part.open = .one
    let store = try store()
    store.append(whole + [part])
    await store.close()
    let again = try self.store()
    #expect(try again.candles("EUR_USD", .m1, limit: 10) == whole)
    await again.close()
  }

  @Test("forgets short candles first, and all where the file would grow too large")
  func bounds() async throws {
    var book = CandleBook()
    let filling = try store()
    filling.append(Self.walk(1_000_000..<1_020_000, &book))
    await filling.close()
    let small = try store(secondsKept: 600)
    #expect(try small.prune() > 0)
    #expect(try small.candles("EUR_USD", .s1, limit: 50_000).count <= 601)
    #expect(try small.candles("EUR_USD", .m1, limit: 50_000).count > 300)
    await small.close()
    let tiny = try store(secondsKept: 600, bytesMax: 60_000)
    #expect(try tiny.prune() > 0)
    #expect(try tiny.candles("EUR_USD", .m1, limit: 50_000).count < 300)
    await tiny.close()
  }

  @Test("a book that was restored goes on as one that never ended", arguments: [1, 7, 60, 299, 300, 3_601])
  func restoring(length: Int64) async throws {
    let start: Int64 = 1_000_020
    var whole = CandleBook()
    let before = Self.walk(start..<start + length + 1, &whole)
    let store = try store()
    store.append(before)
    await store.close()
    let again = try self.store()
    var restored = CandleBook()
    var stored: [Granularity: [Candle]] = [:]
    for granularity in Granularity.allCases {
      stored[granularity] = try again.candles("EUR_USD", granularity, limit: CandleBook.kept)
    }
    await again.close()
    restored.restore("EUR_USD", stored)
    // The second that was forming when it ended is lost; both begin with the next one.
    var late: [Candle] = []
    let next = start + length
    restored.add(Self.quote(next, Int(116_500 + next * 7 % 91)), completed: &late)
    let after = next + 1..<next + 4_000
    let expected = Self.walk(after, &whole)
    #expect(Self.walk(after, &restored) == expected)
    for granularity in Granularity.allCases {
      #expect(
        restored.candles("EUR_USD", granularity, count: 200)
          == whole.candles("EUR_USD", granularity, count: 200))
    }
  }
}
