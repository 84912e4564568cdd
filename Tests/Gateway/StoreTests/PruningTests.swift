import Foundation
import Model
import Testing
import Trading

@testable import TradingStore

@Suite("Pruning the journal")
struct PruningTests {
  private let folder: TemporaryFolder
  private let store: TradingStore

  init() throws {
    folder = try TemporaryFolder()
    store = try TradingStore(path: folder.file)
  }

  private func day(_ number: Int64) -> Timestamp { Samples.time.advanced(seconds: number * 86_400) }

  private func order(_ number: Int64, _ state: OrderState, day: Int64) -> Order {
    var order = Samples.order(number, state: state)
    order.updated = self.day(day)
    return order
  }

  private func fill(_ id: Int64, trade: Int64?, day: Int64) -> Fill {
    let fill = Samples.fill(id)
    return Fill(
      id: id, orderID: fill.orderID, strategy: fill.strategy, broker: fill.broker,
      instrument: fill.instrument, side: fill.side, role: fill.role, units: fill.units, price: fill.price,
      fee: fill.fee, realised: fill.realised, tradeID: trade, quoteSequence: 1, time: self.day(day))
  }

  private func event(day: Int64) -> NewEvent {
    NewEvent(source: "paper", type: "test", payload: "{}", time: self.day(day))
  }

  private func bounds(_ day: Int64, bytes: Int64 = .max) -> JournalBounds {
    JournalBounds(events: self.day(day), orders: self.day(day), bytesMax: bytes)
  }

  @Test("deletes what is old, and never what is open")
  func old() throws {
    var changes = ChangeSet()
    // The second works still; the first made a trade that is open (Samples.trade names it), the third one that is not.
    changes.orders = [order(1, .filled, day: 1), order(2, .accepted, day: 1), order(3, .filled, day: 1)]
    changes.fills = [fill(1, trade: 7, day: 1), fill(2, trade: 6, day: 1), fill(3, trade: nil, day: 1)]
    changes.trades = [Samples.trade(7)]
    _ = try store.commit([JournalEntry(changes: changes, events: [event(day: 1), event(day: 1)])])
    changes = ChangeSet()
    changes.orders = [order(4, .filled, day: 9)]
    changes.fills = [fill(4, trade: 6, day: 9)]
    _ = try store.commit([JournalEntry(changes: changes, events: [event(day: 9)])])

    let pruned = try store.prune(bounds(5))
    let gone: [Int] = [pruned.events, pruned.orders, pruned.fills, pruned.changes]
    #expect(gone == [2, 1, 2, 1])
    #expect(!pruned.hasMore)
    #expect(try store.orders(strategy: nil, openOnly: false, limit: 9).map(\.number) == [4, 2, 1])
    #expect(try store.fills(strategy: nil, limit: 9).map(\.id) == [4, 1])
    #expect(try store.events(after: 0, limit: 9).map(\.sequence) == [3])
    #expect(try store.states(ofOrder: 2) == ["accepted"])
    #expect(try store.states(ofOrder: 1) == ["filled"])
    #expect(try store.states(ofOrder: 3).isEmpty)
    #expect(try store.prune(bounds(5)).sum == 0)
  }

  @Test("keeps the newest of each kind, so that no number is given twice")
  func newest() throws {
    var changes = ChangeSet()
    changes.orders = [order(1, .filled, day: 1), order(2, .filled, day: 1)]
    changes.fills = [fill(1, trade: nil, day: 1), fill(2, trade: nil, day: 1)]
    _ = try store.commit([JournalEntry(changes: changes, events: [event(day: 1), event(day: 1)])])
    #expect(try store.prune(bounds(100)).sum == 4)
    let again = try TradingStore(path: folder.file)
    let snapshot = try again.load(rememberedOrders: 9)
    #expect([snapshot.nextOrderNumber, snapshot.nextFillID] == [3, 3])
    #expect(again.lastEventSequence == 2)
  }

  @Test("goes in small steps, the next call going on where the last one stopped")
  func steps() throws {
    _ = try store.commit([JournalEntry(events: (0..<2_000).map { _ in event(day: 1) })])
    let first = try store.prune(bounds(5), transactions: 2)
    #expect(first.events == 1_000)
    #expect(first.hasMore)
    let second = try store.prune(bounds(5))
    #expect(second.events == 999)
    #expect(!second.hasMore)
  }

  @Test("deletes the oldest before their time where the file is too large")
  func size() throws {
    let text = #"{"text":"\#(String(repeating: "x", count: 2_000))"}"#
    for _ in 0..<4 {
      let events = (0..<500).map { _ in
        NewEvent(source: "paper", type: "test", payload: text, time: day(1))
      }
      var changes = ChangeSet()
      changes.orders = [order(1, .accepted, day: 1)]
      _ = try store.commit([JournalEntry(changes: changes, events: events)])
    }
    let pruned = try store.prune(bounds(0, bytes: 2_000_000))
    #expect(pruned.events >= 1_000)
    #expect(pruned.events < 2_000)
    #expect(try store.events(after: 0, limit: 9_000).last?.sequence == 2_000)
    #expect(try store.orders(strategy: nil, openOnly: true, limit: 9).map(\.number) == [1])
  }
}
