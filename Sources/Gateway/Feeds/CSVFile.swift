import Glibc
import Model

/// A file that is read line by line in chunks: memory stays bounded whatever its size.
final class CSVFile {
  let path: String
  private let descriptor: Int32
  private let chunk: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  /// Number of the line that ``nextLine()`` returned last.
  private(set) var line = 0

  /// Longer lines are no quotes.
  static let longestLine = 1_024

  init(path: String, chunkBytes: Int = 256 * 1_024) throws(FeedError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(path, errno) }
    self.path = path
    self.descriptor = descriptor
    chunk = .allocate(byteCount: max(chunkBytes, 2 * Self.longestLine), alignment: 16)
  }

  deinit {
    close(descriptor)
    chunk.deallocate()
  }

  static func failure(_ path: String, _ code: Int32) -> FeedError {
    if code == ENOENT || code == ENOTDIR {
      return FeedError(.missingFile, "The feed's file \(path) does not exist.")
    }
    return FeedError(
      .unreadableFile, "The feed's file \(path) cannot be read: \(String(cString: strerror(code))).")
  }

  /// A line's bytes without its end, valid until the next call; nil at the end of the file.
  enum Line {
    case text(UnsafeRawBufferPointer)
    case tooLong
  }

  func nextLine() throws(FeedError) -> Line? {
    var searched = start
    while true {
      if let base = chunk.baseAddress, searched < end, let feed = memchr(base + searched, 10, end - searched)
      {
        let stop = feed - UnsafeMutableRawPointer(base)
        defer { start = stop + 1 }
        line += 1
        return .text(trimmed(start, stop))
      }
      if isAtEnd {
        guard start < end else { return nil }
        defer { start = end }
        line += 1
        return .text(trimmed(start, end))
      }
      guard end - start <= Self.longestLine else { return try skipLongLine() }
      let rest = end - start
      try refill()
      searched = start + rest
    }
  }

  private func trimmed(_ from: Int, _ to: Int) -> UnsafeRawBufferPointer {
    let to = to > from && chunk[to - 1] == UInt8(ascii: "\r") ? to - 1 : to
    return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[from..<to])
  }

  private func skipLongLine() throws(FeedError) -> Line {
    line += 1
    while true {
      if let base = chunk.baseAddress, start < end, let feed = memchr(base + start, 10, end - start) {
        start = feed - UnsafeMutableRawPointer(base) + 1
        return .tooLong
      }
      start = end
      if isAtEnd { return .tooLong }
      try refill()
    }
  }

  private func refill() throws(FeedError) {
    let rest = end - start
    if let base = chunk.baseAddress, start > 0 {
      if rest > 0 { memmove(base, base + start, rest) }
      start = 0
      end = rest
    }
    while true {
      let count = read(descriptor, chunk.baseAddress.map { $0 + end }, chunk.count - end)
      if count > 0 {
        end += count
        return
      }
      if count == 0 {
        isAtEnd = true
        return
      }
      guard errno == EINTR else { throw Self.failure(path, errno) }
    }
  }

  /// Reads the header, which every recording begins with. True where sizes stand behind the prices.
  @discardableResult
  func readHeader() throws(FeedError) -> Bool {
    guard case .text(var bytes)? = try nextLine() else {
      throw FeedError(
        .emptyFile, "The feed's file \(path) is empty: it needs the header \(CSVLineReader.header).")
    }
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = UnsafeRawBufferPointer(rebasing: bytes[3...]) }
    if bytes.elementsEqual(CSVLineReader.headerWithSizes.utf8) { return true }
    guard bytes.elementsEqual(CSVLineReader.header.utf8) else {
      throw FeedError(
        .badLine,
        "\(path), line 1: the header must be \(CSVLineReader.header), and bid_size,ask_size may stand behind it."
      )
    }
    return false
  }
}
