import BrokerInterface
import Model

/// The look at the whole account: on start, after every reconnect, and now and then.
extension RemoteVenue {
  mutating func reported(_ answer: BrokerAnswer, executions before: Int64) {
    guard case .report(let report) = answer else {
      nextReport = min(nextReport, after(settings.retrySeconds))
      return
    }
    // Until the first report nothing else was under way, so that it has the last word on every order.
    let isFirst = link == .reporting
    let wasQuiet = executions == before
    if isFirst {
      for status in report.orders where records[status.key]?.isForeign == false { learn(status) }
    }
    for execution in report.executions { take(execution, isSure: isFirst) }
    for status in report.orders { take(status, isFirst: isFirst) }
    forgetForeign(report)
    askForMissing(report)
    link = .up
    // What came in while the report was on its way may be in its positions, or not.
    if wasQuiet, !records.values.contains(where: { $0.end != nil && !$0.isEnding }) {
      emit(.account(.positions(report.positions)))
    } else {
      nextReport = min(nextReport, after(settings.retrySeconds))
    }
  }

  private mutating func take(_ status: OrderStatus, isFirst: Bool) {
    guard let record = records[status.key] else {
      if status.state == .working {
        emit(.account(status.isForeign ? .foreign(status) : .stray(orderID: status.key)))
      }
      return
    }
    guard isFirst, !record.isForeign else { return hear(status) }
    exists(status.key)
    records[status.key]?.isUncertain = false
    guard status.state == .working else { return ended(status.key, status) }
    adopt(status)
  }

  /// The terms of the first report: what the desk wants otherwise is sent again, as a change may be.
  private mutating func adopt(_ status: OrderStatus) {
    guard var record = records[status.key] else { return }
    record.known = status.terms
    if record.order.type == .trailingStop { record.wanted.price = status.terms.price }
    let isAgreed = record.wanted == record.known
    records[status.key] = record
    if status.filledUnits > record.executed { records[status.key]?.isUncertain = true }
    emit(.replaced(orderID: record.order.id))
    if !isAgreed, !record.wantsCancel { emit(.updating(orderID: record.order.id)) }
  }

  /// What the account does not name may have ended unheard.
  private mutating func askForMissing(_ report: AccountReport) {
    let named = Set(report.orders.map(\.key))
    for (key, record) in records where record.stage == .known && !record.isForeign && record.asked == nil {
      if !named.contains(key), !record.isEnding { records[key]?.isUncertain = true }
    }
  }

  /// Orders that somebody else placed end when the account no longer has them.
  private mutating func forgetForeign(_ report: AccountReport) {
    let working = Set(report.orders.filter { $0.state == .working }.map(\.key))
    for record in sortedRecords where record.isForeign && !working.contains(record.key) {
      records[record.key] = nil
      emit(.cancelled(orderID: record.order.id, reason: "gone_at_broker", time: now))
    }
  }
}
