import BrokerInterface
import Model

/// Notes what a call changes; the values are read when it ends.
struct Recorder: Sendable {
  struct TradeKey: Hashable, Sendable {
    let id: Int64
    let strategy: String
    let instrument: String
  }

  var orders: [Int64] = []
  var trades: [TradeKey] = []
  var accounts: [String] = []
  var currencies: [String] = []
  var flattenings: [String] = []
  var charter = false
  var fills: [Fill] = []
  var events: [DeskEvent] = []
}

extension Array where Element: Hashable {
  /// Each element once, where it was last.
  fileprivate var lastOfEach: [Element] {
    guard count > 1 else { return self }
    var seen = Set<Element>()
    return reversed().filter { seen.insert($0).inserted }.reversed()
  }
}

extension TradingCore {
  /// Ends the call in progress: what it changed, with the values that stand now.
  mutating func finish() -> ChangeSet {
    var changes = ChangeSet()
    changes.orders = recorder.orders.lastOfEach.compactMap { memory[$0] }
    changes.fills = recorder.fills
    changes.events = recorder.events
    for key in recorder.trades.lastOfEach {
      if let trade = strategies[key.strategy]?.positions[key.instrument]?[trade: key.id] {
        changes.trades.append(trade)
      } else {
        changes.closedTrades.append(key.id)
      }
    }
    changes.accounts = recorder.accounts.lastOfEach.compactMap { strategies[$0]?.account }
    changes.rates = recorder.currencies.lastOfEach.compactMap { currency in
      board.savedRates[currency].map { ConversionRate(currency: currency, rate: $0) }
    }
    for name in recorder.flattenings.lastOfEach {
      if let flattening = flattenings[name] {
        changes.flattenings.append(flattening)
      } else {
        changes.endedFlattenings.append(name)
      }
    }
    if recorder.charter { changes.charter = charter }
    changes.requests = venue.takeRequests()
    recorder = Recorder()
    memory.forget()
    return changes
  }

  /// - Parameter source: nil for the broker's name.
  mutating func emit(
    _ type: DeskEventType, strategy: String, source: String? = nil, _ payload: [EventField]
  ) {
    recorder.events.append(
      DeskEvent(type: type, source: source ?? venue.name, strategy: strategy, payload: payload, time: now))
  }

  /// An event that is of no one strategy.
  mutating func emitOfGateway(_ type: DeskEventType, _ payload: [EventField]) {
    recorder.events.append(DeskEvent(type: type, source: "arena", strategy: "", payload: payload, time: now))
  }
}
