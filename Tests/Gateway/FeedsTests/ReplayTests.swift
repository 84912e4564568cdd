import Foundation
import Model
import Testing

@testable import Feeds

@Suite("A replay")
struct ReplayTests {
  private static let header = "ts_ms,instrument,bid,ask\n"

  private func play(_ paths: [String], _ policy: BadLinePolicy = .skip) throws -> QuoteBatch {
    var source = try ReplaySource(try ReplayPlan(paths: paths), onBadLine: policy)
    var all = QuoteBatch()
    while true {
      let before = all.quotes.count
      try source.fill(&all, limit: 1_000)
      if all.quotes.count == before { return all }
    }
  }

  @Test("knows how many units there are where the file says so")
  func sizes() throws {
    let good = "1,EUR_USD,1.38694,1.38705,1000000,0\n2,EUR_USD,1.38694,1.38705,2.5,7\n"
    let bad = "3,EUR_USD,1.38694,1.38705\n4,EUR_USD,1.38694,1.38705,1,2,3\n5,EUR_USD,1.38694,1.38705,1,-2\n"
    let file = try TemporaryFile("ts_ms,instrument,bid,ask,bid_size,ask_size\n" + good + bad)
    let plain = try TemporaryFile(Self.header + "6,USD_JPY,1,2\n")
    let all = try play([file.path, plain.path])
    #expect(all.quotes.map(\.bidSize) == [1_000_000, Amount("2.5"), nil])
    #expect(all.quotes.map(\.askSize) == [0, 7, nil])
    #expect(
      all.badLines.map(\.reason) == [
        "the bid_size is missing", "there are more than six fields",
        "the ask_size -2 is not a decimal number of at most 18 digits",
      ])
  }

  @Test("gives each line as a quote, with its exact prices and time")
  func lines() throws {
    let file = try TemporaryFile(
      Self.header + "1398988800277,EUR_USD,1.38694,1.38705\r\n\n1398988800277,BTC-USD,4642.4,4650")
    let quotes = try play([file.path]).quotes
    #expect(
      quotes == [
        Quote(
          sequence: 1, instrument: "EUR_USD", bid: try #require(Amount("1.38694")),
          ask: try #require(Amount("1.38705")), time: Timestamp(milliseconds: 1_398_988_800_277)),
        Quote(
          sequence: 2, instrument: "BTC-USD", bid: try #require(Amount("4642.4")), ask: 4650,
          time: Timestamp(milliseconds: 1_398_988_800_277)),
      ])
  }

  @Test(
    "names file, line and reason of a bad line",
    arguments: [
      ("1398988800300,EUR_USD,1.4,1.3", "the bid 1.4 is above the ask 1.3"),
      (
        "1398988800000,EUR_USD,1.3,1.4",
        "the time 1398988800000 is before that of an earlier line, 1398988800277"
      ),
      ("x,EUR_USD,1.3,1.4", "x is not a time in milliseconds since 1970"),
      (",EUR_USD,1.3,1.4", "the time is missing"),
      ("99999999999999,EUR_USD,1.3,1.4", "the time 99999999999999 is after the year 2255"),
      ("1398988800300,eurusd,1.3,1.4", "there is no instrument eurusd"),
      ("1398988800300,,1.3,1.4", "the instrument is missing"),
      ("1398988800300,EUR_USD,abc,1.4", "the bid abc is not a decimal number of at most 18 digits"),
      ("1398988800300,EUR_USD,1e5,1.4", "the bid 1e5 is not a decimal number of at most 18 digits"),
      ("1398988800300,EUR_USD,-1.3,1.4", "the bid -1.3 is not a decimal number of at most 18 digits"),
      ("1398988800300,EUR_USD,.3,1.4", "the bid .3 is not a decimal number of at most 18 digits"),
      ("1398988800300,EUR_USD,0,1.4", "the bid 0 is not between 0 and 1000000000000"),
      ("1398988800300,EUR_USD,1.3", "the ask is missing"),
      ("1398988800300,EUR_USD,1.3,", "the ask is missing"),
      ("1398988800300,EUR_USD,1.3,1.4,5", "there are more than four fields"),
      ("garbage", "garbage is not a time in milliseconds since 1970"),
    ])
  func badLine(line: String, reason: String) throws {
    let file = try TemporaryFile(
      Self.header + "1398988800277,EUR_USD,1.38694,1.38705\n\(line)\n1398988800400,EUR_USD,1.38694,1.38705\n")
    let played = try play([file.path])
    #expect(played.badLines == [BadLine(file: file.path, line: 3, reason: reason)])
    #expect(played.quotes.map(\.sequence) == [1, 2])
    #expect {
      try play([file.path], .stop)
    } throws: { error in
      guard let error = error as? FeedError else { return false }
      return error.reason == .badLine && error.message.hasPrefix("\(file.path), line 3: \(reason).")
    }
  }

  @Test("skips a line that is far too long, and bytes that are no text, and goes on")
  func hostileLines() throws {
    let long = String(repeating: "9", count: 3_000_000)
    let file = try TemporaryFile(
      Self.header + "1,EUR_USD,1,2\n\(long)\n\u{0}\u{1b}[31m\n2,EUR_USD,1,2")
    let played = try play([file.path])
    #expect(played.quotes.count == 2)
    #expect(played.badLines.map(\.line) == [3, 4])
    #expect(played.badLines.allSatisfy { !$0.reason.contains("\u{1b}") })
  }

  @Test("counts every bad line and describes the first ones")
  func manyBadLines() throws {
    let file = try TemporaryFile(
      Self.header + String(repeating: "bad\n", count: 500) + "1,EUR_USD,1,2\n")
    let played = try play([file.path])
    #expect(played.badLineCount == 500)
    #expect(played.badLines.count == QuoteBatch.badLinesKept)
  }

  @Test("merges files by time; equal times keep the order of the files")
  func merge() throws {
    let first = try TemporaryFile(Self.header + "1,EUR_USD,1,2\n3,EUR_USD,1,2\n3,EUR_USD,3,4\n")
    let second = try TemporaryFile(Self.header + "1,USD_JPY,1,2\n2,USD_JPY,1,2\n4,USD_JPY,1,2\n")
    let quotes = try play([first.path, second.path]).quotes
    #expect(quotes.map(\.time) == [1, 1, 2, 3, 3, 4].map { Timestamp(milliseconds: $0) })
    #expect(quotes.map(\.instrument) == ["EUR_USD", "USD_JPY", "USD_JPY", "EUR_USD", "EUR_USD", "USD_JPY"])
    #expect(quotes.map(\.sequence) == [1, 2, 3, 4, 5, 6])
  }

  @Test("of a file that is missing, empty, without a header or without quotes is refused with a sentence")
  func unusableFiles() throws {
    func reason(_ path: String) -> FeedError.Reason? {
      do throws(FeedError) {
        _ = try ReplayPlan(paths: [path])
        return nil
      } catch {
        #expect(error.message.contains(path))
        return error.reason
      }
    }
    #expect(reason("/nonexistent/a.csv") == .missingFile)
    #expect(reason("/") == .unreadableFile)
    #expect(reason(try TemporaryFile("").path) == .missingFile)
    let empty = try TemporaryFile("")
    #expect(reason(empty.path) == .emptyFile)
    let other = try TemporaryFile("time,symbol\n1,EUR_USD,1,2\n")
    #expect(reason(other.path) == .badLine)
    let headerOnly = try TemporaryFile(Self.header)
    #expect(reason(headerOnly.path) == .emptyFile)
  }

  @Test(
    "of a recorded day gives all its quotes, in order",
    .enabled(if: RecordedData.payrolls != nil, "no recordings"))
  func recordedDay() throws {
    let path = try #require(RecordedData.payrolls)
    let played = try play([path])
    #expect(played.quotes.count == 49_341)
    #expect(played.badLineCount == 0)
    #expect(zip(played.quotes, played.quotes.dropFirst()).allSatisfy { $0.time <= $1.time })
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst()
    for (quote, line) in zip(played.quotes, lines) {
      let fields = line.split(separator: ",")
      #expect(Amount(fields[2]) == quote.bid && Amount(fields[3]) == quote.ask)
    }
  }

  @Test("read ahead on a thread gives the same quotes, and can begin in the middle")
  func readAhead() async throws {
    let file = try TemporaryFile(
      Self.header + (1...10_000).map { "\($0),EUR_USD,1,2\n" }.joined())
    let plan = try ReplayPlan(paths: [file.path])
    let (signals, signal) = AsyncStream.makeStream(of: Void.self)
    let ahead = ReadAhead(
      skipping: 4_000, batch: 100, depth: 2, onAvailable: { signal.yield() },
      make: { () throws(FeedError) in try ReplaySource(plan, onBadLine: .stop) })
    var sequences: [Int64] = []
    var iterator = signals.makeAsyncIterator()
    reading: while true {
      switch ahead.take() {
      case .batch(let batch): sequences += batch.quotes.map(\.sequence)
      case .nothingYet: await iterator.next()
      case .ended: break reading
      case .failed(let error): throw error
      }
    }
    #expect(sequences == Array(4_001...10_000))
  }
}
