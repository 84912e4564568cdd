import Model

/// Every open order and a bounded number of final ones, found by number, id and client order id.
struct OrderMemory: Sendable {
  private struct ClientKey: Hashable, Sendable {
    let strategy: String
    let id: String
  }

  let capacity: Int
  private var orders: [Int64: Order] = [:]
  private var clients: [ClientKey: Int64] = [:]
  /// Final orders in the order of their end, from `first` on.
  private var finals: [Int64] = []
  private var first = 0
  /// Whether final orders exist that are not in memory.
  private(set) var hasForgotten: Bool

  init(capacity: Int, hasForgotten: Bool) {
    self.capacity = max(0, capacity)
    self.hasForgotten = hasForgotten
  }

  subscript(number: Int64) -> Order? { orders[number] }

  func order(strategy: String, clientOrderID: String) -> Order? {
    clients[ClientKey(strategy: strategy, id: clientOrderID)].flatMap { orders[$0] }
  }

  /// Any id that begins with `prefix` and ends with the number, behind a dash.
  func order(id: String, prefix: String) -> Order? {
    guard id.hasPrefix(prefix), let dash = id.utf8.lastIndex(of: UInt8(ascii: "-")),
      let number = Int64(id[id.index(after: dash)...]), let order = orders[number], order.id == id
    else { return nil }
    return order
  }

  mutating func insert(_ order: Order) {
    orders[order.number] = order
    clients[ClientKey(strategy: order.strategy, id: order.clientOrderID)] = order.number
    if order.state.isFinal { finals.append(order.number) }
  }

  mutating func update(_ order: Order) {
    let before = orders.updateValue(order, forKey: order.number)
    if order.state.isFinal, before?.state.isFinal != true { finals.append(order.number) }
  }

  /// Final orders, oldest end first.
  var recent: [Order] { finals[first...].compactMap { orders[$0] } }

  /// Drops final orders beyond the capacity.
  mutating func forget() {
    while finals.count - first > capacity {
      if let order = orders.removeValue(forKey: finals[first]) {
        clients[ClientKey(strategy: order.strategy, id: order.clientOrderID)] = nil
      }
      hasForgotten = true
      first += 1
    }
    if first > 1024, first * 2 > finals.count {
      finals.removeFirst(first)
      first = 0
    }
  }
}
