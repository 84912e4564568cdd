import Model
import Wire

/// What waits for the strategy, in the order in which it arrived.
enum Item: Sendable {
  case quote(Quote)
  case candle(Candle)
  case order(Order)
  case fill(Fill)
  case trading(isPaused: Bool, reason: String)
  case feed(String)
  case gateway(isUp: Bool)
  case params(JSON)
  case pause(String)
  case resume
  case stop(String)

  /// The callback that gets it; nil for what none gets.
  var callback: String? {
    switch self {
    case .quote: "onQuote"
    case .candle: "onCandle"
    case .order: "onOrder"
    case .fill: "onFill"
    case .trading(let isPaused, _): isPaused ? "onPause" : "onResume"
    case .feed: "onFeed"
    case .gateway: "onGateway"
    case .pause: "onPause"
    case .resume: "onResume"
    case .stop: "onStop"
    case .params: nil
    }
  }
}

/// The strategy's queue. Filled by the sockets, emptied by the strategy's loop, both on the strategy's thread.
@StrategyActor
final class Inbox {
  /// Above this the gateway's socket is not read, so that the gateway thins its quotes.
  static let highWater = 4_096
  static let lowWater = 1_024
  /// While an answer is awaited the socket must be read; quotes beyond this are dropped and counted.
  static let quotesMax = 65_536

  private var items: [Item] = []
  private var next = 0
  private var waiting: CheckedContinuation<Void, Never>?
  private(set) var droppedQuotes = 0

  var count: Int { items.count - next }

  func append(_ item: Item) {
    if case .quote = item, count >= Self.quotesMax {
      droppedQuotes += 1
      return
    }
    items.append(item)
    waiting?.resume()
    waiting = nil
  }

  /// Forgets the quotes of a connection that is gone: the gateway sends those again that still count.
  func dropQuotes() {
    items = items[next...].filter { if case .quote = $0 { false } else { true } }
    next = 0
  }

  /// Puts an item before all others: a stop does not wait behind quotes.
  func prepend(_ item: Item) {
    if next > 0 {
      next -= 1
      items[next] = item
    } else {
      items.insert(item, at: 0)
    }
    waiting?.resume()
    waiting = nil
  }

  /// The next item, waiting for one where there is none.
  func take() async -> Item {
    while next == items.count {
      items.removeAll(keepingCapacity: items.capacity <= Self.highWater * 2)
      next = 0
      await withCheckedContinuation { waiting = $0 }
    }
    let item = items[next]
    next += 1
    if next == Self.highWater {
      items.removeFirst(next)
      next = 0
    }
    return item
  }
}
