public import BrokerInterface
public import Model

/// How patient the desk is with a broker behind a network.
public struct RemoteSettings: Hashable, Sendable {
  /// After how long an answer is lost.
  public var answerSeconds: Int
  /// For how long after it left a lost request may still arrive: `absent` counts only after that.
  public var settleSeconds: Int
  /// The time between two questions about the same order.
  public var retrySeconds: Int
  /// The time between two looks at the whole account.
  public var reportSeconds: Int
  /// How many executions are remembered, so as not to book one twice.
  public var rememberedExecutions: Int

  public init(
    answerSeconds: Int = 10, settleSeconds: Int = 30, retrySeconds: Int = 2, reportSeconds: Int = 60,
    rememberedExecutions: Int = 20_000
  ) {
    self.answerSeconds = answerSeconds
    self.settleSeconds = settleSeconds
    self.retrySeconds = retrySeconds
    self.reportSeconds = reportSeconds
    self.rememberedExecutions = rememberedExecutions
  }
}

/// The books that are kept of a broker behind a network, as a value: it turns the desk's commands into requests, and
/// what comes back (late, twice, out of order, or never) into the plain events that the desk understands.
///
/// An order is sent once. When no answer came it is asked about until the broker tells what has become of it, or has
/// denied it for longer than it could have been on its way. Executions count once each, by their ids, and an order
/// ends only after all of its executions were heard of. On start and after every reconnect the whole account is looked
/// at first; until every order is accounted for, no entry is sent.
public struct RemoteVenue: Venue {
  /// How far the line is up.
  enum Link: Hashable, Sendable {
    case down
    /// Connected; the account's report is awaited.
    case reporting
    case up
  }

  public let name: String
  public let capabilities: BrokerCapabilities
  public let settings: RemoteSettings

  var link = Link.down
  /// Whether every order was accounted for since the line came up last.
  var isReconciled = false
  /// Orders that have not ended, by key.
  var records: [String: RemoteOrder] = [:]
  /// What is under way, by the request's id.
  var underWay: [Int64: UnderWay] = [:]
  var requests: [BrokerRequest] = []
  var events: [Unread] = []
  var firstEvent = 0
  var seen: SeenExecutions
  /// How many executions came in.
  var executions: Int64 = 0
  var nextRequest: Int64 = 1
  var nextReport = Timestamp(nanoseconds: 0)
  var now = Timestamp(nanoseconds: 0)
  /// When something is due next.
  var wake = Timestamp(nanoseconds: .min)

  /// What the desk has not read yet. What a fill or an end means to it depends on what it asked for meanwhile.
  enum Unread: Hashable, Sendable {
    case plain(BrokerEvent)
    case fill(Execution)
    case end(key: String)
  }

  struct UnderWay: Hashable, Sendable {
    /// Nil for a report.
    let key: String?
    let deadline: Timestamp
    /// `executions` when it left.
    let executions: Int64
  }

  public init(
    name: String, capabilities: BrokerCapabilities = BrokerCapabilities(),
    settings: RemoteSettings = RemoteSettings()
  ) {
    self.name = name
    self.capabilities = capabilities
    self.settings = settings
    seen = SeenExecutions(capacity: settings.rememberedExecutions)
  }

  public var isRemote: Bool { true }

  public var entryRefusal: Refusal? {
    if isReconciled { return nil }
    guard link != .down else {
      return Refusal("broker_disconnected", "\(name) is not connected: no entry can be sent until it is")
    }
    let open = records.values.count(where: \.isInDoubt)
    return Refusal(
      "reconciling",
      "orders and positions are being compared with \(name) (\(open) orders to go): try again in a moment")
  }

  // MARK: - What the desk asks

  public mutating func execute(_ command: BrokerCommand) {
    switch command {
    case .place(let order, let group):
      records[order.id] = RemoteOrder(order, group: group, stage: .held, now: now)
      act(order.id)
    case .cancel(let id): cancel(key(of: id))
    // The distance of a stop that follows is the business of an adapter whose broker can follow.
    case .modify(let id, let price, let limitPrice, let units, _): modify(id, price, limitPrice, units)
    }
  }

  private func key(of orderID: String) -> String {
    if records[orderID] != nil { return orderID }
    return records.first { $0.value.order.id == orderID }?.key ?? orderID
  }

  private mutating func cancel(_ key: String) {
    guard var record = records[key] else {
      // A stray: it ended here, and works there.
      if link != .down { send(.cancel(key: key), key: key) }
      return
    }
    guard !record.wantsCancel else { return }
    guard record.stage != .held else {
      // Nobody knows of it yet, so nobody has to be asked.
      records[key] = nil
      return emit(.cancelled(orderID: record.order.id, reason: "requested", time: now))
    }
    record.wantsCancel = true
    records[key] = record
    act(key)
  }

  private mutating func modify(_ key: String, _ price: Price?, _ limit: Price?, _ units: Quantity?) {
    guard var record = records[key] else { return }
    record.wanted.price = price ?? record.wanted.price
    record.wanted.limitPrice = limit ?? record.wanted.limitPrice
    if let units {
      record.wanted.units = record.told + units
      record.deskUnits = record.wanted.units
    }
    records[key] = record
    if record.stage == .known, record.wanted != record.known { emit(.updating(orderID: record.order.id)) }
    act(key)
  }

  public mutating func quote(_ quote: Quote) -> Bool { advance(to: quote.time) }

  public mutating func nextEvent() -> BrokerEvent? {
    while firstEvent < events.count {
      let unread = events[firstEvent]
      if case .fill(let execution) = unread, let amended = overtakes(execution) { return amended }
      firstEvent += 1
      if firstEvent == events.count {
        events.removeAll(keepingCapacity: true)
        firstEvent = 0
      }
      switch unread {
      case .plain(let event): return event
      case .fill(let execution):
        records[execution.orderID]?.told += execution.units
        return .filled(execution)
      case .end(let key):
        if let event = end(key) { return event }
      }
    }
    return nil
  }

  /// A fill that leaves nothing of the order as the desk has it, while the broker still has more of it: the change
  /// that makes it smaller is under way, and the order goes on until that is done.
  private mutating func overtakes(_ execution: Execution) -> BrokerEvent? {
    guard var record = records[execution.orderID], record.told + execution.units >= record.deskUnits else {
      return nil
    }
    // A change may have come after more had filled than it leaves.
    let units = max(record.known.units, record.executed, record.end?.filledUnits ?? .zero)
    guard units > record.deskUnits else { return nil }
    record.deskUnits = units
    records[execution.orderID] = record
    return .amended(
      orderID: record.order.id,
      terms: WorkingTerms(
        price: record.wanted.price, limitPrice: record.wanted.limitPrice, units: units))
  }

  private mutating func end(_ key: String) -> BrokerEvent? {
    guard let record = records.removeValue(forKey: key), let end = record.end else { return nil }
    let id = record.order.id
    switch end.state {
    case .working: return nil
    // Says something new only where the desk wanted more units than the broker had in the end.
    case .filled: return .cancelled(orderID: id, reason: "reduced", time: now)
    case .cancelled(let reason): return .cancelled(orderID: id, reason: reason, time: now)
    case .expired(let reason): return .expired(orderID: id, reason: reason, time: now)
    case .rejected(let reason):
      return record.told.isPositive || record.wantsCancel
        ? .cancelled(orderID: id, reason: reason, time: now)
        : .rejected(orderID: id, reason: reason, time: now)
    }
  }

  public mutating func takeRequests() -> [BrokerRequest] {
    defer { requests.removeAll() }
    return requests
  }

  public mutating func restore(_ order: Order, group: LinkedGroup?) {
    var record = RemoteOrder(order, group: group, stage: .known, now: now)
    // Whether it left before the restart is not known: it counts as sent, and is never sent again.
    if order.state == .submitted || order.state == .unknown { record.stage = .sent }
    record.isUncertain = !record.isForeign
    record.isConfirmed = record.isForeign
    record.mayDiffer = !record.isForeign
    // Set when the line is up: from then on nothing of the last run can be on its way for longer.
    record.mayArriveUntil = Timestamp(nanoseconds: .max)
    records[record.key] = record
  }

  public mutating func restore(executions: [String]) {
    for id in executions { _ = seen.insert(id) }
  }

  func after(_ seconds: Int) -> Timestamp { now.advanced(seconds: Int64(seconds)) }

  mutating func emit(_ event: BrokerEvent) { events.append(.plain(event)) }
}
