/// Which rows of the screen are for what: title and header, alerts, the table, and the last row.
struct TopLayout {
  let alerts: Int
  /// Rows of the table without its titles.
  let tableRows: Int

  /// Lines above the alerts.
  static let header = 3

  init(_ state: TopState) {
    let rows = state.size.rows
    let wanted = state.data?.alerts.count ?? 0
    // A small screen is for the table.
    alerts = rows < 12 ? min(wanted, 1) : rows < 30 ? min(wanted, 2) : min(wanted, 6)
    tableRows = max(0, rows - Self.header - alerts - 2)
  }
}
