public import BrokerInterface
public import Model

/// What comes from the broker.
extension RemoteVenue {
  public mutating func receive(_ message: BrokerMessage, now time: Timestamp) {
    now = max(now, time)
    wake = Timestamp(nanoseconds: .min)
    switch message {
    case .connected: connected()
    case .disconnected(let reason): disconnected(reason)
    case .answer(let request, let answer): self.answer(request, answer)
    case .order(let status):
      hear(status)
      act(status.key)
    case .execution(let execution):
      take(execution)
      act(execution.orderID)
    }
    settleReconciliation()
  }

  private mutating func connected() {
    if link != .down { disconnected("it connected again") }
    link = .reporting
    let latest = after(settings.settleSeconds)
    for key in Array(records.keys) where records[key]?.mayArriveUntil == Timestamp(nanoseconds: .max) {
      records[key]?.mayArriveUntil = latest
    }
    emit(.account(.connected))
    askForReport()
  }

  private mutating func disconnected(_ reason: String) {
    guard link != .down else { return }
    link = .down
    isReconciled = false
    for id in underWay.keys.sorted() { answer(id, .lost(reason)) }
    for key in Array(records.keys) where records[key]?.stage != .held && records[key]?.isForeign == false {
      records[key]?.isUncertain = true
    }
    emit(.account(.disconnected(reason: reason)))
  }

  // MARK: - Answers

  mutating func answer(_ id: Int64, _ answer: BrokerAnswer) {
    guard let asked = underWay.removeValue(forKey: id) else { return late(answer) }
    guard let key = asked.key else {
      reported(answer, executions: asked.executions)
      return actOnAll()
    }
    guard var record = records[key], let what = record.asked else { return late(answer) }
    record.asked = nil
    records[key] = record
    switch answer {
    case .order(let status, let executions): answered(key, what, status, executions)
    case .refused(let refusal): refused(key, what, refusal)
    case .absent where what == .find: denied(key)
    case .absent, .lost, .report: lost(key, what)
    }
    act(key)
  }

  /// An answer to what was given up already: what it tells is heard, but it is not the last word.
  private mutating func late(_ answer: BrokerAnswer) {
    guard case .order(let status, let executions) = answer else { return }
    hear(status)
    for execution in executions { take(execution) }
  }

  private mutating func answered(
    _ key: String, _ what: RemoteOrder.Asked, _ status: OrderStatus, _ executions: [Execution]
  ) {
    learn(status)
    for execution in executions { take(execution, isSure: true) }
    guard records[key] != nil else { return }
    records[key]?.isUncertain = false
    // What was said is done; only a cancellation that did not take waits before it is tried again.
    if what != .cancel { records[key]?.nextTry = now }
    guard status.state == .working else { return ended(key, status) }
    takeTerms(key, status.terms, asked: what)
  }

  /// The broker tells the terms that an order works with, at a moment when nothing else is under way for it.
  func isWanted(_ record: RemoteOrder, _ what: RemoteOrder.Asked) -> Bool {
    // A wish that came while another was under way is still to be sent.
    if case .modify(let sent) = what { return record.wanted == sent }
    return false
  }

  private mutating func takeTerms(_ key: String, _ terms: WorkingTerms, asked what: RemoteOrder.Asked) {
    guard var record = records[key] else { return }
    let id = record.order.id
    // A trailing stop's price is the broker's to move.
    record.known = terms
    if record.order.type == .trailingStop { record.wanted.price = terms.price }
    if record.known == record.wanted {
      let isAgreed = record.deskUnits == terms.units
      record.deskUnits = terms.units
      records[key] = record
      emit(isAgreed ? .replaced(orderID: id) : .amended(orderID: id, terms: terms))
    } else if isWanted(record, what) {
      giveUp(&record)
    } else {
      records[key] = record
      emit(.replaced(orderID: id))
      if !record.wantsCancel { emit(.updating(orderID: id)) }
    }
  }

  /// The broker does not take a change: its terms are what counts.
  private mutating func giveUp(_ record: inout RemoteOrder) {
    record.wanted = record.known
    record.deskUnits = record.known.units
    records[record.key] = record
    emit(.amended(orderID: record.order.id, terms: record.known))
  }

  private mutating func refused(_ key: String, _ what: RemoteOrder.Asked, _ refusal: Refusal) {
    guard var record = records[key] else { return }
    switch what {
    case .place:
      records[key] = nil
      let id = record.order.id
      emit(
        record.wantsCancel
          ? .cancelled(orderID: id, reason: refusal.reason, time: now)
          : .rejected(orderID: id, reason: refusal.reason, time: now))
    case .modify where isWanted(record, what):
      giveUp(&record)
      // It may have been refused because the order is at its end.
      records[key]?.isUncertain = true
    case .cancel, .modify, .find: records[key]?.isUncertain = true
    }
  }

  private mutating func lost(_ key: String, _ what: RemoteOrder.Asked) {
    guard let record = records[key] else { return }
    records[key]?.isUncertain = true
    if what != .find, !record.wantsCancel { emit(.lost(orderID: record.order.id)) }
  }

  /// The broker knows no such order.
  private mutating func denied(_ key: String) {
    guard let record = records[key] else { return }
    guard now >= record.mayArriveUntil else { return }
    records[key] = nil
    let id = record.order.id
    // One that it took was seen there: then it ended in a way that it no longer tells.
    emit(
      record.stage == .sent && !record.wantsCancel
        ? .rejected(orderID: id, reason: "never_arrived", time: now)
        : .cancelled(orderID: id, reason: "absent_at_broker", time: now))
  }

  // MARK: - Facts, which stay true however late they come

  /// From the stream: what it says of the terms may be out of date, so the broker is asked where they differ.
  mutating func hear(_ status: OrderStatus) {
    guard let record = records[status.key], !record.isForeign else {
      if status.state == .working { nextReport = min(nextReport, after(settings.retrySeconds)) }
      return
    }
    exists(status.key)
    guard status.state == .working else { return ended(status.key, status) }
    if record.asked == nil, status.terms != record.known { records[status.key]?.isUncertain = true }
    if status.filledUnits > record.executed { records[status.key]?.isUncertain = true }
  }

  /// What a broker says of an order with authority, before its executions are taken.
  mutating func learn(_ status: OrderStatus) {
    exists(status.key)
    records[status.key]?.known = status.terms
    records[status.key]?.isConfirmed = true
  }

  mutating func exists(_ key: String) {
    guard let record = records[key], record.stage != .known else { return }
    records[key]?.stage = .known
    emit(.accepted(orderID: record.order.id))
  }

  mutating func ended(_ key: String, _ status: OrderStatus) {
    guard records[key]?.end == nil else { return settle(key) }
    records[key]?.end = status
    settle(key)
  }

  /// Takes an execution that was not taken before.
  ///
  /// - Parameter isSure: whether the order's terms were told together with it.
  mutating func take(_ execution: Execution, isSure: Bool = false) {
    guard execution.units.isPositive, let id = execution.id, !id.isEmpty else { return }
    guard let owner = records[execution.orderID], !owner.isForeign else {
      // Of an order that is not the desk's, or has ended: the positions will tell.
      nextReport = min(nextReport, after(settings.retrySeconds))
      return
    }
    guard owner.isConfirmed else {
      // How much of it there is at all is not known yet; whoever is asked for that tells its executions too.
      records[execution.orderID]?.isUncertain = true
      return
    }
    if owner.mayDiffer, !isSure, owner.end == nil, owner.executed + execution.units >= owner.known.units {
      records[execution.orderID]?.isUncertain = true
      return
    }
    guard seen.insert(id) else { return }
    exists(execution.orderID)
    guard var record = records[execution.orderID] else { return }
    executions += 1
    record.executed += execution.units
    records[execution.orderID] = record
    events.append(.fill(execution))
    settle(execution.orderID)
  }

  /// Ends an order that has ended at the broker once its executions are all here.
  mutating func settle(_ key: String) {
    guard let record = records[key], !record.isEnding, let end = record.end,
      record.executed >= end.filledUnits
    else { return }
    records[key]?.isEnding = true
    events.append(.end(key: key))
  }
}
