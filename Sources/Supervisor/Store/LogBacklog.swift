/// Blocks on their way to the file, oldest first, and readable until they are there.
///
/// When the disk does not take them, whoever said most loses his oldest block first: what the others said last stays.
struct LogBacklog {
  /// Bytes that may wait, those being written included.
  static let bytesMax = 16 << 20

  private var blocks: [LogBlock] = []
  /// How many of them, from the oldest on, are being written.
  private var underway = 0
  private var bytes = 0
  private var bytesBySource: [String: Int] = [:]
  /// Lines that were lost, by source.
  private(set) var lost: [String: Int] = [:]
  private(set) var lostLines = 0
  private(set) var waitingLines = 0
  private let losses: LogLosses

  init(losses: LogLosses) { self.losses = losses }

  /// Everything that may not be in the file yet.
  var waiting: [LogBlock] { blocks }
  var isEmpty: Bool { blocks.count == underway }

  /// Takes a block in; false when another, or this one, was lost for want of room.
  mutating func append(_ block: LogBlock) -> Bool {
    blocks.append(block)
    count(block, 1)
    var isComplete = true
    while bytes > Self.bytesMax, dropOne() { isComplete = false }
    return isComplete
  }

  /// The oldest blocks, as many as fit into `bytesMax`, and at least one; they stay readable until ``written()``.
  mutating func take(bytesMax: Int) -> [LogBlock] {
    var size = 0
    var count = 0
    for block in blocks {
      size += block.bytes
      if count > 0, size > bytesMax { break }
      count += 1
    }
    underway = count
    return Array(blocks.prefix(count))
  }

  /// What was taken is in the file.
  mutating func written() {
    for block in blocks.prefix(underway) { count(block, -1) }
    blocks.removeFirst(underway)
    underway = 0
  }

  /// What was taken will never be in the file.
  mutating func abandoned() {
    for block in blocks.prefix(underway) { lose(block) }
    written()
  }

  private mutating func count(_ block: LogBlock, _ sign: Int) {
    bytes += sign * block.bytes
    waitingLines += sign * block.lines
    let rest = bytesBySource[block.source, default: 0] + sign * block.bytes
    bytesBySource[block.source] = rest == 0 ? nil : rest
  }

  private mutating func lose(_ block: LogBlock) {
    lost[block.source, default: 0] += block.lines
    lostLines += block.lines
    losses.add([block])
  }

  /// Drops the oldest block of the source that has most, of those that are not being written.
  private mutating func dropOne() -> Bool {
    var sizes: [String: Int] = [:]
    for block in blocks[underway...] { sizes[block.source, default: 0] += block.bytes }
    guard let loudest = sizes.max(by: { $0.value < $1.value })?.key,
      let index = blocks[underway...].firstIndex(where: { $0.source == loudest })
    else { return false }
    let block = blocks.remove(at: index)
    lose(block)
    count(block, -1)
    return true
  }
}
