/// The executions that were booked, by the broker's ids: the latest of them, up to a bound.
struct SeenExecutions: Hashable, Sendable {
  private let capacity: Int
  private var ids: Set<String> = []
  private var order: [String] = []
  private var first = 0

  init(capacity: Int) { self.capacity = max(1, capacity) }

  /// Takes an id in; false where it is there already.
  mutating func insert(_ id: String) -> Bool {
    guard ids.insert(id).inserted else { return false }
    order.append(id)
    if order.count - first > capacity {
      ids.remove(order[first])
      first += 1
      // Moving the rest is put off until it is worth it.
      if first > capacity {
        order.removeFirst(first)
        first = 0
      }
    }
    return true
  }
}
