/// Which user id belongs to which strategy: remembered for good, so that what one has written is never another's.
struct WorkerUsers: Equatable, Sendable {
  private(set) var range: ClosedRange<UInt32>
  /// Ids of the range that the system has given to somebody, or that somebody uses.
  private(set) var taken: Set<UInt32>
  private(set) var byName: [String: UInt32]

  /// - Parameters:
  ///   - remembered: what the database has.
  ///   - owners: to whom the state folders belong: an id that was given and not yet recorded when rbotd was killed is
  ///     still its strategy's.
  init(
    range: ClosedRange<UInt32>, taken: Set<UInt32>, remembered: [String: UInt32], owners: [String: UInt32]
  ) {
    self.range = range
    self.taken = taken.filter(range.contains)
    byName = remembered
    let known = Set(remembered.values)
    for (name, user) in owners.sorted(by: { $0.key < $1.key })
    where byName[name] == nil && range.contains(user) && !known.contains(user) {
      byName[name] = user
    }
  }

  /// The user id of a strategy; the lowest free one where it has none, or none that may be used any more.
  ///
  /// - Returns: the id and whether it is new; nil where all of the range are given.
  mutating func assign(_ name: String) -> (user: UInt32, isNew: Bool)? {
    if let user = byName[name], range.contains(user), !taken.contains(user) { return (user, false) }
    let given = Set(byName.values)
    guard let user = range.first(where: { !given.contains($0) && !taken.contains($0) }) else { return nil }
    byName[name] = user
    return (user, true)
  }

  /// From now on that id is somebody else's, and whose it was gets another.
  mutating func avoid(_ user: UInt32) { taken.insert(user) }

  /// Whether a process of that user is a strategy's.
  func isWorker(_ user: UInt32) -> Bool { byName.values.contains(user) }
}
