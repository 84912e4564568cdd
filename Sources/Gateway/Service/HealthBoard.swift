public import Model
import Synchronization

/// How the gateway is, for those who ask from other threads.
public final class HealthBoard: Sendable {
  /// What the feed is doing.
  public enum FeedState: String, Sendable {
    case held
    case live
    case ended
    case failed
  }

  /// One moment's view.
  public struct Health: Sendable {
    public var journal = true
    public var supervisor = false
    public var feed = FeedState.held
    public var feedKind = ""
    public var feedSpec = ""
    public var isSynthetic = false
    public var quotes: Int64 = 0
    public var mode = TradingMode.paper
    /// `released`, `flattening` or `flat`.
    public var killSwitch = "released"
    public var isOpen = false

    /// Whether orders are taken.
    public var isReady: Bool { journal && supervisor && isOpen && feed != .failed }
  }

  private let health = Mutex(Health())

  public init() {}

  public var current: Health { health.withLock { $0 } }

  func update(_ change: (inout Health) -> Void) { health.withLock { change(&$0) } }
}
