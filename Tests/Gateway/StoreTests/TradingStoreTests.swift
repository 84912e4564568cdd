import Foundation
import GRDB
import Model
import Storage
import Testing
import Trading

@testable import TradingStore

@Suite("The trading store")
struct TradingStoreTests {
  private let folder: TemporaryFolder
  private let store: TradingStore

  init() throws {
    folder = try TemporaryFolder()
    store = try TradingStore(path: folder.file)
  }

  private func reopened() throws -> TradingStore { try TradingStore(path: folder.file) }

  @Test("gives back after a restart exactly what was committed")
  func roundTrip() throws {
    var changes = ChangeSet()
    changes.orders = [Samples.order(1), Samples.bare(2), Samples.order(3, state: .filled)]
    changes.fills = [Samples.fill(5)]
    changes.trades = [Samples.trade(7), Samples.trade(8)]
    changes.accounts = [Samples.account(realised: Samples.amount("1.20"))]
    changes.rates = [ConversionRate(currency: "JPY", rate: Samples.amount("0.0066"))]
    changes.flattenings = [
      Flattening(strategy: "a", cause: .squareOff, reason: "the \"close\"", generation: 3, closed: 2),
      Flattening(strategy: "b", cause: .workerGone, reason: nil, generation: 0),
    ]
    let kill = KillSwitch(
      engaged: Samples.time, by: "local:0", reason: "enough", cancelled: 3, closed: 2, flat: Samples.time)
    changes.charter = Charter(mode: .canary, modeBy: "user:a@b", modeSince: Samples.time, kill: kill)
    changes.events = [Samples.event()]
    let feed = FeedPosition(
      identity: "replay:a.csv", sequence: 42, time: Samples.time, state: "s", hasEnded: true, owner: "me")
    let events = try store.commit([JournalEntry(changes: changes, feed: feed)])
    #expect(events.map { $0.map(\.sequence) } == [[1]])

    let again = try reopened()
    let snapshot = try again.load(rememberedOrders: 100)
    #expect(snapshot.openOrders == [Samples.order(1)])
    #expect(snapshot.recentOrders == [Samples.bare(2), Samples.order(3, state: .filled)])
    #expect(!snapshot.hasOlderOrders)
    #expect(snapshot.trades == changes.trades)
    #expect(snapshot.accounts == changes.accounts)
    #expect(snapshot.rates == changes.rates)
    #expect(snapshot.flattenings == changes.flattenings)
    #expect(snapshot.charter == changes.charter)
    #expect([snapshot.nextOrderNumber, snapshot.nextFillID, snapshot.nextTradeID] == [4, 6, 9])
    #expect(snapshot.marketTime == Samples.time)
    #expect(try again.feedPosition() == feed)
    #expect(try again.fills(strategy: "grid-bot", limit: 10) == changes.fills)
    #expect(try again.events(after: 0, limit: 10) == events[0])
    #expect(again.lastEventSequence == 1)
  }

  @Test("of the charter the last value is kept, and a released kill switch is none")
  func charter() throws {
    var changes = ChangeSet()
    changes.charter = Charter(kill: KillSwitch(engaged: Samples.time, by: "local:0", reason: nil))
    _ = try store.commit([JournalEntry(changes: changes)])
    #expect(try reopened().load(rememberedOrders: 1).charter == changes.charter)
    changes.charter = Charter(mode: .off)
    var last = ChangeSet()
    last.charter = Charter(mode: .paper, modeBy: "local:0", modeSince: Samples.time)
    _ = try store.commit([JournalEntry(changes: changes), JournalEntry(changes: last)])
    #expect(try reopened().load(rememberedOrders: 1).charter == last.charter)
  }

  @Test("starts empty, with everything counted from 1")
  func empty() throws {
    #expect(try store.load(rememberedOrders: 10) == TradingSnapshot())
    #expect(try store.feedPosition() == nil)
    #expect(store.lastEventSequence == 0)
  }

  @Test("writes a payload as JSON numbers and escaped text")
  func payload() throws {
    var changes = ChangeSet()
    changes.events = [Samples.event()]
    let event = try #require(try store.commit([JournalEntry(changes: changes)]).first?.first?.event)
    #expect(
      event.payload
        == #"{"order_id":"paper-1","entry":1.1655,"quality":75,"dup":false,"tag":null,"note":"a\"b\\c\n\u0001é"}"#
    )
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(event.payload.utf8)) }
  }

  @Test("keeps each change of an order, and the order's last value")
  func history() throws {
    var order = Samples.order(1)
    for state in [OrderState.submitted, .accepted, .partiallyFilled, .filled] {
      order.state = state
      var changes = ChangeSet()
      changes.orders = [order]
      _ = try store.commit([JournalEntry(changes: changes)])
    }
    #expect(try store.orders(strategy: nil, openOnly: false, limit: 10) == [order])
    #expect(try store.orders(strategy: nil, openOnly: true, limit: 10).isEmpty)
    #expect(try store.states(ofOrder: 1) == ["submitted", "accepted", "partially_filled", "filled"])
  }

  @Test("removes closed trades and never gives their ids again")
  func closedTrades() throws {
    var opening = ChangeSet()
    opening.trades = [Samples.trade(1), Samples.trade(2)]
    var closing = ChangeSet()
    closing.closedTrades = [1, 2]
    _ = try store.commit([JournalEntry(changes: opening), JournalEntry(changes: closing)])
    let snapshot = try reopened().load(rememberedOrders: 10)
    #expect(snapshot.trades.isEmpty)
    #expect(snapshot.nextTradeID == 3)
  }

  @Test("answers questions newest first, by strategy and up to a limit")
  func questions() throws {
    var changes = ChangeSet()
    changes.orders = (1...20).map {
      Samples.order($0, strategy: $0.isMultiple(of: 2) ? "even" : "odd", state: $0 > 10 ? .filled : .accepted)
    }
    changes.fills = (1...20).map { Samples.fill($0, strategy: $0.isMultiple(of: 2) ? "even" : "odd") }
    changes.events = (1...20).map { _ in Samples.event() }
    _ = try store.commit([JournalEntry(changes: changes)])
    #expect(try store.orders(strategy: "even", openOnly: false, limit: 3).map(\.number) == [20, 18, 16])
    #expect(try store.orders(strategy: "even", openOnly: true, limit: 3).map(\.number) == [10, 8, 6])
    #expect(try store.orders(strategy: nil, openOnly: true, limit: 2).map(\.number) == [10, 9])
    #expect(try store.fills(strategy: "odd", limit: 2).map(\.id) == [19, 17])
    #expect(
      try store.orders(strategy: "even", openOnly: false, before: 16, limit: 2).map(\.number) == [14, 12])
    #expect(try store.orders(strategy: nil, openOnly: true, before: 3, limit: 9).map(\.number) == [2, 1])
    #expect(try store.orders(strategy: nil, openOnly: false, before: 1, limit: 9).isEmpty)
    #expect(try store.fills(strategy: "odd", before: 17, limit: 2).map(\.id) == [15, 13])
    #expect(try store.fills(strategy: nil, before: 2, limit: 9).map(\.id) == [1])
    #expect(try store.events(after: 5, limit: 3).map(\.sequence) == [6, 7, 8])
    #expect(try store.order(strategy: "even", clientOrderID: "even-3-4")?.number == 4)
    #expect(try store.order(strategy: "odd", clientOrderID: "even-3-4") == nil)
    #expect(try store.order(id: "paper-7")?.number == 7)
    #expect(try store.order(id: "other-7") == nil)
    #expect(try store.order(id: "nonsense") == nil)
  }

  @Test("says when an order cannot be looked up, rather than that there is none")
  func unreadable() throws {
    let other = try DatabaseQueue(path: folder.file)
    try other.write { try $0.execute(sql: "DROP TABLE orders") }
    #expect(throws: LookupFailure.self) { try store.order(strategy: "even", clientOrderID: "even-3-4") }
    #expect(throws: LookupFailure.self) { try store.order(id: "paper-7") }
  }

  @Test("remembers the latest final orders only, and says that there are more")
  func remembered() throws {
    var changes = ChangeSet()
    changes.orders = (1...20).map { Samples.order($0, state: .filled) }
    _ = try store.commit([JournalEntry(changes: changes)])
    let snapshot = try store.load(rememberedOrders: 5)
    #expect(snapshot.recentOrders.map(\.number) == [16, 17, 18, 19, 20])
    #expect(snapshot.hasOlderOrders)
  }

  @Test("writes all entries of a commit or none")
  func atomic() throws {
    var good = ChangeSet()
    good.orders = [Samples.order(1)]
    good.events = [Samples.event()]
    var bad = ChangeSet()
    bad.fills = [Samples.fill(1), Samples.fill(1)]
    #expect(throws: StorageError.self) {
      try store.commit([JournalEntry(changes: good), JournalEntry(changes: bad)])
    }
    #expect(try store.load(rememberedOrders: 10) == TradingSnapshot())
    #expect(try store.commit([JournalEntry(changes: good)]).flatMap { $0 }.map(\.sequence) == [1])
  }

  @Test("commits in order from its journal thread, in groups")
  func journal() async throws {
    let (outcomes, outcome) = AsyncStream.makeStream(of: Journal.Committed.self)
    let journal = Journal(store: store) { outcome.yield($0) }
    for number in Int64(1)...2_000 {
      var changes = ChangeSet()
      changes.orders = [Samples.order(number)]
      changes.events = [Samples.event()]
      journal.submit(JournalEntry(changes: changes))
    }
    journal.close()
    var sequences: [Int64] = []
    var groups = 0
    reading: for await committed in outcomes {
      switch committed {
      case .entries(let entries):
        groups += 1
        sequences += entries.flatMap { $0 }.map(\.sequence)
      case .failed(let error): throw error
      case .closed: break reading
      }
    }
    #expect(sequences == Array(1...2_000))
    #expect(groups < 200)
    #expect(try reopened().load(rememberedOrders: 1).openOrders.count == 2_000)
  }
}
