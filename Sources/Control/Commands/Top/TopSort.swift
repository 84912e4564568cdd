import Model

/// What the table is sorted by; each has a key.
enum TopSort: String, CaseIterable, Sendable {
  case name, state, uptime, restarts, cpu, memory, heartbeat, logs, messages, orders, fills, profit

  /// Capital letters command (`R`), or are not used.
  var key: Character {
    switch self {
    case .name: "n"
    case .state: "e"
    case .uptime: "u"
    case .restarts: "t"
    case .cpu: "c"
    case .memory: "m"
    case .heartbeat: "h"
    case .logs: "g"
    case .messages: "x"
    case .orders: "o"
    case .fills: "f"
    case .profit: "b"
    }
  }

  /// The word in the help.
  var title: String {
    switch self {
    case .cpu: "cpu"
    case .restarts: "restarts (times)"
    case .profit: "profit (balance)"
    case .messages: "messages/s (exchange)"
    case .logs: "log lines/s"
    case .heartbeat: "heartbeat age"
    default: rawValue
    }
  }

  func sorted(_ rows: [TopData.Strategy], isReversed: Bool) -> [TopData.Strategy] {
    // Numbers fall, words rise; equal ones by name, so that nothing jumps.
    let sorted: [TopData.Strategy]
    switch self {
    case .name: sorted = rows.sorted { $0.name < $1.name }
    case .state: sorted = rows.sorted { ($0.state, $0.name) < ($1.state, $1.name) }
    // Those that changed last first.
    case .uptime: sorted = rows.sorted { ($1.since, $0.name) < ($0.since, $1.name) }
    case .profit: sorted = Self.falling(rows) { $0.profit.map { Double("\($0)") ?? 0 } }
    case .restarts: sorted = Self.falling(rows) { Double($0.restarts) }
    case .cpu: sorted = Self.falling(rows, \.cpu)
    case .memory: sorted = Self.falling(rows) { $0.memory.map(Double.init) }
    case .heartbeat: sorted = Self.falling(rows) { $0.beatAge.map(Double.init) }
    case .logs: sorted = Self.falling(rows, \.lines)
    case .messages: sorted = Self.falling(rows, \.messages)
    case .orders: sorted = Self.falling(rows) { $0.orders.map(Double.init) }
    case .fills: sorted = Self.falling(rows) { $0.fills.map(Double.init) }
    }
    return isReversed ? sorted.reversed() : sorted
  }

  private static func falling(
    _ rows: [TopData.Strategy], _ value: (TopData.Strategy) -> Double?
  ) -> [TopData.Strategy] {
    let valued = rows.map { row in (row: row, value: value(row) ?? -Double.infinity) }
    let sorted = valued.sorted { left, right in
      left.value == right.value ? left.row.name < right.row.name : left.value > right.value
    }
    return sorted.map(\.row)
  }
}
