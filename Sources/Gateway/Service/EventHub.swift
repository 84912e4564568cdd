public import NIOCore
import Synchronization
import TradingStore
import Wire

/// An event as streams show it.
public struct StreamedEvent: Sendable {
  private let stored: StoredEvent

  init(_ stored: StoredEvent) { self.stored = stored }

  /// Rises by one with every event of the gateway, over all its runs.
  public var sequence: Int64 { stored.sequence }
  public var type: String { stored.event.type }
  public var strategy: String? { stored.event.strategy }

  /// Writes it as the requirements have it: `{"source":…,"type":…,"payload":…,"ts":…}`.
  public func write(to buffer: inout ByteBuffer) { buffer.writeEvent(stored.event) }
}

/// The latest events, for any number of readers that each keep nothing but their place.
///
/// A reader that falls behind the ring goes on from the store; so a slow one costs no memory, and misses nothing.
public final class EventHub: Sendable {
  /// Events that are kept in memory.
  public static let kept = 2_048

  /// What a reader finds.
  public enum Found: Sendable {
    case events([StreamedEvent])
    /// They are in the store alone, up to and with this one.
    case older(until: Int64)
    /// There is nothing new.
    case nothing
    /// The gateway stops.
    case closed
  }

  private struct State {
    var ring: [StoredEvent] = []
    var last: Int64
    var listeners: [@Sendable () -> Void] = []
    var isClosed = false
  }

  private let state: Mutex<State>

  init(last: Int64) { state = Mutex(State(last: last)) }

  /// The sequence number of the latest event.
  public var last: Int64 { state.withLock { $0.last } }

  /// Has `wake` called after each change, on the thread that made it: it must not take long.
  public func onChange(_ wake: @escaping @Sendable () -> Void) {
    state.withLock { $0.listeners.append(wake) }
  }

  func publish(_ events: [StoredEvent]) {
    guard let last = events.last else { return }
    let listeners = state.withLock { state in
      state.ring += events
      state.last = last.sequence
      // Cut rarely, as each cut moves everything.
      if state.ring.count > 2 * Self.kept { state.ring.removeFirst(state.ring.count - Self.kept) }
      return state.listeners
    }
    for wake in listeners { wake() }
  }

  func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      return state.listeners
    }
    for wake in listeners { wake() }
  }

  /// The events after a sequence number, at most `limit`.
  public func find(after sequence: Int64, limit: Int) -> Found {
    state.withLock { state in
      if state.isClosed { return .closed }
      guard sequence < state.last else { return .nothing }
      guard let first = state.ring.first else { return .older(until: state.last) }
      guard first.sequence <= sequence + 1 else { return .older(until: first.sequence - 1) }
      let index = Int(sequence + 1 - first.sequence)
      return .events(state.ring[index...].prefix(limit).map(StreamedEvent.init))
    }
  }
}
