import Foundation
import Model
import Trading

@testable import TradingStore

/// Values with every field set to something of its own.
enum Samples {
  static let time = Timestamp(microseconds: 1_760_615_727_021_050)

  static func amount(_ text: String) -> Amount { Amount(text) ?? .zero }

  static func order(_ number: Int64, strategy: String = "grid-bot", state: OrderState = .accepted) -> Order {
    Order(
      number: number, id: "paper-\(number)", clientOrderID: "\(strategy)-3-\(number)", strategy: strategy,
      generation: 3, broker: "paper", instrument: "EUR_USD", side: .sell, type: .limit, role: .takeProfit,
      timeInForce: .gtc, reduceOnly: true, quality: 75, mode: .paper, tag: "it's a \"tag\"", created: time,
      units: 1_000, price: amount("1.16550"), stopLoss: amount("1.16"), takeProfit: amount("1.17"),
      filledUnits: 400, averagePrice: amount("1.165512345678901234"), state: state, reason: "oco",
      tradeID: 9, updated: time.advanced(seconds: 1), expires: time.advanced(seconds: 21_600),
      fingerprint: "EUR_USD sell limit 1000",
      terms: OrderTerms(
        limitPrice: amount("1.1656"), distance: amount("0.001"), breakEven: amount("0.002"),
        trail: amount("0.003"), maxHoldSeconds: 60, reference: amount("1.165512345678901234")))
  }

  static func bare(_ number: Int64) -> Order {
    Order(
      number: number, id: "paper-\(number)", clientOrderID: "c\(number)", strategy: "ema-cross",
      generation: 1,
      broker: "paper", instrument: "BTC-USD", side: .buy, type: .market, role: .entry, timeInForce: .fok,
      reduceOnly: false, quality: nil, mode: .paper, tag: nil, created: time, units: amount("0.00010000"),
      price: nil, stopLoss: nil, takeProfit: nil, state: .filled, updated: time, expires: nil)
  }

  static func fill(_ id: Int64, strategy: String = "grid-bot") -> Fill {
    Fill(
      id: id, orderID: "paper-1", strategy: strategy, broker: "paper", instrument: "EUR_USD", side: .buy,
      role: .entry, units: 1_000, price: amount("1.38705"), fee: amount("0.01"), realised: amount("-3.2"),
      tradeID: 7, quoteSequence: 17, time: time)
  }

  static func trade(_ id: Int64) -> Trade {
    Trade(
      id: id, strategy: "grid-bot", broker: "paper", instrument: "EUR_USD", entryOrderID: "paper-1",
      opened: time, price: amount("1.38705"), units: -1_000, stopLossOrderID: "paper-2",
      takeProfitOrderID: nil, realised: amount("1.25"),
      closes: time.advanced(seconds: 60))
  }

  static func account(realised: Money) -> SubAccount {
    SubAccount(
      strategy: "grid-bot", starting: 10_000, realised: realised, fees: amount("0.5"), orders: 12, fills: 4,
      day: 20_377, dayStartEquity: amount("9999.5"))
  }

  static func event(_ type: DeskEventType = .ocoPlaced) -> DeskEvent {
    DeskEvent(
      type: type, source: "paper", strategy: "grid-bot",
      payload: [
        EventField("order_id", .string("paper-1")), EventField("entry", .number(amount("1.1655"))),
        EventField("quality", .int(75)), EventField("dup", .bool(false)), EventField("tag", .null),
        EventField("note", .string("a\"b\\c\n\u{1}é")),
      ], time: time)
  }
}

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  var file: String { path + "/trading.sqlite" }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

extension TradingStore {
  /// The states that the journal holds of an order, oldest first.
  func states(ofOrder number: Int64) throws -> [String] {
    try history(ofOrder: number).map(\.state.rawValue)
  }
}
