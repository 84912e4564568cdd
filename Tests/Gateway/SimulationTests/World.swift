import BrokerInterface
import Model
import RemoteBroker
import Trading

/// What can go wrong, and how often: one in so many, 0 for never.
struct Chaos {
  var dropsRequests = 12
  var dropsAnswers = 12
  var dropsStream = 25
  var doubles = 6
  var delayMax: Int64 = 4_000
  var disconnects = 60
  var crashes = 45
  var byHand = 120
  static let none = Chaos(
    dropsRequests: 0, dropsAnswers: 0, dropsStream: 0, doubles: 0, delayMax: 20, disconnects: 0, crashes: 0,
    byHand: 0)
}

/// A desk, its journal, a network and a broker, all under one simulated clock and one seed.
///
/// The journal is the stream of entries that the desk hands to it. They become durable in order, one by one, some time
/// after they were handed over; what follows from an entry leaves only then. A crash loses every entry that was not
/// durable, and may come between an entry's becoming durable and anybody's being told.
struct World {
  static let instruments = ["EUR_USD", "GBP_USD"].compactMap { Instrument.conventional($0) }
  static let strategies = ["alpha", "beta"]

  enum Delivery {
    case request(BrokerRequest)
    case message(BrokerMessage)
    case connect
    case durable
  }

  struct Item {
    /// The run of the gateway that it is for; what the broker gets outlives it.
    let run: Int
    let what: Delivery
  }

  /// When an item is due; of equal times the one that was scheduled first.
  struct Due: Comparable {
    let at: Int64
    let number: Int64

    static func < (left: Due, right: Due) -> Bool {
      left.at != right.at ? left.at < right.at : left.number < right.number
    }
  }

  let seed: UInt64
  let bug: Bug?
  var chaos = Chaos()
  var random: Dice
  var broker: SimBroker
  var core: TradingCore
  /// What a crash leaves.
  var durable = Tables()
  /// What the desk believes: `durable` and all that waits.
  var believed = Tables()
  var waiting: [ChangeSet] = []
  var items: [Int64: Item] = [:]
  /// Latest first.
  var due: [Due] = []
  var nextItem: Int64 = 0
  /// Milliseconds.
  var clock: Int64 = 1_700_000_000_000
  var run = 1
  var generation = 1
  var isConnected = false
  var sequence: Int64 = 0
  var violations: [String] = []
  /// Whether all that happens is printed.
  var isTold = false
  var steps = 0
  var crashes = 0
  /// Orders that were sent, by the broker's hearing.
  var arrivals: Set<String> = []

  init(seed: UInt64, bug: Bug? = nil) {
    self.seed = seed
    self.bug = bug
    random = Dice(seed: seed)
    broker = SimBroker(seed: seed, links: seed % 2 == 0, refuses: seed % 3 == 0 ? 0 : 10)
    core = Self.desk(nil, bug)
    begin()
  }

  static func desk(_ snapshot: TradingSnapshot?, _ bug: Bug?) -> TradingCore {
    TradingCore(
      settings: TradingSettings(timeToLiveSeconds: 120, maxOpenOrders: 10), instruments: instruments,
      venue: BuggyVenue(bug), restoring: snapshot)
  }

  var now: Timestamp { Timestamp(nanoseconds: clock * 1_000_000) }

  // MARK: - The gateway's side

  /// The gateway starts: workers are registered, the market is there, the broker is called.
  mutating func begin() {
    for name in Self.strategies {
      take(
        core.register(
          name, generation: generation, capabilities: StrategyCapabilities(brokers: ["sim"]), now: now))
    }
    for instrument in Self.instruments { quote(instrument.name) }
    schedule(.connect, after: Int64(random.next(2_000)))
  }

  /// Hands what happened to the journal; nobody hears of it before it is durable.
  mutating func take(_ changes: ChangeSet) {
    guard !changes.isEmpty else { return }
    believed.take(changes)
    if isTold { tell(changes) }
    waiting.append(changes)
    if bug == .sendsBeforeTheCommit { release(changes) }
    schedule(.durable, after: Int64(1 + random.next(40)))
  }

  private mutating func becomesDurable() {
    guard !waiting.isEmpty else { return }
    let changes = waiting.removeFirst()
    if bug == .losesAnEntryOfTheJournal, random.next(60) == 0 {
      return release(changes)
    }
    durable.take(changes)
    if bug != .sendsBeforeTheCommit { release(changes) }
  }

  private mutating func release(_ changes: ChangeSet) {
    for request in changes.requests {
      guard isConnected, !random.once(in: chaos.dropsRequests) else {
        // The adapter says so, or the desk has to notice itself.
        if random.next(2) == 0 {
          schedule(.message(.answer(request: request.id, .lost("no answer"))), after: 3_000)
        }
        continue
      }
      schedule(.request(request), after: delay())
    }
  }

  mutating func delay() -> Int64 {
    let usual = Int64(1 + random.next(50))
    return random.once(in: 4) ? min(chaos.delayMax, usual * Int64(1 + random.next(200))) : usual
  }

  mutating func schedule(_ what: Delivery, after milliseconds: Int64) {
    let new = Due(at: clock + milliseconds, number: nextItem)
    var low = 0
    var high = due.count
    while low < high {
      let middle = (low + high) / 2
      if due[middle] < new { high = middle } else { low = middle + 1 }
    }
    due.insert(new, at: low)
    items[nextItem] = Item(run: run, what: what)
    nextItem += 1
  }

  // MARK: - Time

  /// Lets time pass, and what is due happen, in the order of its times.
  mutating func pass(_ milliseconds: Int64) {
    let end = clock + milliseconds
    while let next = due.last, next.at <= end {
      due.removeLast()
      clock = max(clock, next.at)
      if let item = items.removeValue(forKey: next.number) { deliver(item) }
    }
    clock = end
    take(core.advance(to: now))
  }

  private mutating func deliver(_ item: Item) {
    if case .request(let request) = item.what { return arrive(request, run: item.run) }
    guard item.run == run else { return }
    switch item.what {
    case .message(let message):
      guard isConnected else { return }
      say("heard \(message)")
      take(core.receive(message, now: now))
    case .connect:
      guard !isConnected else { return }
      isConnected = true
      take(core.receive(.connected, now: now))
    case .durable: becomesDurable()
    case .request: break
    }
  }

  /// A request reaches the broker, whether or not he who sent it still lives.
  private mutating func arrive(_ request: BrokerRequest, run sender: Int) {
    if case .place(let order, _) = request.action {
      arrivals.insert(order.id)
      if durable.orders[order.number] == nil {
        violations.append("\(order.id) was sent before it was durable")
      }
    }
    let answer = broker.answer(request, at: now)
    say("broker answers \(request.id): \(answer)")
    if sender == run, isConnected, !random.once(in: chaos.dropsAnswers) {
      schedule(.message(.answer(request: request.id, answer)), after: delay())
    }
    readStream()
  }

  mutating func readStream() {
    let stream = broker.stream
    broker.stream.removeAll(keepingCapacity: true)
    guard isConnected else { return }
    for message in stream where !random.once(in: chaos.dropsStream) {
      schedule(.message(message), after: delay())
      if random.once(in: chaos.doubles) { schedule(.message(message), after: delay() * 3) }
    }
  }

  mutating func disconnect() {
    guard isConnected else { return }
    isConnected = false
    items = items.filter { if case .message = $0.value.what { false } else { true } }
    take(core.receive(.disconnected("the line is gone"), now: now))
    schedule(.connect, after: Int64(500 + random.next(6_000)))
  }

  /// The process is gone, and all that was not durable with it. The next one starts from the journal.
  mutating func crash() {
    crashes += 1
    say("crash")
    // Some of what waited may have become durable, though nobody was told.
    for _ in 0..<random.next(waiting.count + 1) { durable.take(waiting.removeFirst()) }
    waiting.removeAll()
    run += 1
    generation += 1
    isConnected = false
    items = items.filter { if case .request = $0.value.what { true } else { false } }
    believed = durable
    core = Self.desk(durable.snapshot(marketTime: now), bug)
    checkBooks("after a restart")
    begin()
  }

  func say(_ what: @autoclosure () -> String) {
    if isTold { print(clock % 1_000_000, what()) }
  }

  private func tell(_ changes: ChangeSet) {
    for order in changes.orders {
      say(
        "desk \(order.id) \(order.role) \(order.side) \(order.state) \(order.filledUnits)/\(order.units)"
          + " \(order.reason ?? "")")
    }
    for fill in changes.fills {
      say("desk books \(fill.executionID ?? "-") of \(fill.orderID): \(fill.units)")
    }
    for request in changes.requests { say("desk asks \(request.id): \(request.action)") }
    for event in changes.events where event.type == .accountDifference { say("desk \(event.payload)") }
  }

  mutating func quote(_ instrument: String) {
    sequence += 1
    take(
      core.quote(
        Quote(
          sequence: sequence, instrument: instrument, bid: broker.bid(instrument),
          ask: broker.ask(instrument), time: now)))
  }
}
