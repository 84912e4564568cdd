import Foundation
import Model
import Testing
import Trading

@testable import TradingStore

@Suite("The store's lists")
struct ListTests {
  private let folder: TemporaryFolder
  private let store: TradingStore

  init() throws {
    folder = try TemporaryFolder()
    store = try TradingStore(path: folder.file)
  }

  private func commit(_ orders: [Order]) throws {
    var changes = ChangeSet()
    changes.orders = orders
    _ = try store.commit([JournalEntry(changes: changes)])
  }

  /// The numbers of all pages, and how many pages there were.
  private func numbers(_ filter: ListFilter, limit: Int) throws -> (found: [Int64], pages: Int) {
    var (found, pages) = ([Int64](), 0)
    var before = Int64?.none
    repeat {
      let page = try store.orders(filter, before: before, limit: limit)
      #expect(page.rows.count <= limit)
      found += page.rows.map(\.number)
      before = page.next
      pages += 1
    } while before != nil
    return (found, pages)
  }

  @Test("come page by page, each row once, newest first")
  func pages() throws {
    try commit((1...10).map { Samples.order($0, strategy: $0 % 2 == 0 ? "even" : "odd") })
    #expect(try numbers(ListFilter(), limit: 3).found == (1...10).reversed().map { Int64($0) })
    var filter = ListFilter()
    filter.strategy = "even"
    #expect(try numbers(filter, limit: 2).found == [10, 8, 6, 4, 2])
    filter.until = Samples.time
    #expect(try numbers(filter, limit: 2).found.isEmpty)
    filter.until = nil
    filter.since = Samples.time
    #expect(try numbers(filter, limit: 100).found.count == 5)
  }

  @Test("look at so many rows for a page, and go on from there")
  func bounded() throws {
    let far = 3 * TradingStore.rowsLookedAt
    try commit([Samples.order(1, strategy: "old"), Samples.order(far, strategy: "new")])
    var filter = ListFilter()
    filter.strategy = "old"
    let first = try store.orders(filter, before: nil, limit: 10)
    #expect(first.rows.isEmpty && first.next == far + 1 - TradingStore.rowsLookedAt)
    #expect(try numbers(filter, limit: 10).found == [1])
    // Nothing older than that is wanted, so no further page is offered.
    filter.since = Samples.time.advanced(seconds: 1)
    #expect(try store.orders(filter, before: nil, limit: 10).next == nil)
    filter = ListFilter()
    filter.isOpenOnly = true
    #expect(try numbers(filter, limit: 10) == ([far, 1], 1))
  }

  @Test("keep equity samples for as long as their kind says, and show the last of each step")
  func equity() throws {
    func sample(_ seconds: Int64, _ kind: EquitySample.Kind, _ equity: String) -> EquitySample {
      EquitySample(
        strategy: "a", kind: kind, time: Samples.time.advanced(seconds: seconds),
        equity: Samples.amount(equity), balance: 100)
    }
    func curve(step: Int64) throws -> [String] {
      try store.equity(
        of: "a", since: Samples.time.advanced(seconds: -1), until: Samples.time.advanced(seconds: 1 << 30),
        step: step, limit: 100
      ).map { "\($0.equity)" }
    }
    var entry = JournalEntry()
    entry.equity = [sample(0, .fill, "101"), sample(1, .minute, "102"), sample(2, .quarterHour, "103")]
    _ = try store.commit([entry])
    #expect(try curve(step: 1) == ["101", "102", "103"])
    #expect(try curve(step: 1_000_000) == ["103"])
    entry.equity = [sample(3 * 86_400, .minute, "104")]
    _ = try store.commit([entry])
    #expect(try curve(step: 1) == ["102", "103", "104"])
    entry.equity = [sample(30 * 86_400, .minute, "105")]
    _ = try store.commit([entry])
    #expect(try curve(step: 1) == ["103", "105"])
  }
}
