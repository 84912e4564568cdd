import GRDB
import Model
public import Storage

extension SupervisorStore {
  /// Hands a closed block to the writer; false when lines were lost for want of room.
  @discardableResult
  public func append(_ block: LogBlock) -> Bool { logWriter.append(block) }

  /// Lines that were lost because the disk did not take them, by source.
  public var lostLines: [String: Int] { logWriter.lost }
  /// Lines that were deleted to keep within age and size, since the start.
  public var deletedLines: Int { logWriter.archive.deleted }

  /// Deletes lines that are too old, and those that are too many since a smaller size was set.
  func pruneLogs(before bound: Timestamp) {
    // A disk that takes nothing now is tried again the next time.
    try? logWriter.archive.prune(before: bound, in: pool)
    try? pool.write { database in try logWriter.archive.add([], to: database) }
  }

  /// The last lines that match, oldest first, wherever they are by now.
  ///
  /// - Parameter open: blocks that are still being filled.
  public func logs(_ query: LogQuery, open: [LogBlock] = []) throws(StorageError) -> LogPage {
    // In this order: a block goes from the open ones to the waiting ones and from there to the file.
    let waiting = open + logWriter.waiting
    do {
      return try pool.read { database in try query.fetch(database, waiting: waiting) }
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }

  /// The next lines that match after `after` and up to `upTo`, oldest first, and the id up to which that is all.
  public func logs(
    _ filter: LogFilter, after: Int64, upTo: Int64, open: [LogBlock]
  ) throws(StorageError) -> LogContinued {
    let waiting = open + logWriter.waiting
    let losses = logWriter.archive.losses
    do {
      return try pool.read { database in
        let question = LogContinuation(filter: filter, after: after, upTo: upTo)
        return try question.fetch(database, waiting: waiting, losses: losses)
      }
    } catch {
      throw StorageError(error, path: pool.path)
    }
  }
}
