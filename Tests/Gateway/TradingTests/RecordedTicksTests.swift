import Foundation
import Model
import Testing
import Trading

/// A morning of recorded EUR_USD ticks with a payroll release in it, when they are at hand.
@Suite struct RecordedTicksTests {
  static let path: String = {
    let data =
      ProcessInfo.processInfo.environment["RBOT_DATA"]
      ?? FileManager.default.currentDirectoryPath + "/../shared/data"
    return data + "/quotes/eur_usd_quotes_oanda_20140502_nfp.csv"
  }()

  static let quotes: [Quote] = {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").dropFirst().enumerated().compactMap { index, line in
      let fields = line.split(separator: ",")
      guard fields.count == 4, let time = Int64(fields[0]), let bid = Amount(fields[2]),
        let ask = Amount(fields[3])
      else { return nil }
      return Quote(
        sequence: Int64(index) + 1, instrument: String(fields[1]), bid: bid, ask: ask,
        time: Timestamp(milliseconds: time))
    }
  }()

  /// Places a bracket every 200 quotes, now with, now against the last move, and sometimes reduces.
  static func run(_ quotes: [Quote]) -> (journal: Journal, core: TradingCore) {
    var desk = Desk(quoted: false)
    for (index, quote) in quotes.enumerated() {
      desk.journal.take(desk.core.quote(quote))
      guard index % 200 == 0 else { continue }
      let side: Side = index / 200 % 3 == 0 ? .buy : .sell
      let type = OrderType.allCases[index / 200 % 3]
      let away = Amount(raw: Amount.step(decimals: 5).raw * Int128(20 + index / 200 % 7 * 10))
      let far = quote.price(for: side)
      let entry = type == .market ? far : (type == .limit) == (side == .buy) ? far - away : far + away
      let intent = OrderIntent(
        clientOrderID: "t-\(index)", instrument: "EUR_USD", side: side, type: type, units: 1_000,
        price: type == .market ? nil : entry, stopLoss: side == .buy ? entry - away : entry + away,
        takeProfit: side == .buy ? entry + away : entry - away, timeToLiveSeconds: 1_800)
      desk.journal.take(desk.core.place(intent, by: desk.bot, now: quote.time).changes)
    }
    desk.journal.take(desk.core.feedEnded(now: quotes.last?.time ?? desk.now))
    return (desk.journal, desk.core)
  }

  @Test(
    .enabled(if: !RecordedTicksTests.quotes.isEmpty, "no recorded ticks: set RBOT_DATA to the data folder"))
  func `every order ends, the positions add up, and a second run is the same`() {
    let (journal, core) = Self.run(Self.quotes)
    #expect(Self.quotes.count == 49_341)
    #expect(journal.orders.values.allSatisfy { $0.state.isFinal })
    #expect(journal.fills.count > 200)
    #expect(core.positions().isEmpty)
    let net = journal.fills.reduce(Quantity.zero) { $0 + ($1.side == .buy ? $1.units : -$1.units) }
    #expect(net.isZero)
    // What was paid and received is what was booked.
    let cash = journal.fills.reduce(Amount.zero) { sum, fill in
      let value = fill.price * fill.units
      return fill.side == .buy ? sum - value : sum + value
    }
    #expect(core.account(strategy: "bot")?.realised == cash)
    #expect(journal.fills.allSatisfy { Self.isAtMarket($0, journal) })
    #expect(Self.run(Self.quotes).journal == journal)
  }

  /// Market and stop orders at the far side of the quote that they name, limits at their price or better.
  static func isAtMarket(_ fill: Fill, _ journal: Journal) -> Bool {
    let quote = quotes[Int(fill.quoteSequence) - 1]
    let far = quote.price(for: fill.side)
    guard let order = journal.orders.values.first(where: { $0.id == fill.orderID }) else { return false }
    guard order.type == .limit, let limit = order.price else { return fill.price == far }
    return fill.side == .buy ? fill.price <= limit && far <= limit : fill.price >= limit && far >= limit
  }
}
