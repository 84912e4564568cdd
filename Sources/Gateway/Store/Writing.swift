import GRDB
import Model
import Trading

/// Writes journal entries with statements that stay prepared.
struct JournalWriter {
  let database: Database

  func write(_ entry: JournalEntry, firstEvent: Int64) throws -> [StoredEvent] {
    let changes = entry.changes
    for order in changes.orders { try write(order) }
    for fill in changes.fills { try write(fill) }
    for trade in changes.trades { try write(trade) }
    for id in changes.closedTrades { try run("DELETE FROM trades WHERE id = ?", [id]) }
    for account in changes.accounts { try write(account) }
    for rate in changes.rates {
      try run("INSERT OR REPLACE INTO rates VALUES (?, ?)", [rate.currency, rate.rate.description])
    }
    for item in changes.flattenings {
      try run(
        "INSERT OR REPLACE INTO flattenings VALUES (?,?,?,?,?)",
        [item.strategy, item.cause.rawValue, item.reason, item.generation, item.closed])
    }
    for name in changes.endedFlattenings { try run("DELETE FROM flattenings WHERE strategy = ?", [name]) }
    if let last = changes.trades.map(\.id).max() {
      try run(
        """
        INSERT INTO counters VALUES ('trade', ?)
        ON CONFLICT DO UPDATE SET value = max(value, excluded.value)
        """, [last])
    }
    if let feed = entry.feed { try write(feed) }
    let events = changes.events.map(NewEvent.init) + entry.events
    return try events.enumerated().map { index, event in
      let stored = StoredEvent(sequence: firstEvent + Int64(index), event: event)
      try write(stored)
      return stored
    }
  }

  private func run(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
    let statement = try database.cachedStatement(sql: sql)
    statement.setUncheckedArguments(StatementArguments(arguments))
    try statement.execute()
  }

  private func write(_ order: Order) throws {
    try run(
      """
      INSERT INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
      ON CONFLICT (number) DO UPDATE SET units = excluded.units, price = excluded.price,
        stop_loss = excluded.stop_loss, take_profit = excluded.take_profit,
        filled_units = excluded.filled_units, average_price = excluded.average_price,
        state = excluded.state, reason = excluded.reason, trade_id = excluded.trade_id,
        updated = excluded.updated, expires = excluded.expires, is_final = excluded.is_final,
        terms = excluded.terms
      """,
      [
        order.number, order.id, order.clientOrderID, order.strategy, order.generation, order.broker,
        order.instrument, order.side.rawValue, order.type.rawValue, order.role.rawValue,
        order.timeInForce.rawValue, order.reduceOnly, order.quality, order.mode.rawValue, order.tag,
        order.created.nanoseconds, order.units.description, order.price?.description,
        order.stopLoss?.description, order.takeProfit?.description, order.filledUnits.description,
        order.averagePrice?.description, order.state.rawValue, order.reason, order.tradeID,
        order.updated.nanoseconds, order.expires?.nanoseconds, order.state.isFinal, order.fingerprint,
        order.terms.text, order.placedBy, order.route,
      ])
    try run(
      """
      INSERT INTO order_history (order_number, state, reason, units, filled_units, price, stop_loss,
        take_profit, time) VALUES (?,?,?,?,?,?,?,?,?)
      """,
      [
        order.number, order.state.rawValue, order.reason, order.units.description,
        order.filledUnits.description, order.price?.description, order.stopLoss?.description,
        order.takeProfit?.description, order.updated.nanoseconds,
      ])
  }

  private func write(_ fill: Fill) throws {
    try run(
      "INSERT INTO fills VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      [
        fill.id, fill.orderID, fill.strategy, fill.broker, fill.instrument, fill.side.rawValue,
        fill.role.rawValue, fill.units.description, fill.price.description, fill.fee.description,
        fill.realised.description, fill.tradeID, fill.quoteSequence, fill.time.nanoseconds,
      ])
  }

  private func write(_ trade: Trade) throws {
    try run(
      "INSERT OR REPLACE INTO trades VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
      [
        trade.id, trade.strategy, trade.broker, trade.instrument, trade.entryOrderID,
        trade.opened.nanoseconds,
        trade.price.description, trade.units.description, trade.stopLossOrderID, trade.takeProfitOrderID,
        trade.realised.description, trade.closes?.nanoseconds,
      ])
  }

  private func write(_ account: SubAccount) throws {
    try run(
      "INSERT OR REPLACE INTO balances VALUES (?,?,?,?,?,?,?,?)",
      [
        account.strategy, account.starting.description, account.realised.description,
        account.fees.description, account.orders, account.fills, account.day,
        account.dayStartEquity.description,
      ])
  }

  private func write(_ stored: StoredEvent) throws {
    let event = stored.event
    try run(
      "INSERT INTO events VALUES (?,?,?,?,?,?)",
      [stored.sequence, event.source, event.type, event.strategy, event.payload, event.time.nanoseconds])
  }

  private func write(_ feed: FeedPosition) throws {
    try run(
      "INSERT OR REPLACE INTO feed VALUES (1,?,?,?,?,?,?)",
      [feed.identity, feed.sequence, feed.time?.nanoseconds, feed.state, feed.hasEnded, feed.owner])
  }
}
