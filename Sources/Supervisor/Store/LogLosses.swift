import Synchronization

/// Lines that nobody can read any more: deleted to make room, or lost because the disk took nothing. A reader who was
/// behind asks here how many he will never get.
///
/// The last few thousand blocks are known one by one; older ones are counted together with their neighbours.
final class LogLosses: Sendable {
  static let blocksMax = 4_096

  /// Without their lines.
  private let blocks = Mutex<[LogBlock]>([])

  /// Blocks that are known, each perhaps several in one.
  var known: Int { blocks.withLock { $0.count } }

  func add(_ gone: [LogBlock]) {
    blocks.withLock { blocks in
      blocks += gone.map(\.outline)
      if blocks.count > Self.blocksMax { blocks = Self.folded(blocks) }
    }
  }

  /// They are there again: the transaction that deleted them was undone.
  func remove(_ lastIDs: Set<Int64>) {
    blocks.withLock { $0.removeAll { lastIDs.contains($0.lastID) } }
  }

  /// How many lines of blocks that may match lay behind `after` and up to `upTo`.
  ///
  /// - Parameter seen: last ids of blocks that the reader still found.
  func count(_ filter: LogFilter, after: Int64, upTo: Int64, except seen: Set<Int64>) -> Int {
    blocks.withLock { blocks in
      blocks.reduce(0) { sum, block in
        guard block.lastID > after, block.firstID <= upTo, !seen.contains(block.lastID),
          filter.mayMatch(block)
        else { return sum }
        // Of a block of which he had a part, no more than the ids leave room for.
        let room = min(block.lastID, upTo) - max(block.firstID - 1, after)
        return sum + min(block.lines, Int(room))
      }
    }
  }

  /// Each two neighbours of a source as one, so that half as many remain.
  private static func folded(_ blocks: [LogBlock]) -> [LogBlock] {
    var folded: [LogBlock] = []
    var open: [String: Int] = [:]
    for block in blocks.sorted(by: { $0.lastID < $1.lastID }) {
      if let index = open.removeValue(forKey: block.source) {
        folded[index] = folded[index].joined(block)
      } else {
        open[block.source] = folded.count
        folded.append(block)
      }
    }
    return folded
  }
}

extension LogBlock {
  fileprivate var outline: LogBlock { joined(nil) }

  /// Without its lines, and with what another has, as if they were one.
  fileprivate func joined(_ other: LogBlock?) -> LogBlock {
    let other = other ?? self
    let isSame = other.lastID == lastID
    return LogBlock(
      source: source, firstID: min(firstID, other.firstID), lastID: max(lastID, other.lastID),
      floor: min(floor, other.floor),
      times: min(times.lowerBound, other.times.lowerBound)...max(times.upperBound, other.times.upperBound),
      runs: min(runs.lowerBound, other.runs.lowerBound)...max(runs.upperBound, other.runs.upperBound),
      severities: severities | other.severities, streams: streams | other.streams,
      lines: isSame ? lines : lines + other.lines, data: [])
  }
}
