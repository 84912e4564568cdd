import Dispatch
import GRDB
import Synchronization

/// Carries what the log holds over into the file, beside the commits.
///
/// A commit that finds the log too long does that itself, and all that wait for it wait much longer than for others.
/// Where most of it has been done here, little is left to it.
final class Checkpointer: Sendable {
  private struct State {
    var rows = 0
    var isRunning = false
  }

  /// Rows that are worth the two syncs of a checkpoint.
  private static let rowsMin = 8_000

  private let database: DatabaseQueue
  private let queue = DispatchQueue(label: "checkpoint", qos: .utility)
  private let state = Mutex(State())

  init(path: String) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    database = try DatabaseQueue(path: path, configuration: configuration)
    // Whatever this connection does, the pool's settings are the journal's.
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
  }

  /// So many rows were committed.
  func wrote(_ rows: Int) {
    let begins = state.withLock { state in
      state.rows += rows
      guard state.rows >= Self.rowsMin, !state.isRunning else { return false }
      state.rows = 0
      state.isRunning = true
      return true
    }
    guard begins else { return }
    queue.async { [self] in
      // Where it fails, a commit does it, and says why it cannot.
      _ = try? database.writeWithoutTransaction { try $0.checkpoint(.passive) }
      state.withLock { $0.isRunning = false }
    }
  }
}
