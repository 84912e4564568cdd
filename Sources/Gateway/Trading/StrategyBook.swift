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
  var open: [Int64] = []
  /// Open trades by instrument, oldest first; all of one sign; never empty.
  var positions: [String: [Trade]] = [:]
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
  func units(_ instrument: String) -> Quantity {
    positions[instrument]?.reduce(.zero) { $0 + $1.units } ?? .zero
  }

  mutating func addOpen(_ number: Int64) {
    if let last = open.last, last >= number {
      open.insert(number, at: position(of: number))
    } else {
      open.append(number)
    }
  }

  mutating func removeOpen(_ number: Int64) {
    let index = position(of: number)
    if index < open.count, open[index] == number { open.remove(at: index) }
  }

  private func position(of number: Int64) -> Int {
    var low = 0
    var high = open.count
    while low < high {
      let middle = (low + high) / 2
      if open[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
