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

/// The working orders of one instrument and the quote that they meet.
struct Book: Sendable {
  let instrument: Instrument
  var sequence: Int64 = 0
  var bid: Price = .zero
  var ask: Price = .zero
  var time = Timestamp(nanoseconds: 0)
  var hasQuote = false

  // Each ladder's key is the price times `direction`, so that the order closest to the market has the greatest key
  // and one comparison tells whether the market has reached it.
  var buyLimits = Ladder()
  var sellStops = Ladder()
  var sellLimits = Ladder()
  var buyStops = Ladder()

  init(_ instrument: Instrument) { self.instrument = instrument }

  /// Whether the quote reaches any working order.
  var isReached: Bool {
    ask.raw <= buyLimits.best || bid.raw <= sellStops.best || -bid.raw <= sellLimits.best
      || -ask.raw <= buyStops.best
  }

  /// 1 where the market comes down to the price, -1 where it comes up.
  static func direction(_ side: Side, _ type: OrderType) -> Int128 {
    (side == .buy) == (type == .limit) ? 1 : -1
  }

  /// Where an order of that side trades now.
  func farSide(_ side: Side) -> Price { side == .buy ? ask : bid }

  /// Whether the quote reaches a limit or stop of that price. A buy looks at the ask, a sell at the bid.
  func reaches(_ side: Side, _ type: OrderType, _ price: Price) -> Bool {
    let direction = Self.direction(side, type)
    return farSide(side).raw * direction <= price.raw * direction
  }

  mutating func withLadder<Result>(
    _ side: Side, _ type: OrderType, _ body: (inout Ladder) -> Result
  ) -> Result {
    switch (side, type) {
    case (.buy, .limit): body(&buyLimits)
    case (.sell, .limit): body(&sellLimits)
    case (.buy, _): body(&buyStops)
    case (.sell, _): body(&sellStops)
    }
  }
}
