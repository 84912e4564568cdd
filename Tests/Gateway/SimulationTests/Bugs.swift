import BrokerInterface
import Model
import RemoteBroker

/// Mistakes that a desk could make, each of which the simulation must notice.
enum Bug: String, CaseIterable {
  case sendsBeforeTheCommit
  case sendsALostOrderAgain
  case sendsAgainAfterARestart
  case booksAnExecutionTwice
  case forgetsExecutionsAtARestart
  case endsOrdersBeforeTheirFills
  case believesAbsentAtOnce
  case ignoresARefusedExit
  case forgetsToCancelTheOtherExit
  case changesNothingAtTheBroker
  case losesAnEntryOfTheJournal
  case skipsTheLookAtTheAccount
}

/// A venue with a mistake in it.
struct BuggyVenue: Venue {
  var inner: RemoteVenue
  let bug: Bug?
  private var sent: [Int64: BrokerRequest.Action] = [:]
  private var exits: Set<String> = []
  private var unique = 0

  init(_ bug: Bug?) {
    self.bug = bug
    let settle = bug == .believesAbsentAtOnce ? -10 : 10
    inner = RemoteVenue(
      name: "sim",
      settings: RemoteSettings(
        answerSeconds: 5, settleSeconds: settle, retrySeconds: 1, reportSeconds: 15))
  }

  var name: String { inner.name }
  var capabilities: BrokerCapabilities { inner.capabilities }
  var isRemote: Bool { true }
  var entryRefusal: Refusal? { inner.entryRefusal }

  mutating func execute(_ command: BrokerCommand) {
    if case .place(let order, _) = command, order.role != .entry { exits.insert(order.id) }
    if bug == .changesNothingAtTheBroker, case .modify = command { return }
    inner.execute(command)
  }

  mutating func quote(_ quote: Quote) -> Bool { inner.quote(quote) }
  mutating func advance(to time: Timestamp) -> Bool { inner.advance(to: time) }

  mutating func nextEvent() -> BrokerEvent? {
    while let event = inner.nextEvent() {
      if bug == .ignoresARefusedExit, case .rejected(let id, _, _) = event, exits.contains(id) { continue }
      return event
    }
    return nil
  }

  mutating func restore(_ order: Order, group: LinkedGroup?) {
    if bug == .sendsAgainAfterARestart, order.state == .submitted {
      inner.execute(.place(order, group: group))
    } else {
      inner.restore(order, group: group)
    }
  }

  mutating func restore(executions: [String]) {
    if bug != .forgetsExecutionsAtARestart { inner.restore(executions: executions) }
  }

  mutating func takeRequests() -> [BrokerRequest] {
    var requests = inner.takeRequests()
    if bug == .forgetsToCancelTheOtherExit {
      requests.removeAll { if case .cancel(let key) = $0.action { exits.contains(key) } else { false } }
    }
    for request in requests { sent[request.id] = request.action }
    return requests
  }

  mutating func receive(_ message: BrokerMessage, now: Timestamp) {
    switch message {
    case .answer(let id, .lost):
      if bug == .sendsALostOrderAgain, case .place(let order, let group) = sent[id] {
        return inner.execute(.place(order, group: group))
      }
    case .answer(let id, .order(var status, let executions)):
      if bug == .endsOrdersBeforeTheirFills { status.filledUnits = .zero }
      return inner.receive(.answer(request: id, .order(status, changed(executions))), now: now)
    case .answer(let id, .report(var report)):
      if bug == .skipsTheLookAtTheAccount { report = AccountReport() }
      report.executions = changed(report.executions)
      return inner.receive(.answer(request: id, .report(report)), now: now)
    case .order(var status):
      if bug == .endsOrdersBeforeTheirFills { status.filledUnits = .zero }
      return inner.receive(.order(status), now: now)
    case .execution(let execution):
      return inner.receive(.execution(changed(execution)), now: now)
    default: break
    }
    inner.receive(message, now: now)
  }

  private mutating func changed(_ executions: [Execution]) -> [Execution] {
    var all: [Execution] = []
    for execution in executions { all.append(changed(execution)) }
    return all
  }

  private mutating func changed(_ execution: Execution) -> Execution {
    guard bug == .booksAnExecutionTwice else { return execution }
    unique += 1
    return Execution(
      orderID: execution.orderID, units: execution.units, price: execution.price, fee: execution.fee,
      time: execution.time, quoteSequence: 0, id: "\(execution.id ?? "")/\(unique)")
  }
}
