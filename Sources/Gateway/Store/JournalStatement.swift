/// The statements that journal entries are written with; a row's values follow in the order of the parameters.
enum JournalStatement: Int, CaseIterable {
  case newOrder
  case changedOrder
  case history
  case fill
  case trade
  case closedTrade
  case account
  case rate
  case flattening
  case endedFlattening
  case lastTrade
  case charter
  case feed
  case event

  var sql: String {
    switch self {
    case .newOrder:
      "INSERT INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    case .changedOrder:
      """
      UPDATE orders SET units = ?, price = ?, stop_loss = ?, take_profit = ?, filled_units = ?,
        average_price = ?, state = ?, reason = ?, trade_id = ?, updated = ?, expires = ?, is_final = ?,
        terms = ? WHERE number = ?
      """
    case .history:
      """
      INSERT INTO order_history (order_number, state, reason, units, filled_units, price, stop_loss,
        take_profit, time) VALUES (?,?,?,?,?,?,?,?,?)
      """
    case .fill: "INSERT INTO fills VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    case .trade: "INSERT OR REPLACE INTO trades VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
    case .closedTrade: "DELETE FROM trades WHERE id = ?"
    case .account: "INSERT OR REPLACE INTO balances VALUES (?,?,?,?,?,?,?,?)"
    case .rate: "INSERT OR REPLACE INTO rates VALUES (?,?)"
    case .flattening: "INSERT OR REPLACE INTO flattenings VALUES (?,?,?,?,?)"
    case .endedFlattening: "DELETE FROM flattenings WHERE strategy = ?"
    case .lastTrade:
      """
      INSERT INTO counters VALUES ('trade', ?)
      ON CONFLICT DO UPDATE SET value = max(value, excluded.value)
      """
    case .charter: "INSERT OR REPLACE INTO charter VALUES (1,?,?,?,?,?,?,?,?,?)"
    case .feed: "INSERT OR REPLACE INTO feed VALUES (1,?,?,?,?,?,?)"
    case .event: "INSERT INTO events VALUES (?,?,?,?,?,?)"
    }
  }
}
