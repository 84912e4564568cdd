import Foundation
public import GRDB
import Synchronization

/// Writes many small records, one transaction for each batch, from a thread of its own.
///
/// Made for logs and metrics: nobody who appends ever waits. When the disk is full or the file is locked the
/// writer keeps trying; meanwhile the queue fills and then loses its oldest records, which are counted.
public final class BatchWriter<Record: Sendable>: Sendable {
  /// What has become of the records.
  public struct Counters: Sendable, Equatable {
    public var written = 0
    /// Lost because the queue was full, or because SQLite refused their batch for good.
    public var dropped = 0
    /// Batches that failed, tries included.
    public var failures = 0
    /// The last failure; nil again after the next success.
    public var trouble: StorageError?
  }

  private struct State {
    var counters = Counters()
    var isFinished = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let queue: Mailbox<Record>
  private let state = Mutex(State())
  private let write: @Sendable (Database, [Record]) throws -> Void
  private let pool: DatabasePool
  private let batch: Int
  private let linger: TimeInterval
  private let onTrouble: @Sendable (StorageError?) -> Void
  private let onWritten: @Sendable ([Record]) -> Void

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - name: The thread's name.
  ///   - capacity: How many records wait at most; beyond that the oldest are dropped.
  ///   - batch: How many go into one transaction at most.
  ///   - lingerMilliseconds: How long a batch is gathered; the price of few transactions.
  ///   - onTrouble: Called from the writer's thread with the first of a row of failures, and with nil when
  ///     writing works again.
  ///   - onWritten: Called from the writer's thread with each batch, once it is committed.
  ///   - write: Writes a batch inside an open transaction.
  public init(
    name: String, pool: DatabasePool, capacity: Int = 65_536, batch: Int = 8_192,
    lingerMilliseconds: Int = 20,
    onTrouble: @escaping @Sendable (StorageError?) -> Void = { _ in },
    onWritten: @escaping @Sendable ([Record]) -> Void = { _ in },
    write: @escaping @Sendable (Database, [Record]) throws -> Void
  ) {
    queue = Mailbox(capacity: capacity, overflow: .dropOldest)
    self.pool = pool
    self.batch = batch
    linger = Double(lingerMilliseconds) / 1_000
    self.onTrouble = onTrouble
    self.onWritten = onWritten
    self.write = write
    let thread = Thread { [self] in run() }
    thread.name = name
    thread.stackSize = 512 * 1_024
    thread.start()
  }

  /// Queues one record; false when it pushed an older one out, or the writer is closed.
  @discardableResult
  public func append(_ record: Record) -> Bool { queue.put(record) }

  /// Queues several records in order.
  @discardableResult
  public func append(contentsOf records: some Collection<Record>) -> Bool { queue.put(contentsOf: records) }

  /// How many records wait.
  public var pending: Int { queue.count }

  public var counters: Counters {
    var counters = state.withLock { $0.counters }
    counters.dropped += queue.dropped
    return counters
  }

  /// Takes no more records, writes what waits with one last try for each batch, and returns when the thread is
  /// done.
  public func close() async {
    queue.close()
    await withCheckedContinuation { continuation in
      let isFinished = state.withLock { state in
        if !state.isFinished { state.waiters.append(continuation) }
        return state.isFinished
      }
      if isFinished { continuation.resume() }
    }
  }

  private func run() {
    while let records = queue.take(limit: batch) {
      store(records)
      if !queue.isClosed, queue.count < batch { Thread.sleep(forTimeInterval: linger) }
    }
    let waiters = state.withLock { state in
      state.isFinished = true
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  private func store(_ records: [Record]) {
    var delay = 0.25
    while true {
      do {
        try pool.write { database in try write(database, records) }
        let recovered = state.withLock { state in
          state.counters.written += records.count
          defer { state.counters.trouble = nil }
          return state.counters.trouble != nil
        }
        if recovered { onTrouble(nil) }
        onWritten(records)
        return
      } catch {
        let trouble = StorageError(error, path: pool.path)
        let isFirst = state.withLock { state in
          state.counters.failures += 1
          defer { state.counters.trouble = trouble }
          return state.counters.trouble == nil
        }
        if isFirst { onTrouble(trouble) }
        guard trouble.mayPass, !queue.isClosed else {
          state.withLock { $0.counters.dropped += records.count }
          return
        }
        Thread.sleep(forTimeInterval: delay)
        delay = min(delay * 2, 5)
      }
    }
  }
}
