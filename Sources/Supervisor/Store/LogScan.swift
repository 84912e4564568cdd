/// Gathers the newest, or the oldest, lines that match out of blocks that are handed to it in the order of their last
/// ids: blocks of different sources overlap, so that what was found is only certain once the next block is known.
struct LogScan {
  enum Direction {
    /// The newest lines; blocks come with falling last ids.
    case backward
    /// The oldest lines; blocks come with rising last ids.
    case forward
  }

  /// Lines longer than that in all are not gathered in one go.
  static let bytesMax = 16 << 20

  let filter: LogFilter
  let direction: Direction
  /// Only lines with ids in here.
  let ids: ClosedRange<Int64>
  let limit: Int
  private var found: [LogEntry] = []
  private var bytes = 0
  /// Lines that matched had to be left out because of their size.
  private(set) var isCut = false

  init(filter: LogFilter, direction: Direction, ids: ClosedRange<Int64>, limit: Int) {
    self.filter = filter
    self.direction = direction
    self.ids = ids
    self.limit = max(0, limit)
  }

  mutating func take(_ block: LogBlock) {
    guard block.firstID <= ids.upperBound, block.lastID >= ids.lowerBound, filter.mayMatch(block) else {
      return
    }
    // What lies beyond the worst line that is kept need not be looked at.
    let worst = found.count >= limit ? bound : nil
    block.eachLine { line in
      if line.id > ids.upperBound { return false }
      guard line.id >= ids.lowerBound else { return true }
      if let worst {
        switch direction {
        case .backward where line.id < worst: return true
        case .forward where line.id > worst: return false
        default: break
        }
      }
      if filter.matches(line) {
        let entry = LogEntry(line)
        bytes += entry.bytes
        found.append(entry)
        if found.count >= 2 * limit + 1_024 || bytes > 2 * Self.bytesMax { trim() }
      }
      return true
    }
    trim()
  }

  /// Whether no block that is still to come can change the result.
  ///
  /// - Parameter next: backward the highest last id that is still to come, forward the lowest floor.
  func isComplete(next: Int64) -> Bool {
    if limit == 0 { return true }
    guard found.count >= limit || isCut, let bound else { return false }
    return direction == .backward ? bound > next : bound < next
  }

  /// The lines in the order of their ids.
  var entries: [LogEntry] { direction == .backward ? found.reversed() : found }

  /// The id of the worst line that is kept; `found` is sorted from best to worst.
  private var bound: Int64? { found.last?.id }

  private mutating func trim() {
    switch direction {
    case .backward: found.sort { $0.id > $1.id }
    case .forward: found.sort { $0.id < $1.id }
    }
    if found.count > limit {
      for entry in found[limit...] { bytes -= entry.bytes }
      found.removeSubrange(limit...)
    }
    while bytes > Self.bytesMax, found.count > 1, let last = found.popLast() {
      bytes -= last.bytes
      isCut = true
    }
  }
}
