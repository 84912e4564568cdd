/// Keeps a replay at full speed together with those who watch it, so that it gives the same trades every time.
///
/// A member that may trade (window 1) gets the next quote only when it has acknowledged the last one; a member that
/// only watches may be `window` quotes behind. Requests that arrive while a quote is out are collected, and taken
/// in a round when every trading member has acknowledged the quote or waits for an answer: then in the order of
/// the strategies' names, not of their processes' luck.
public struct LockstepBarrier<Request> {
  /// A session's number.
  public typealias Member = Int

  private struct Standing {
    let window: Int
    var owed = OwedQuotes()
    var waiting = 0

    var isStrict: Bool { window == 1 }
    /// A trading member that neither acknowledged nor asks for something.
    var holdsRound: Bool { isStrict && owed.count > 0 && waiting == 0 }
  }

  private struct Collected {
    let strategy: String
    let member: Member
    let request: Request
  }

  private var standings: [Member: Standing] = [:]
  /// In the order of arrival.
  private var collected: [Collected] = []

  public init() {}

  public var isEmpty: Bool { standings.isEmpty }

  /// Whether requests have to wait for their round.
  public var isOpen: Bool { standings.values.contains { $0.isStrict && $0.owed.count > 0 } }

  /// A subscriber that is owed every quote takes part from the next one on.
  public mutating func join(_ member: Member, window: Int) {
    if standings[member] == nil { standings[member] = Standing(window: max(1, window)) }
  }

  /// Forgets a member, what it owes and what it asked for.
  public mutating func leave(_ member: Member) {
    standings[member] = nil
    collected.removeAll { $0.member == member }
  }

  /// A quote went to a member.
  public mutating func sent(_ sequence: Int64, to member: Member) {
    standings[member]?.owed.append(sequence)
  }

  /// A member is done with every quote up to `sequence`.
  public mutating func acknowledged(_ sequence: Int64, by member: Member) {
    standings[member]?.owed.remove(through: sequence)
  }

  /// Keeps a request for the next round.
  public mutating func collect(_ request: Request, of strategy: String, by member: Member) {
    standings[member]?.waiting += 1
    collected.append(Collected(strategy: strategy, member: member, request: request))
  }

  /// Whether a member's earlier request waits for the round, so that a later one must not overtake it.
  public func isWaiting(_ member: Member) -> Bool { collected.contains { $0.member == member } }

  /// The requests of a round, by strategy and then arrival; none while a trading member is still deciding.
  public mutating func takeRound() -> [Request] {
    guard !collected.isEmpty, !standings.values.contains(where: \.holdsRound) else { return [] }
    let round = collected.enumerated().sorted { left, right in
      (left.element.strategy, left.offset) < (right.element.strategy, right.offset)
    }
    collected = []
    for member in standings.keys { standings[member]?.waiting = 0 }
    return round.map(\.element.request)
  }

  /// How many quotes may go out now.
  public var credit: Int {
    guard collected.isEmpty else { return 0 }
    return standings.values.reduce(.max) { min($0, max(0, $1.window - $1.owed.count)) }
  }
}

/// The quotes that a member has not acknowledged, oldest first.
private struct OwedQuotes {
  private var sequences: [Int64] = []
  private var head = 0

  var count: Int { sequences.count - head }

  mutating func append(_ sequence: Int64) { sequences.append(sequence) }

  mutating func remove(through sequence: Int64) {
    while head < sequences.count, sequences[head] <= sequence { head += 1 }
    if head == sequences.count {
      sequences.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 512 {
      sequences.removeFirst(head)
      head = 0
    }
  }
}
