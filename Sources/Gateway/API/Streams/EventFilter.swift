import GatewayService

/// Which events a reader wants: those of all types and strategies, or of some.
struct EventFilter: Hashable, Sendable {
  var types: Set<String>?
  var strategies: Set<String>?

  static let all = EventFilter()

  func takes(_ event: StreamedEvent) -> Bool {
    if let types, !types.contains(event.type) { return false }
    guard let strategies else { return true }
    return event.strategy.map(strategies.contains) ?? false
  }
}
