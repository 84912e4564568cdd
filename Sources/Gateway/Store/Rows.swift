import GRDB
import Model
import Trading

/// A row that does not read back: the file was changed by another hand.
struct UnreadableRow: Error, CustomStringConvertible {
  let table: String
  let column: String

  var description: String { "the column \(column) of a row in \(table) holds what this program never writes" }
}

extension Row {
  func amount(_ column: String, _ table: String) throws -> Amount {
    guard let text = self[column] as String?, let amount = Amount(text) else {
      throw UnreadableRow(table: table, column: column)
    }
    return amount
  }

  func optionalAmount(_ column: String, _ table: String) throws -> Amount? {
    (self[column] as DatabaseValue).isNull ? nil : try amount(column, table)
  }

  func word<Word: RawRepresentable>(_ column: String, _ table: String) throws -> Word
  where Word.RawValue == String {
    guard let text = self[column] as String?, let word = Word(rawValue: text) else {
      throw UnreadableRow(table: table, column: column)
    }
    return word
  }

  func terms() throws -> OrderTerms {
    guard let text = self["terms"] as String? else { return OrderTerms() }
    guard let terms = OrderTerms(text) else { throw UnreadableRow(table: "orders", column: "terms") }
    return terms
  }

  func time(_ column: String) -> Timestamp? {
    (self[column] as Int64?).map { Timestamp(nanoseconds: $0) }
  }

  /// For columns that the schema says are not null.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ column: String, _ table: String
  ) throws -> Value {
    guard let value = self[column] as Value? else { throw UnreadableRow(table: table, column: column) }
    return value
  }
}

extension Order {
  init(_ row: Row) throws {
    let table = "orders"
    let created: Int64 = try row.value("created", table)
    let updated: Int64 = try row.value("updated", table)
    self.init(
      number: try row.value("number", table), id: try row.value("id", table),
      clientOrderID: try row.value("client_order_id", table), strategy: try row.value("strategy", table),
      generation: try row.value("generation", table), broker: try row.value("broker", table),
      instrument: try row.value("instrument", table), side: try row.word("side", table),
      type: try row.word("type", table), role: try row.word("role", table),
      timeInForce: try row.word("time_in_force", table), reduceOnly: try row.value("reduce_only", table),
      quality: row["quality"], mode: try row.word("mode", table), tag: row["tag"],
      created: Timestamp(nanoseconds: created), units: try row.amount("units", table),
      price: try row.optionalAmount("price", table), stopLoss: try row.optionalAmount("stop_loss", table),
      takeProfit: try row.optionalAmount("take_profit", table),
      filledUnits: try row.amount("filled_units", table),
      averagePrice: try row.optionalAmount("average_price", table), state: try row.word("state", table),
      reason: row["reason"], tradeID: row["trade_id"], updated: Timestamp(nanoseconds: updated),
      expires: row.time("expires"), fingerprint: try row.value("fingerprint", table), terms: try row.terms(),
      placedBy: row["placed_by"], route: row["route"])
  }
}

extension Fill {
  init(_ row: Row) throws {
    let table = "fills"
    let time: Int64 = try row.value("time", table)
    self.init(
      id: try row.value("id", table), orderID: try row.value("order_id", table),
      strategy: try row.value("strategy", table), broker: try row.value("broker", table),
      instrument: try row.value("instrument", table), side: try row.word("side", table),
      role: try row.word("role", table), units: try row.amount("units", table),
      price: try row.amount("price", table), fee: try row.amount("fee", table),
      realised: try row.amount("realised", table), tradeID: row["trade_id"],
      quoteSequence: try row.value("quote_seq", table), time: Timestamp(nanoseconds: time),
      executionID: row["execution_id"])
  }
}

extension Trade {
  init(_ row: Row) throws {
    let table = "trades"
    let opened: Int64 = try row.value("opened", table)
    self.init(
      id: try row.value("id", table), strategy: try row.value("strategy", table),
      broker: try row.value("broker", table), instrument: try row.value("instrument", table),
      entryOrderID: try row.value("entry_order_id", table), opened: Timestamp(nanoseconds: opened),
      price: try row.amount("price", table), units: try row.amount("units", table),
      stopLossOrderID: row["stop_loss_order_id"], takeProfitOrderID: row["take_profit_order_id"],
      realised: try row.amount("realised", table), closes: row.time("closes"))
  }
}

extension SubAccount {
  init(_ row: Row) throws {
    let table = "balances"
    self.init(
      strategy: try row.value("strategy", table), starting: try row.amount("starting", table),
      realised: try row.amount("realised", table), fees: try row.amount("fees", table),
      orders: try row.value("orders", table), fills: try row.value("fills", table), day: row["day"],
      dayStartEquity: try row.amount("day_start_equity", table))
  }
}

extension Flattening {
  init(_ row: Row) throws {
    let table = "flattenings"
    self.init(
      strategy: try row.value("strategy", table), cause: try row.word("cause", table), reason: row["reason"],
      generation: try row.value("generation", table), closed: try row.value("closed", table))
  }
}

extension Charter {
  init(_ row: Row) throws {
    let table = "charter"
    var kill: KillSwitch?
    if let engaged = row.time("kill_engaged") {
      kill = KillSwitch(
        engaged: engaged, by: try row.value("kill_by", table), reason: row["kill_reason"],
        cancelled: try row.value("kill_cancelled", table), closed: try row.value("kill_closed", table),
        flat: row.time("kill_flat"))
    }
    self.init(
      mode: try row.word("mode", table), modeBy: row["mode_by"], modeSince: row.time("mode_since"),
      kill: kill)
  }
}

extension StoredEvent {
  init(_ row: Row) throws {
    let table = "events"
    let time: Int64 = try row.value("ts", table)
    self.init(
      sequence: try row.value("seq", table),
      event: NewEvent(
        source: try row.value("source", table), type: try row.value("type", table), strategy: row["strategy"],
        payload: try row.value("payload", table), time: Timestamp(nanoseconds: time)))
  }
}

extension FeedPosition {
  init(_ row: Row) throws {
    let table = "feed"
    self.init(
      identity: try row.value("identity", table), sequence: try row.value("sequence", table),
      time: row.time("time"), state: row["state"], hasEnded: try row.value("has_ended", table),
      owner: try row.value("owner", table))
  }
}

extension OrderHistoryLine {
  init(_ row: Row) throws {
    let table = "order_history"
    let time: Int64 = try row.value("time", table)
    self.init(
      sequence: try row.value("seq", table), state: try row.word("state", table), reason: row["reason"],
      filledUnits: try row.amount("filled_units", table), time: Timestamp(nanoseconds: time))
  }
}

extension JournalMarks {
  init(_ database: Database) throws {
    event = try Int64.fetchOne(database, sql: "SELECT max(seq) FROM events") ?? 0
    order = try Int64.fetchOne(database, sql: "SELECT max(number) FROM orders") ?? 0
    trade = try Int64.fetchOne(database, sql: "SELECT value FROM counters WHERE name = 'trade'") ?? 0
  }
}
