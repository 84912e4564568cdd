import Dispatch
import Foundation
import GRDB
import Storage
import Synchronization

/// Writes blocks of lines, many in one transaction, from a thread of its own; whoever appends never waits.
final class LogWriter: Sendable {
  private struct State {
    var backlog: LogBacklog
    var isClosed = false
    var isFinished = false
    var isAsleep = false
    var written = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  /// One transaction; a reader of the file waits for none of it.
  private static let batchBytes = 4 << 20

  let archive: LogArchive
  private let state: Mutex<State>
  private let wake = DispatchSemaphore(value: 0)
  private let pool: DatabasePool
  private let onTrouble: @Sendable (StorageError?) -> Void

  init(pool: DatabasePool, archive: LogArchive, onTrouble: @escaping @Sendable (StorageError?) -> Void) {
    self.pool = pool
    self.archive = archive
    state = Mutex(State(backlog: LogBacklog(losses: archive.losses)))
    self.onTrouble = onTrouble
    let thread = Thread { [self] in run() }
    thread.name = "logs"
    thread.stackSize = 512 << 10
    thread.start()
  }

  /// False when something was lost for want of room.
  func append(_ block: LogBlock) -> Bool {
    let (wakes, isComplete) = state.withLock { state in
      guard !state.isClosed else { return (false, false) }
      let isComplete = state.backlog.append(block)
      defer { state.isAsleep = false }
      return (state.isAsleep, isComplete)
    }
    if wakes { wake.signal() }
    return isComplete
  }

  /// Blocks that may not be in the file yet.
  var waiting: [LogBlock] { state.withLock { $0.backlog.waiting } }
  var lost: [String: Int] { state.withLock { $0.backlog.lost } }
  var lostLines: Int { state.withLock { $0.backlog.lostLines } }
  var waitingLines: Int { state.withLock { $0.backlog.waitingLines } }
  var written: Int { state.withLock { $0.written } }

  /// Takes no more, writes what waits with one last try, and returns when the thread is done.
  func close() async {
    let wakes = state.withLock { state in
      state.isClosed = true
      defer { state.isAsleep = false }
      return state.isAsleep
    }
    if wakes { wake.signal() }
    await withCheckedContinuation { continuation in
      let isFinished = state.withLock { state in
        if !state.isFinished { state.waiters.append(continuation) }
        return state.isFinished
      }
      if isFinished { continuation.resume() }
    }
  }

  private enum Step {
    case write([LogBlock])
    case convert
    case sleep
    case end
  }

  private func run() {
    while true {
      let step: Step = state.withLock { state in
        if !state.backlog.isEmpty { return .write(state.backlog.take(bytesMax: Self.batchBytes)) }
        if state.isClosed { return .end }
        if archive.hasOldLines { return .convert }
        state.isAsleep = true
        return .sleep
      }
      switch step {
      case .write(let blocks): store(blocks)
      case .convert: archive.convertSome(pool)
      case .sleep: wake.wait()
      case .end:
        let waiters = state.withLock { state in
          state.isFinished = true
          return state.waiters
        }
        for waiter in waiters { waiter.resume() }
        return
      }
    }
  }

  private func store(_ blocks: [LogBlock]) {
    var delay = 0.25
    var isInTrouble = false
    while true {
      do {
        try pool.write { database in try archive.add(blocks, to: database) }
        state.withLock { state in
          state.backlog.written()
          state.written += blocks.reduce(0) { $0 + $1.lines }
        }
        if isInTrouble { onTrouble(nil) }
        return
      } catch {
        let trouble = StorageError(error, path: pool.path)
        if !isInTrouble { onTrouble(trouble) }
        isInTrouble = true
        guard trouble.mayPass, !state.withLock({ $0.isClosed }) else {
          state.withLock { $0.backlog.abandoned() }
          return
        }
        Thread.sleep(forTimeInterval: delay)
        delay = min(delay * 2, 5)
      }
    }
  }
}
