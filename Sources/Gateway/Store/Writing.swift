import GRDB
import Model
import Trading

/// How far the journal has been written.
struct JournalMarks: Hashable, Sendable {
  /// The sequence number of the last event.
  var event: Int64 = 0
  /// The highest number of an order, and id of a trade, that ever had a row.
  var order: Int64 = 0
  var trade: Int64 = 0
}

/// Writes the entries of one transaction.
///
/// Each change of an order, each fill and each event gets its row. What only the last value is kept of (orders, open
/// trades, sub-accounts, how far the feed was played) is written once, with the value after the last entry: nobody
/// sees the transaction half done.
struct JournalWriter: ~Copyable {
  private var rows: RowWriter
  private(set) var marks: JournalMarks
  var rowCount: Int { rows.written }
  private let before: JournalMarks

  private var orders: [Int64: Order] = [:]
  /// Nil: closed.
  private var trades: [Int64: Trade?] = [:]
  private var accounts: [String: SubAccount] = [:]
  private var rates: [String: Amount] = [:]
  /// Nil: nothing is to be closed any more.
  private var flattenings: [String: Flattening?] = [:]
  private var charter: Charter?
  private var feed: FeedPosition?

  init(_ database: Database, _ marks: JournalMarks) {
    rows = RowWriter(database)
    self.marks = marks
    before = marks
  }

  /// Writes an entry's rows and notes what ``finish()`` writes; returns its events, numbered.
  mutating func write(_ entry: JournalEntry) throws -> [StoredEvent] {
    let changes = entry.changes
    for order in changes.orders {
      try writeHistory(order)
      orders[order.number] = order
    }
    for fill in changes.fills { try write(fill) }
    for trade in changes.trades {
      trades[trade.id] = .some(trade)
      marks.trade = max(marks.trade, trade.id)
    }
    for id in changes.closedTrades {
      trades[id] = .some(nil)
      marks.trade = max(marks.trade, id)
    }
    for account in changes.accounts { accounts[account.strategy] = account }
    for rate in changes.rates { rates[rate.currency] = rate.rate }
    for item in changes.flattenings { flattenings[item.strategy] = .some(item) }
    for name in changes.endedFlattenings { flattenings[name] = .some(nil) }
    if let changed = changes.charter { charter = changed }
    if let position = entry.feed { feed = position }
    return try writeEvents(entry)
  }

  /// Writes the last values of all that the entries changed.
  mutating func finish() throws {
    // In the order of their keys, as pages are filled at their end.
    for (_, order) in orders.sorted(by: { $0.key < $1.key }) { try write(order) }
    for (id, trade) in trades.sorted(by: { $0.key < $1.key }) { try write(trade, id) }
    if marks.trade > before.trade {
      try rows.begin(.lastTrade)
      rows.put(marks.trade)
      try rows.finish()
    }
    for account in accounts.values { try write(account) }
    for (currency, rate) in rates {
      try rows.begin(.rate)
      rows.put(currency)
      rows.put(rate)
      try rows.finish()
    }
    for (name, flattening) in flattenings { try write(flattening, name) }
    if let charter { try write(charter) }
    if let feed { try write(feed) }
  }

  private mutating func writeEvents(_ entry: JournalEntry) throws -> [StoredEvent] {
    var stored: [StoredEvent] = []
    stored.reserveCapacity(entry.changes.events.count + entry.events.count)
    for event in entry.changes.events {
      let type = event.type.rawValue
      let strategy = event.strategy.isEmpty ? nil : event.strategy
      try begin(event.source, type, strategy)
      let payload = rows.put(event.payload)
      rows.put(event.time)
      try rows.finish()
      stored.append(
        StoredEvent(
          sequence: marks.event,
          event: NewEvent(
            source: event.source, type: type, strategy: strategy, payload: payload, time: event.time)))
    }
    for event in entry.events {
      try begin(event.source, event.type, event.strategy)
      rows.put(event.payload)
      rows.put(event.time)
      try rows.finish()
      stored.append(StoredEvent(sequence: marks.event, event: event))
    }
    return stored
  }

  private mutating func begin(_ source: String, _ type: String, _ strategy: String?) throws {
    marks.event += 1
    try rows.begin(.event)
    rows.put(marks.event)
    rows.put(source)
    rows.put(type)
    rows.put(strategy)
  }

  // MARK: - Rows

  private mutating func write(_ order: Order) throws {
    // Numbers rise, so one above the mark has no row yet; below it, only a file of another hand has none.
    if order.number > before.order {
      marks.order = max(marks.order, order.number)
    } else if try update(order) > 0 {
      return
    }
    try rows.begin(.newOrder)
    rows.put(order.number)
    rows.put(order.id)
    rows.put(order.clientOrderID)
    rows.put(order.strategy)
    rows.put(order.generation)
    rows.put(order.broker)
    rows.put(order.instrument)
    rows.put(order.side)
    rows.put(order.type)
    rows.put(order.role)
    rows.put(order.timeInForce)
    rows.put(order.reduceOnly)
    rows.put(order.quality)
    rows.put(order.mode)
    rows.put(order.tag)
    rows.put(order.created)
    putChangeable(order)
    rows.put(order.fingerprint)
    rows.put(order.terms.text)
    rows.put(order.placedBy)
    rows.put(order.route)
    try rows.finish()
  }

  private mutating func update(_ order: Order) throws -> Int {
    try rows.begin(.changedOrder)
    putChangeable(order)
    rows.put(order.terms.text)
    rows.put(order.number)
    return try rows.finish()
  }

  private mutating func putChangeable(_ order: Order) {
    rows.put(order.units)
    rows.put(order.price)
    rows.put(order.stopLoss)
    rows.put(order.takeProfit)
    rows.put(order.filledUnits)
    rows.put(order.averagePrice)
    rows.put(order.state)
    rows.put(order.reason)
    rows.put(order.tradeID)
    rows.put(order.updated)
    rows.put(order.expires)
    rows.put(order.state.isFinal)
  }

  private mutating func writeHistory(_ order: Order) throws {
    try rows.begin(.history)
    rows.put(order.number)
    rows.put(order.state)
    rows.put(order.reason)
    rows.put(order.units)
    rows.put(order.filledUnits)
    rows.put(order.price)
    rows.put(order.stopLoss)
    rows.put(order.takeProfit)
    rows.put(order.updated)
    try rows.finish()
  }

  private mutating func write(_ fill: Fill) throws {
    try rows.begin(.fill)
    rows.put(fill.id)
    rows.put(fill.orderID)
    rows.put(fill.strategy)
    rows.put(fill.broker)
    rows.put(fill.instrument)
    rows.put(fill.side)
    rows.put(fill.role)
    rows.put(fill.units)
    rows.put(fill.price)
    rows.put(fill.fee)
    rows.put(fill.realised)
    rows.put(fill.tradeID)
    rows.put(fill.quoteSequence)
    rows.put(fill.time)
    rows.put(fill.executionID)
    try rows.finish()
  }

  private mutating func write(_ trade: Trade?, _ id: Int64) throws {
    guard let trade else {
      // Opened and closed within the transaction: it never had a row.
      guard id <= before.trade else { return }
      try rows.begin(.closedTrade)
      rows.put(id)
      try rows.finish()
      return
    }
    try rows.begin(.trade)
    rows.put(trade.id)
    rows.put(trade.strategy)
    rows.put(trade.broker)
    rows.put(trade.instrument)
    rows.put(trade.entryOrderID)
    rows.put(trade.opened)
    rows.put(trade.price)
    rows.put(trade.units)
    rows.put(trade.stopLossOrderID)
    rows.put(trade.takeProfitOrderID)
    rows.put(trade.realised)
    rows.put(trade.closes)
    try rows.finish()
  }

  private mutating func write(_ account: SubAccount) throws {
    try rows.begin(.account)
    rows.put(account.strategy)
    rows.put(account.starting)
    rows.put(account.realised)
    rows.put(account.fees)
    rows.put(account.orders)
    rows.put(account.fills)
    rows.put(account.day)
    rows.put(account.dayStartEquity)
    try rows.finish()
  }

  private mutating func write(_ flattening: Flattening?, _ name: String) throws {
    guard let flattening else {
      try rows.begin(.endedFlattening)
      rows.put(name)
      try rows.finish()
      return
    }
    try rows.begin(.flattening)
    rows.put(name)
    rows.put(flattening.cause)
    rows.put(flattening.reason)
    rows.put(flattening.generation)
    rows.put(flattening.closed)
    try rows.finish()
  }

  private mutating func write(_ charter: Charter) throws {
    let kill = charter.kill
    try rows.begin(.charter)
    rows.put(charter.mode)
    rows.put(charter.modeBy)
    rows.put(charter.modeSince)
    rows.put(kill?.engaged)
    rows.put(kill?.by)
    rows.put(kill?.reason)
    rows.put(kill?.cancelled)
    rows.put(kill?.closed)
    rows.put(kill?.flat)
    try rows.finish()
  }

  private mutating func write(_ feed: FeedPosition) throws {
    try rows.begin(.feed)
    rows.put(feed.identity)
    rows.put(feed.sequence)
    rows.put(feed.time)
    rows.put(feed.state)
    rows.put(feed.hasEnded)
    rows.put(feed.owner)
    try rows.finish()
  }
}
