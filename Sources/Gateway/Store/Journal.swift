import Foundation
public import Model
public import Storage
import Synchronization

/// Commits entries on a thread of its own, together with all that arrived while the last commit ran.
public final class Journal: Sendable {
  /// The outcome of one transaction.
  public enum Committed: Sendable {
    /// The events of so many entries, in the order in which they were submitted.
    case entries([[StoredEvent]])
    /// Nothing of this or any later entry will be written.
    case failed(StorageError)
    /// Everything was written and the thread is gone.
    case closed
  }

  private let store: TradingStore
  private let queue = Mailbox<JournalEntry>(capacity: .max, overflow: .refuse)
  private let onCommitted: @Sendable (Committed) -> Void
  private let times = Mutex(DurationHistogram())

  /// How long transactions took.
  public var commitTimes: DurationHistogram { times.withLock { $0 } }

  /// The most entries in one transaction.
  public static let groupMax = 512

  /// Starts the thread.
  ///
  /// - Parameter onCommitted: Called from the thread after each transaction. The submitter bounds how much it has
  ///   under way: every session may only have so many requests open.
  public init(store: TradingStore, onCommitted: @escaping @Sendable (Committed) -> Void) {
    self.store = store
    self.onCommitted = onCommitted
    let thread = Thread { [self] in run() }
    thread.name = "journal"
    thread.stackSize = 1_024 * 1_024
    thread.qualityOfService = .userInteractive
    thread.start()
  }

  /// Queues an entry.
  public func submit(_ entry: JournalEntry) { queue.put(entry) }

  /// Takes nothing more; ``Committed/closed`` follows when everything is written.
  public func close() { queue.close() }

  private func run() {
    while let entries = queue.take(limit: Self.groupMax) {
      do throws(StorageError) {
        let start = ContinuousClock.now
        let stored = try store.commit(entries)
        let time = ContinuousClock.now - start
        times.withLock { $0.add(time) }
        onCommitted(.entries(stored))
      } catch {
        // Memory is ahead of the file now: the process must not go on.
        queue.close()
        onCommitted(.failed(error))
        return
      }
    }
    onCommitted(.closed)
  }
}
