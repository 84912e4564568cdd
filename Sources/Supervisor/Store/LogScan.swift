/// Gathers the newest, or the oldest, lines that match out of blocks that are handed to it in the order of their last
/// ids: blocks of different sources overlap, so that what was found is only certain once the next block is known.
struct LogScan {
  enum Direction {
    /// The newest lines; blocks come with falling last ids.
    case backward
    /// The oldest lines; blocks come with rising last ids.
    case forward
  }

  let filter: LogFilter
  let direction: Direction
  /// Only lines with ids in here.
  let ids: ClosedRange<Int64>
  let limit: Int
  /// Lines longer than that in all are not gathered in one go.
  let bytesMax: Int
  private var found: [LogEntry] = []
  /// How many of them, from the first on, are known to be in order.
  private var ordered = 0
  private var bytes = 0
  /// Lines that matched had to be left out because of their size.
  private(set) var isCut = false

  init(
    filter: LogFilter, direction: Direction, ids: ClosedRange<Int64>, limit: Int, bytesMax: Int = 16 << 20
  ) {
    self.bytesMax = bytesMax
    self.filter = filter
    self.direction = direction
    self.ids = ids
    self.limit = max(0, limit)
  }

  mutating func take(_ block: LogBlock) {
    guard block.firstID <= ids.upperBound, block.lastID >= ids.lowerBound, filter.mayMatch(block) else {
      return
    }
    block.eachLine { line in
      if line.id > ids.upperBound { return false }
      guard line.id >= ids.lowerBound else { return true }
      // What lies beyond the worst line that is kept is not looked at: where others were left out for their size, it
      // would stand behind a gap.
      if let bar {
        switch direction {
        case .backward where line.id < bar: return true
        case .forward where line.id > bar: return false
        default: break
        }
      }
      if filter.matches(line) {
        let entry = LogEntry(line)
        bytes += entry.bytes
        found.append(entry)
        if found.count >= 2 * limit + 1_024 || bytes > 2 * bytesMax { trim() }
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

  /// The bound, once there is no room beyond it.
  private var bar: Int64?

  private mutating func trim() {
    order()
    if found.count > limit {
      for entry in found[limit...] { bytes -= entry.bytes }
      found.removeSubrange(limit...)
    }
    while bytes > bytesMax, found.count > 1, let last = found.popLast() {
      bytes -= last.bytes
      isCut = true
    }
    ordered = found.count
    if found.count >= limit || isCut { bar = bound }
  }
  /// Sorts from best to worst. A block that was being filled when it was asked for may have been closed and handed in
  /// once more since: its lines count once.
  private mutating func order() {
    let isForward = direction == .forward
    var index = max(1, ordered)
    while index < found.count, (found[index - 1].id < found[index].id) == isForward,
      found[index - 1].id != found[index].id
    {
      index += 1
    }
    guard index < found.count else { return }
    found.sort { isForward ? $0.id < $1.id : $0.id > $1.id }
    var last: Int64?
    found.removeAll { entry in
      defer { last = entry.id }
      guard entry.id == last else { return false }
      bytes -= entry.bytes
      return true
    }
  }
}
