import BrokerInterface
public import Model

/// What is asked of the broker, and when.
extension RemoteVenue {
  /// Does what is due: answers that are overdue are lost, and what waited for its time is asked.
  public mutating func advance(to time: Timestamp) -> Bool {
    now = max(now, time)
    guard now >= wake else { return firstEvent < events.count }
    for (id, asked) in underWay.sorted(by: { $0.key < $1.key }) where asked.deadline <= now {
      answer(id, .lost("no answer for \(settings.answerSeconds) s"))
    }
    if link == .reporting, nextReport <= now, !isReportUnderWay { askForReport() }
    actOnAll()
    setWake()
    return firstEvent < events.count || !requests.isEmpty
  }

  private mutating func setWake() {
    var next = link != .down && !isReportUnderWay ? nextReport : Timestamp(nanoseconds: .max)
    for asked in underWay.values { next = min(next, asked.deadline) }
    if link == .up {
      for record in records.values where record.asked == nil && needsRequest(record) {
        next = min(next, record.nextTry)
      }
    }
    wake = next
  }

  mutating func actOnAll() {
    guard link == .up else { return }
    for record in sortedRecords { act(record.key) }
    if nextReport <= now, !isReportUnderWay { askForReport() }
    settleReconciliation()
  }

  private var isReportUnderWay: Bool { underWay.values.contains { $0.key == nil } }

  var sortedRecords: [RemoteOrder] { records.values.sorted { $0.order.number < $1.order.number } }

  private func needsRequest(_ record: RemoteOrder) -> Bool {
    guard !record.isEnding, !record.isForeign || record.wantsCancel else { return false }
    return record.isUncertain || record.end != nil || record.stage == .held || record.wantsCancel
      || record.wanted != record.known
  }

  /// Sends what an order needs next, if anything and if its time has come.
  mutating func act(_ key: String) {
    guard link == .up, var record = records[key], record.asked == nil, needsRequest(record) else { return }
    guard record.nextTry <= now else {
      wake = min(wake, record.nextTry)
      return
    }
    let asked: RemoteOrder.Asked
    let action: BrokerRequest.Action
    if record.stage == .held {
      record.stage = .sent
      record.known = record.wanted
      record.mayArriveUntil = after(settings.answerSeconds + settings.settleSeconds)
      (asked, action) = (.place, .place(record.asWanted, group: record.group))
    } else if !record.isForeign, record.isUncertain || record.end != nil {
      (asked, action) = (.find, .find(key: key))
    } else if record.wantsCancel {
      (asked, action) = (.cancel, .cancel(key: key))
    } else {
      record.mayDiffer = true
      (asked, action) = (.modify(record.wanted), .modify(key: key, terms: record.wanted))
    }
    record.asked = asked
    record.nextTry = after(settings.retrySeconds)
    records[key] = record
    send(action, key: key)
  }

  mutating func askForReport() {
    nextReport = after(settings.reportSeconds)
    // What happened long ago ended long ago; what has not ended may have traded since it was made.
    let oldest = records.values.map(\.order.created).min() ?? now
    send(.report(since: min(oldest, now).advanced(seconds: -Int64(settings.settleSeconds))), key: nil)
  }

  mutating func send(_ action: BrokerRequest.Action, key: String?) {
    let deadline = after(settings.answerSeconds)
    underWay[nextRequest] = UnderWay(key: key, deadline: deadline, executions: executions)
    requests.append(BrokerRequest(id: nextRequest, action: action))
    nextRequest += 1
    wake = min(wake, deadline)
  }

  /// Entries may be sent once no order is in doubt.
  mutating func settleReconciliation() {
    guard link == .up, !isReconciled else { return }
    guard !records.values.contains(where: \.isInDoubt) else { return }
    isReconciled = true
    emit(.account(.reconciled(orders: records.count)))
  }
}
