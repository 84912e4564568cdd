@preconcurrency import Dispatch
import Synchronization

/// A bounded queue that many threads fill and one thread of its own empties, many elements at a time.
public final class Mailbox<Element: Sendable>: Sendable {
  /// What an overfull mailbox does.
  public enum Overflow: Sendable {
    /// The oldest element makes room.
    case dropOldest
    /// The new element is refused.
    case refuse
  }

  private struct State {
    var queue: [Element] = []
    var isClosed = false
    var isAsleep = false
    var dropped = 0

    mutating func take(_ limit: Int) -> [Element] {
      if queue.count <= limit {
        defer { queue = [] }
        return queue
      }
      let taken = Array(queue.prefix(limit))
      queue.removeFirst(limit)
      return taken
    }
  }

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let capacity: Int
  private let overflow: Overflow
  /// Dropping the oldest moves all others, so it is done for an eighth of the queue at once.
  private let slack: Int

  public init(capacity: Int, overflow: Overflow) {
    self.capacity = capacity
    self.overflow = overflow
    slack = overflow == .dropOldest ? capacity / 8 : 0
  }

  /// Puts one element in; false when it, or an older one, was dropped, or the mailbox is closed.
  @discardableResult
  public func put(_ element: Element) -> Bool { put(contentsOf: CollectionOfOne(element)) }

  /// Puts several elements in, in order; false when something was dropped.
  @discardableResult
  public func put(contentsOf elements: some Collection<Element>) -> Bool {
    let (wakes, isComplete) = state.withLock { state in
      guard !state.isClosed else {
        state.dropped += elements.count
        return (false, false)
      }
      state.queue.append(contentsOf: elements)
      let excess = state.queue.count - capacity
      if excess > slack {
        switch overflow {
        case .dropOldest: state.queue.removeFirst(excess)
        case .refuse: state.queue.removeLast(excess)
        }
        state.dropped += excess
      }
      let wakes = state.isAsleep && !state.queue.isEmpty
      if wakes { state.isAsleep = false }
      return (wakes, excess <= slack)
    }
    if wakes { wake.signal() }
    return isComplete
  }

  /// Everything that is there, at most `limit`; waits while there is nothing. Nil once the mailbox is closed and
  /// empty. Only its one reader may call this.
  public func take(limit: Int = .max) -> [Element]? {
    while true {
      let taken: [Element]?? = state.withLock { state in
        if !state.queue.isEmpty { return .some(state.take(limit)) }
        if state.isClosed { return .some(nil) }
        state.isAsleep = true
        return nil
      }
      if let taken { return taken }
      wake.wait()
    }
  }

  /// Ends the mailbox: what is in it is still handed out, nothing comes in any more.
  public func close() {
    let wakes = state.withLock { state in
      state.isClosed = true
      defer { state.isAsleep = false }
      return state.isAsleep
    }
    if wakes { wake.signal() }
  }

  public var count: Int { state.withLock { $0.queue.count } }
  public var dropped: Int { state.withLock { $0.dropped } }
  public var isClosed: Bool { state.withLock { $0.isClosed } }
}
