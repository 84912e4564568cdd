import Feeds
import Model
import NIOCore
import PaperBroker
import Schedule
import Trading
import Wire

/// An order desk that plays a script, for `Tests/Paper`: JSON lines come in on standard input, and every fill and
/// what became of every order goes out, as plain words.
///
/// The first line holds the desk's settings. Then `{"quote":[ms,instrument,bid,ask,bid_size,ask_size]}`,
/// `{"place":{…}}`, `{"modify":{…}}`, `{"replace":{…}}`, `{"close":{…}}` (all as on the wire), `{"cancel":id}`; sizes may be
/// null.
@main
struct PaperDesk {
  private let bot = Trader(strategy: "bot", generation: 1)
  private var core: TradingCore
  private var orders: [Int64: Order] = [:]
  private var sequence: Int64 = 0
  private var step = 0
  private var candles = CandleBook()

  static func main() throws {
    guard let first = readLine() else { return }
    var desk = try PaperDesk(try JSON.parse(first))
    while let line = readLine() { try desk.take(try JSON.parse(line)) }
    desk.finish()
  }

  init(_ setup: JSON) throws {
    let instruments = try (setup.optionalStrings("instruments") ?? []).compactMap {
      Instrument.conventional($0)
    }
    core = TradingCore(
      settings: TradingSettings(
        startingBalance: try setup.amount("balance"),
        maxHoldSeconds: try setup.optionalInt("max_hold_s"), marginCloseout: try setup.amount("closeout"),
        squareOff: try Self.squareOff(setup, instruments)),
      instruments: instruments,
      venue: PaperBroker(
        instruments: instruments,
        profile: PaperProfile(
          takerFeeRate: try setup.amount("taker_fee"), makerFeeRate: try setup.amount("maker_fee"),
          slippageTicks: try setup.int("slippage_ticks"), latencyMilliseconds: try setup.int("latency_ms"))))
    let capabilities = StrategyCapabilities(maxDailyLoss: try setup.optionalAmount("max_daily_loss"))
    note(core.register("bot", generation: 1, capabilities: capabilities, now: Timestamp(nanoseconds: 0)))
  }

  /// The end of the session and the beginning of the next, in seconds of the UTC day.
  private static func squareOff(
    _ setup: JSON, _ instruments: [Instrument]
  ) throws -> [String: SquareOffHours] {
    guard let times = setup["square_off"]?.arrayValue?.compactMap(\.intValue), times.count == 2 else {
      return [:]
    }
    func text(_ second: Int) -> String {
      let minute = second / 60 % 60
      return "\(second / 3_600):\(minute < 10 ? "0" : "")\(minute)"
    }
    let hours = try SquareOffHours(
      time: text(times[0]), resume: text(times[1]), zoneName: "UTC", zone: .utc, calendar: nil)
    return Dictionary(uniqueKeysWithValues: instruments.map { ($0.name, hours) })
  }

  private var now: Timestamp { core.marketTime ?? Timestamp(nanoseconds: 0) }

  mutating func take(_ line: JSON) throws {
    step += 1
    if let values = line["quote"]?.arrayValue, values.count == 6 {
      func amount(_ index: Int) -> Amount? { values[index].stringValue.flatMap { Amount($0) } }
      sequence += 1
      let quote = Quote(
        sequence: sequence, instrument: values[1].stringValue ?? "", bid: amount(2) ?? .zero,
        ask: amount(3) ?? .zero, time: Timestamp(milliseconds: Int64(values[0].intValue ?? 0)),
        bidSize: amount(4), askSize: amount(5))
      note(core.quote(quote))
      var completed: [Candle] = []
      candles.add(quote, completed: &completed)
      for candle in completed { note(core.candle(candle)) }
    } else if let params = line["place"] {
      note(core.place(try intent(params), by: bot, now: now))
    } else if let params = line["replace"] {
      note(
        core.replace(orderID: try params.string("order_id"), with: try intent(params), by: bot, now: now))
    } else if let params = line["modify"] {
      note(
        core.modify(
          orderID: try params.string("order_id"), price: try params.optionalAmount("price"),
          limitPrice: try params.optionalAmount("limit_price"),
          stopLoss: try params.optionalAmount("stop_loss"),
          takeProfit: try params.optionalAmount("take_profit"), units: try params.optionalAmount("units"),
          by: bot, now: now))
    } else if let id = line["cancel"]?.stringValue {
      note(core.cancel(orderID: id, by: bot, now: now))
    } else if let params = line["close"] {
      note(
        core.close(
          instrument: try params.string("instrument"), units: try params.optionalAmount("units"), by: bot,
          now: now))
    }
  }

  private func intent(_ params: JSON) throws -> OrderIntent {
    var text = params.description
    return try text.withUTF8 { try OrderIntent(params: UnsafeRawBufferPointer($0)) }
  }

  private mutating func note<Value>(_ outcome: Outcome<Value>) {
    if case .failure(let refusal) = outcome.result { print("refused", step, refusal.reason) }
    note(outcome.changes)
  }

  private mutating func note(_ changes: ChangeSet) {
    for order in changes.orders { orders[order.number] = order }
    for fill in changes.fills {
      print(
        "fill", fill.orderID, fill.side.rawValue, fill.role.rawValue, fill.units, fill.price, fill.fee,
        fill.realised, fill.tradeID ?? 0, fill.quoteSequence, fill.time.nanoseconds / 1_000_000)
    }
  }

  private func finish() {
    for order in orders.values.sorted(by: { $0.number < $1.number }) {
      func text(_ value: Amount?) -> String { value?.description ?? "-" }
      print(
        "order", order.id, order.side.rawValue, order.type.rawValue, order.role.rawValue, order.units,
        order.filledUnits, text(order.price), text(order.stopLoss), text(order.takeProfit),
        order.state.rawValue, order.reason ?? "-")
    }
    guard let account = core.account(strategy: "bot") else { return }
    print(
      "account", account.balance, account.equity, account.realised, account.unrealised, account.fees,
      account.marginUsed)
  }
}
