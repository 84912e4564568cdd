import Model

/// When which strategy's schedule is next to be looked at; the earliest first.
///
/// A strategy whose time has changed is simply put in again: what is in the heap and is not its time any more is
/// passed over when it comes up.
struct WakeHeap {
  struct Entry: Equatable {
    let at: Timestamp
    let name: String
  }

  private var entries: [Entry] = []
  private var times: [String: Timestamp] = [:]

  /// Strategies that have a time.
  var count: Int { times.count }

  /// Sets a strategy's time, or takes it away.
  ///
  /// - Returns: whether the earliest time may be another one now.
  @discardableResult
  mutating func set(_ name: String, _ at: Timestamp?) -> Bool {
    guard times[name] != at else { return false }
    times[name] = at
    guard let at else { return true }
    entries.append(Entry(at: at, name: name))
    rise(entries.count - 1)
    if entries.count > 64 + 4 * times.count { rebuild() }
    return true
  }

  /// The earliest time of all.
  mutating func first() -> Timestamp? {
    while let top = entries.first {
      if times[top.name] == top.at { return top.at }
      removeTop()
    }
    return nil
  }

  /// Takes out the one with the earliest time, if that has come.
  mutating func take(until now: Timestamp) -> String? {
    guard let at = first(), at <= now, let top = entries.first else { return nil }
    removeTop()
    times[top.name] = nil
    return top.name
  }

  private mutating func rebuild() {
    entries = times.map { Entry(at: $0.value, name: $0.key) }.sorted { $0.at < $1.at }
  }

  private mutating func removeTop() {
    guard let last = entries.popLast(), !entries.isEmpty else { return }
    entries[0] = last
    var index = 0
    while true {
      let (left, right) = (2 * index + 1, 2 * index + 2)
      var least = index
      if left < entries.count, entries[left].at < entries[least].at { least = left }
      if right < entries.count, entries[right].at < entries[least].at { least = right }
      guard least != index else { return }
      entries.swapAt(index, least)
      index = least
    }
  }

  private mutating func rise(_ start: Int) {
    var index = start
    while index > 0, entries[index].at < entries[(index - 1) / 2].at {
      entries.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }
}
