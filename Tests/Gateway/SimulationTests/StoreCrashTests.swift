import Foundation
import Model
import PaperBroker
import Storage
import Testing
import Trading
import TradingStore

/// The real journal on a disk that loses what was not synced: random trading on paper, and a power cut in the middle
/// of writing, at any byte.
///
/// A commit that returned is on the disk. So the file is copied as it is after the next commit, and its log is cut
/// somewhere behind the place up to which it had been synced: that is what a disk may hold of a commit under way. What
/// SQLite makes of it has to be the journal before that commit or after it, whole.
@Suite struct StoreCrashTests {
  @Test(arguments: UInt64(1)...6)
  func `a power cut leaves the journal as it was before a commit or after it`(seed: UInt64) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cut-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var paper = PaperLife(seed: seed)
    var before = TradingSnapshot()
    for cut in 0..<12 {
      let path = folder.appendingPathComponent("\(cut).sqlite").path
      // What the last cut left goes on in a file of its own.
      let store = try TradingStore(path: folder.appendingPathComponent("live.sqlite").path)
      for _ in 0..<5 { _ = try store.commit([JournalEntry(changes: paper.step())]) }
      before = try store.load(rememberedOrders: 10_000)
      let live = folder.appendingPathComponent("live.sqlite").path
      let synced = try size(live + "-wal")
      _ = try store.commit([JournalEntry(changes: paper.step()), JournalEntry(changes: paper.step())])
      let after = try store.load(rememberedOrders: 10_000)
      let written = try size(live + "-wal")
      try FileManager.default.copyItem(atPath: live, toPath: path)
      var log = try Data(contentsOf: URL(fileURLWithPath: live + "-wal"))
      if written > synced, cut % 4 != 3 {
        log = log.prefix(synced + paper.random.next(written - synced))
      }
      try log.write(to: URL(fileURLWithPath: path + "-wal"))

      let found = try TradingStore(path: path).load(rememberedOrders: 10_000)
      let comment = Comment(
        rawValue: "seed \(seed), cut \(cut): \(log.count) of \(synced)...\(written) bytes")
      #expect(cut % 4 == 3 ? found == after : found == before || found == after, comment)
      check(found, comment)
    }
    #expect(!before.trades.isEmpty || !before.recentOrders.isEmpty)
  }

  private func size(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.size] as? NSNumber)?.intValue ?? 0
  }

  /// A gateway that starts from it has every trade protected, and its books agree.
  private func check(_ found: TradingSnapshot, _ comment: Comment) {
    let core = TradingCore(
      settings: TradingSettings(), instruments: World.instruments,
      venue: PaperBroker(instruments: World.instruments), restoring: found)
    #expect(core.snapshot.openOrders == found.openOrders, comment)
    let open = Dictionary(uniqueKeysWithValues: found.openOrders.map { ($0.id, $0) })
    for trade in found.trades {
      for id in [trade.stopLossOrderID, trade.takeProfitOrderID] {
        let exit = id.flatMap { open[$0] }
        #expect(exit?.remainingUnits == trade.units.magnitude, comment)
      }
    }
    let parts = core.accounts().reduce(Money.zero) { $0 + $1.equity }
    #expect(core.account(strategy: nil)?.equity == parts, comment)
  }
}

/// Random trading on paper, one change set at a time.
struct PaperLife {
  var core: TradingCore
  var random: Dice
  private var mid: Int128 = 110_000
  private var sequence: Int64 = 0

  init(seed: UInt64) {
    random = Dice(seed: seed)
    core = TradingCore(
      settings: TradingSettings(), instruments: World.instruments,
      venue: PaperBroker(instruments: World.instruments))
    _ = quote()
  }

  private var now: Timestamp { Timestamp(nanoseconds: (1_700_000_000 + sequence) * 1_000_000_000) }

  private mutating func quote() -> ChangeSet {
    sequence += 1
    mid += Int128(random.next(401) - 200)
    return core.quote(
      Quote(
        sequence: sequence, instrument: "EUR_USD", bid: SimBroker.price(mid), ask: SimBroker.price(mid + 2),
        time: now))
  }

  mutating func step() -> ChangeSet {
    guard sequence > 1 else {
      sequence += 1
      return core.register("alpha", generation: 1, capabilities: StrategyCapabilities(), now: now)
    }
    let trader = Trader(strategy: "alpha", generation: 1)
    switch random.next(6) {
    case 0..<3:
      let side = random.next(2) == 0 ? Side.buy : .sell
      let low = SimBroker.price(mid - 300)
      let high = SimBroker.price(mid + 300)
      return core.place(
        OrderIntent(
          instrument: "EUR_USD", side: side, units: Amount(1 + random.next(900)),
          stopLoss: side == .buy ? low : high, takeProfit: side == .buy ? high : low), by: trader, now: now
      ).changes
    case 3: return core.close(instrument: "EUR_USD", by: trader, now: now).changes
    default: return quote()
    }
  }
}
