public import Model

/// What waits for a subscriber that reads slower than the market moves.
///
/// Up to a bound it keeps everything; beyond it only the latest quote of each instrument, and counts the others.
public struct SubscriberQueue: Sendable {
  /// What a subscriber is told in the order of the market.
  public enum Item: Hashable, Sendable {
    case quote(Quote)
    case candle(Candle)
  }

  /// Quotes that wait before they are thinned, and candles that wait before the oldest is dropped.
  public static let bound = 1_024

  private var items: [Item] = []
  private var head = 0
  private var quotes = 0
  /// Quotes and candles that it lost.
  public private(set) var thinned = 0

  public init() {}

  public var isEmpty: Bool { head == items.count }
  public var count: Int { items.count - head }

  /// Puts an item last; above the bound, older quotes of an instrument give way to its latest and are counted.
  public mutating func push(_ item: Item) {
    items.append(item)
    if case .quote = item { quotes += 1 }
    if quotes > Self.bound || count > 2 * Self.bound { thin() }
  }

  /// What is next, without taking it.
  public var first: Item? { isEmpty ? nil : items[head] }

  /// Takes the first item away.
  public mutating func removeFirst() {
    guard !isEmpty else { return }
    if case .quote = items[head] { quotes -= 1 }
    head += 1
    if head == items.count {
      items.removeAll(keepingCapacity: true)
      head = 0
    }
  }

  private mutating func thin() {
    var latest: [String: Int64] = [:]
    var candles = 0
    for item in items[head...] {
      switch item {
      case .quote(let quote): latest[quote.instrument] = quote.sequence
      case .candle: candles += 1
      }
    }
    var surplus = candles - Self.bound
    let kept = items[head...].filter { item in
      switch item {
      case .quote(let quote): return latest[quote.instrument] == quote.sequence
      case .candle:
        surplus -= 1
        return surplus < 0
      }
    }
    thinned += count - kept.count
    items = Array(kept)
    head = 0
    quotes = latest.count
  }
}
