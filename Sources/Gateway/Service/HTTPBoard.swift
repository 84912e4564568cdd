import Synchronization

/// How the HTTP side is, for those who ask from other threads: what there is, and who was turned away or dropped.
public final class HTTPBoard: Sendable {
  /// One moment's view; all but the first two only rise.
  public struct Counts: Hashable, Sendable {
    public var connections = 0
    public var streams = 0
    /// Waiting connections that made room for newcomers.
    public var evicted = 0
    /// Newcomers for whom there was no room.
    public var refused = 0
    /// Requests that were not there in time.
    public var cutOff = 0
    /// Readers that took nothing for too long.
    public var stalled = 0
    /// Requests beyond what somebody may ask in a second.
    public var limited = 0

    public init() {}
  }

  private let counts = Mutex(Counts())

  public init() {}

  public var current: Counts { counts.withLock { $0 } }

  /// Counts something; from any thread.
  public func count(_ change: (inout Counts) -> Void) { counts.withLock { change(&$0) } }
}
