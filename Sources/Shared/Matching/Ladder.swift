import Model

/// Order ids by a key, the greatest key at hand: prices of one side and type, or times of expiry.
///
/// A sorted array: the end is read and taken at no cost, and a book of thousands of orders is moved by one
/// `memmove` when one is put in.
struct Ladder: Sendable {
  struct Entry: Sendable {
    let key: Int128
    let number: Int64
    let id: String
  }

  private(set) var entries: [Entry] = []
  /// The greatest key; `Int128.min` when empty, which nothing reaches.
  private(set) var best: Int128 = .min

  mutating func insert(key: Int128, number: Int64, id: String) {
    entries.insert(Entry(key: key, number: number, id: id), at: position(key, number))
    best = entries[entries.count - 1].key
  }

  mutating func remove(key: Int128, number: Int64) {
    let index = position(key, number)
    guard index < entries.count, entries[index].key == key, entries[index].number == number else { return }
    entries.remove(at: index)
    best = entries.last?.key ?? .min
  }

  mutating func popBest() -> Entry? {
    let entry = entries.popLast()
    best = entries.last?.key ?? .min
    return entry
  }

  /// Entries ascend by key and, within one key, descend by number, so that the oldest of the best is last.
  private func position(_ key: Int128, _ number: Int64) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      let entry = entries[middle]
      if entry.key < key || (entry.key == key && entry.number > number) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}
