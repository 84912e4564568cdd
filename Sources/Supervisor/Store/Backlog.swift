import Synchronization

/// How much waits for the disk, so that a full one costs lines and not memory.
///
/// The writer's queue counts records; a record may be a byte or a mebibyte, so bytes are counted here as well.
final class Backlog: Sendable {
  private struct State {
    var records = 0
    var bytes = 0
    var refused = 0
  }

  private let state = Mutex(State())
  private let recordsMax: Int
  private let bytesMax: Int

  init(recordsMax: Int, bytesMax: Int) {
    self.recordsMax = recordsMax
    self.bytesMax = bytesMax
  }

  /// Whether there is room; where there is none, the record is counted as lost.
  func admit(_ bytes: Int) -> Bool {
    state.withLock { state in
      guard state.records < recordsMax, state.bytes + bytes <= bytesMax else {
        state.refused += 1
        return false
      }
      state.records += 1
      state.bytes += bytes
      return true
    }
  }

  /// Records that left, for the disk or for nowhere.
  func leave(records: Int, bytes: Int) {
    state.withLock { state in
      state.records -= records
      state.bytes -= bytes
    }
  }

  var refused: Int { state.withLock { $0.refused } }
}
