import Model

/// When a refusal was journaled last, and how often it came since.
struct RefusalTally: Sendable {
  private static let pause: Int64 = 1_000_000_000

  private var journaled: Timestamp?
  private var repeated: Int64 = 0
  /// All since the start of the process.
  private(set) var count: Int64 = 0

  /// Counts a refusal; returns how many came unseen before it, or nil when this one is not journaled either: a
  /// strategy that tries again without end must not fill the disk.
  mutating func take(at now: Timestamp) -> Int64? {
    count += 1
    // Time that has gone back is a replay that starts over.
    if let last = journaled, now >= last, now.nanoseconds &- last.nanoseconds < Self.pause {
      repeated += 1
      return nil
    }
    defer { repeated = 0 }
    journaled = now
    return repeated
  }
}

/// Everything that the desk knows of one strategy.
struct StrategyBook: Sendable {
  let name: String
  /// Nil after a restart until its worker is registered again: nothing is admitted.
  var capabilities: StrategyCapabilities?
  /// The worker that was registered last; nil after a restart until one is.
  var generation: Generation?
  var paused = false
  var pauseReason: String?
  var account: SubAccount
  /// Numbers of the orders that are not final, oldest first.
  private(set) var open: [Int64] = []
  /// Those among them that are no exits.
  private(set) var entries: [Int64] = []
  /// Open trades by instrument.
  private(set) var positions: [String: Position] = [:]
  /// Quotes within which its margin suffices, by the board's positions.
  var marginBands: [Int: PriceBand] = [:]
  /// By reason; not journaled, so a restart begins anew.
  var refusals: [String: RefusalTally] = [:]
  /// Entries of the last second; not journaled either.
  var orderBudget = OrderBudget()

  init(name: String, starting: Money) {
    self.name = name
    account = SubAccount(strategy: name, starting: starting, dayStartEquity: starting)
  }

  /// Whether programs trade in it; a person's orders go through the account of that name.
  var isAutomated: Bool { name != "manual" }

  var instrumentsHeld: [String] { positions.keys.sorted() }

  /// Signed units held in an instrument.
  func units(_ instrument: String) -> Quantity { positions[instrument]?.units ?? .zero }

  /// Its open trades in an instrument, oldest first.
  func trades(_ instrument: String) -> [Trade] { positions[instrument].map { Array($0) } ?? [] }

  mutating func add(_ trade: Trade) {
    if positions[trade.instrument]?.append(trade) == nil {
      positions[trade.instrument] = Position(trade)
    }
  }

  /// Takes the new value of a trade; one without units is closed.
  mutating func update(_ trade: Trade) {
    if positions[trade.instrument]?.update(trade) == false { positions[trade.instrument] = nil }
  }

  mutating func addOpen(_ order: Order) {
    open.insertNumber(order.number)
    if order.role == .entry { entries.insertNumber(order.number) }
  }

  mutating func removeOpen(_ order: Order) {
    open.removeNumber(order.number)
    if order.role == .entry { entries.removeNumber(order.number) }
  }
}

/// Numbers in rising order.
extension [Int64] {
  fileprivate mutating func insertNumber(_ number: Int64) {
    if let last, last >= number { insert(number, at: place(of: number)) } else { append(number) }
  }

  fileprivate mutating func removeNumber(_ number: Int64) {
    let index = place(of: number)
    if index < count, self[index] == number { remove(at: index) }
  }

  private func place(of number: Int64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
