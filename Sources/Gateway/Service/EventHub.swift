public import NIOCore
import Synchronization
import TradingStore

/// An event as HTTP sends it.
public struct EncodedEvent: Sendable {
  public let sequence: Int64
  public let type: String
  /// `id:` and `data:` lines with the empty line after them.
  public let bytes: ByteBuffer

  init(_ stored: StoredEvent) {
    let event = stored.event
    var bytes = ByteBuffer()
    bytes.writeString("id: \(stored.sequence)\ndata: ")
    bytes.writeEvent(event)
    bytes.writeString("\n\n")
    sequence = stored.sequence
    type = event.type
    self.bytes = bytes
  }
}

/// The latest events, encoded once, for any number of readers that each keep nothing but their place.
///
/// A reader that falls behind the ring goes on from the store; so a slow one costs no memory, and misses nothing.
public final class EventHub: Sendable {
  /// Events that are kept in memory.
  public static let kept = 4_096

  /// What a reader finds.
  public enum Found: Sendable {
    case events([EncodedEvent])
    /// They are in the store alone.
    case older
    /// There was nothing for a while.
    case quiet
    /// The gateway stops.
    case closed
  }

  private struct State {
    var ring: [EncodedEvent] = []
    var start = 0
    var last: Int64
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var isClosed = false

    mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
      defer { waiters = [:] }
      return Array(waiters.values)
    }
  }

  private let state: Mutex<State>

  init(last: Int64) { state = Mutex(State(last: last)) }

  /// The sequence number of the latest event.
  public var last: Int64 { state.withLock { $0.last } }

  func publish(_ events: [StoredEvent]) {
    guard !events.isEmpty else { return }
    let encoded = events.map(EncodedEvent.init)
    let waiters = state.withLock { state in
      state.ring += encoded
      state.last = encoded.last?.sequence ?? state.last
      // Cut rarely, as each cut moves everything.
      if state.ring.count > 2 * Self.kept { state.ring.removeFirst(state.ring.count - Self.kept) }
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Wakes every reader, so that it can send a heartbeat.
  public func wakeAll() {
    let waiters = state.withLock { $0.takeWaiters() }
    for waiter in waiters { waiter.resume() }
  }

  func close() {
    let waiters = state.withLock { state in
      state.isClosed = true
      return state.takeWaiters()
    }
    for waiter in waiters { waiter.resume() }
  }

  /// The events after a sequence number, at most `limit`; waits when there are none.
  ///
  /// - Parameter reader: A number that no other waiting reader uses.
  public func next(after sequence: Int64, limit: Int, reader: Int) async -> Found {
    if let found = find(after: sequence, limit: limit) { return found }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isLate = state.withLock { state in
          if state.isClosed || state.last > sequence || Task.isCancelled { return true }
          state.waiters[reader] = continuation
          return false
        }
        if isLate { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: reader) }?.resume()
    }
    return find(after: sequence, limit: limit) ?? .quiet
  }

  private func find(after sequence: Int64, limit: Int) -> Found? {
    state.withLock { state in
      if state.isClosed { return .closed }
      guard sequence < state.last else { return nil }
      guard let first = state.ring.first, first.sequence <= sequence + 1 else { return .older }
      let index = Int(sequence + 1 - first.sequence)
      return .events(Array(state.ring[index...].prefix(limit)))
    }
  }
}
