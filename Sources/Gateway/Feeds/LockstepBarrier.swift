/// Keeps a replay at full speed together with those who watch it, so that it gives the same trades every time.
///
/// A member that may trade (window 1) gets the next quote only when it has acknowledged the last one; a member that
/// only watches may be `window` quotes behind. Requests that arrive while a quote is out are collected, and taken
/// in a round when every trading member has acknowledged the quote or waits for an answer: then in the order of
/// the strategies' names, not of their processes' luck.
public struct LockstepBarrier<Request> {
  /// A session's number.
  public typealias Member = Int

  private struct Collected {
    let strategy: String
    let member: Member
    let request: Request
  }

  /// Few, and looked at for every quote: a list is quicker than a dictionary.
  private var standings: [Standing] = []
  /// In the order of arrival.
  private var collected: [Collected] = []

  public init() {}

  public var isEmpty: Bool { standings.isEmpty }

  /// Whether requests have to wait for their round.
  public var isOpen: Bool { standings.contains { $0.isStrict && $0.owed.count > 0 } }

  /// A subscriber that is owed every quote takes part from the next one on.
  public mutating func join(_ member: Member, window: Int) {
    guard !standings.contains(where: { $0.member == member }) else { return }
    standings.append(Standing(member: member, window: max(1, window)))
  }

  /// Waits for a member no longer; what it asked for is still answered, in the next round.
  public mutating func leave(_ member: Member) {
    standings.removeAll { $0.member == member }
  }

  /// Forgets a member that is gone, what it owes and what it asked for.
  public mutating func forget(_ member: Member) {
    leave(member)
    collected.removeAll { $0.member == member }
  }

  /// A quote went to a member.
  public mutating func sent(_ sequence: Int64, to member: Member) {
    guard let index = index(of: member) else { return }
    standings[index].owed.append(sequence)
  }

  /// A member is done with every quote up to `sequence`.
  public mutating func acknowledged(_ sequence: Int64, by member: Member) {
    guard let index = index(of: member) else { return }
    standings[index].owed.remove(through: sequence)
  }

  /// Keeps a request for the next round.
  public mutating func collect(_ request: Request, of strategy: String, by member: Member) {
    if let index = index(of: member) { standings[index].waiting += 1 }
    collected.append(Collected(strategy: strategy, member: member, request: request))
  }

  /// Whether a member's earlier request waits for the round, so that a later one must not overtake it.
  public func isWaiting(_ member: Member) -> Bool { collected.contains { $0.member == member } }

  /// The requests of a round, by strategy and then arrival; none while a trading member is still deciding.
  public mutating func takeRound() -> [Request] {
    guard !collected.isEmpty, !standings.contains(where: \.holdsRound) else { return [] }
    let round = collected.enumerated().sorted { left, right in
      (left.element.strategy, left.offset) < (right.element.strategy, right.offset)
    }
    collected = []
    for index in standings.indices { standings[index].waiting = 0 }
    return round.map(\.element.request)
  }

  /// How many quotes may go out now.
  public var credit: Int {
    guard collected.isEmpty else { return 0 }
    var least = Int.max
    for standing in standings { least = min(least, max(0, standing.window - standing.owed.count)) }
    return least
  }

  private func index(of member: Member) -> Int? { standings.firstIndex { $0.member == member } }
}

/// One member and what it owes. Outside of the generic type, whose nested types would be made anew for each call.
private struct Standing {
  let member: Int
  let window: Int
  var owed = OwedQuotes()
  var waiting = 0

  var isStrict: Bool { window == 1 }
  /// A trading member that neither acknowledged nor asks for something.
  var holdsRound: Bool { isStrict && owed.count > 0 && waiting == 0 }
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
