import Config
import Dispatch
import Model
import NIOCore
import Storage
import TradingStore

/// Keeping the journal within its bounds.
extension Gateway {
  private static let pruningInterval = TimeAmount.minutes(10)

  /// Deletes what is too old, on the questions' queue, some rows at a time; the rest follows at the next call.
  func pruneJournal() {
    guard phase == .running, let due = nextPruning, NIODeadline.now() >= due else { return }
    nextPruning = nil
    let settings = configuration.settings.journal
    let bounds = JournalBounds(
      events: marketNow.advanced(nanoseconds: -settings.keepEvents.nanoseconds),
      orders: marketNow.advanced(nanoseconds: -settings.keepOrders.nanoseconds),
      bytesMax: Int64(clamping: settings.maxBytes))
    let store = store
    let loop = loop
    questions.async { [self] in
      let result = Result { () throws(StorageError) in try store.prune(bounds) }
      loop.execute { self.assumeIsolated { $0.pruned(result) } }
    }
  }

  private func pruned(_ result: Result<PrunedRows, StorageError>) {
    nextPruning = .now() + Self.pruningInterval
    switch result {
    case .success(let rows):
      counters.prunedRows += rows.sum
      if rows.hasMore { nextPruning = .now() }
      guard rows.sum > 0 else { return }
      log(
        .info,
        "Deleted what the journal keeps no longer: \(rows.events) events, \(rows.orders) orders with"
          + " \(rows.changes) changes, \(rows.fills) fills.")
    case .failure(let error): log(.warning, "Old entries of the journal stay for now: \(error.message)")
    }
  }
}

extension Duration {
  fileprivate var nanoseconds: Int64 {
    let (seconds, isTooLong) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return isTooLong ? .max : seconds
  }
}
