@preconcurrency import Dispatch
import Foundation
import Model
import Synchronization

/// Reads a source ahead on a thread of its own, a bounded number of batches, for a consumer that never waits.
public final class ReadAhead: Sendable {
  /// What the consumer finds.
  public enum Taken: Sendable {
    case batch(QuoteBatch)
    /// `onAvailable` will be called.
    case nothingYet
    /// Every quote was taken.
    case ended
    case failed(FeedError)
  }

  private struct State {
    var batches: [QuoteBatch] = []
    var end: Result<Void, FeedError>?
    var isConsumerWaiting = false
    var isCancelled = false
  }

  private let state = Mutex(State())
  private let room: DispatchSemaphore
  private let onAvailable: @Sendable () -> Void

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - skipping: Quotes to read over: a replay that goes on where it was.
  ///   - batch: Quotes in a batch.
  ///   - depth: Batches that are ready at most.
  ///   - onAvailable: Called from the thread when the consumer found nothing and now there is something.
  ///   - make: Makes the source, on the thread.
  public init(
    skipping: Int64 = 0, batch: Int = 1_024, depth: Int = 8, onAvailable: @escaping @Sendable () -> Void,
    make: @escaping @Sendable () throws(FeedError) -> any QuoteSource
  ) {
    // Begins at zero: a semaphore that ends below its beginning stops the program.
    room = DispatchSemaphore(value: 0)
    for _ in 0..<depth { room.signal() }
    self.onAvailable = onAvailable
    let thread = Thread { [self] in read(skipping: skipping, batch: batch, make: make) }
    thread.name = "feed"
    thread.stackSize = 512 * 1_024
    thread.start()
  }

  /// The next batch, if one is ready.
  public func take() -> Taken {
    let taken: Taken = state.withLock { state in
      if !state.batches.isEmpty { return .batch(state.batches.removeFirst()) }
      switch state.end {
      case .success: return .ended
      case .failure(let error): return .failed(error)
      case nil:
        state.isConsumerWaiting = true
        return .nothingYet
      }
    }
    if case .batch = taken { room.signal() }
    return taken
  }

  /// Ends the thread soon.
  public func cancel() {
    state.withLock { $0.isCancelled = true }
    room.signal()
  }

  private func read(
    skipping: Int64, batch size: Int, make: @Sendable () throws(FeedError) -> any QuoteSource
  ) {
    do throws(FeedError) {
      var source = try make()
      var left = skipping
      while left > 0, !isCancelled {
        var batch = QuoteBatch()
        try source.fill(&batch, limit: Int(min(left, Int64(size))))
        if batch.quotes.isEmpty { break }
        left -= Int64(batch.quotes.count)
      }
      while true {
        room.wait()
        if isCancelled { return }
        var batch = QuoteBatch()
        do throws(FeedError) {
          try source.fill(&batch, limit: size)
        } catch {
          // What stands before the damage is played.
          if !batch.quotes.isEmpty { put { $0.batches.append(batch) } }
          throw error
        }
        let isLast = batch.quotes.isEmpty
        if !isLast || batch.badLineCount > 0 { put { $0.batches.append(batch) } }
        if isLast { break }
      }
      put { $0.end = .success(()) }
    } catch {
      put { $0.end = .failure(error) }
    }
  }

  private var isCancelled: Bool { state.withLock { $0.isCancelled } }

  private func put(_ change: (inout State) -> Void) {
    let wakes = state.withLock { state in
      change(&state)
      defer { state.isConsumerWaiting = false }
      return state.isConsumerWaiting
    }
    if wakes { onAvailable() }
  }
}
