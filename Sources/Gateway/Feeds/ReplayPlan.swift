import Glibc
public import Model

/// The files of a replay after a first look: they exist, have the header and at least one line, and their
/// instruments are known.
public struct ReplayPlan: Sendable {
  public let paths: [String]
  /// In the order of their names.
  public let instruments: [Instrument]
  /// The time of the earliest first quote; nil when no file begins with a good line.
  public let firstTime: Timestamp?
  /// Changes when a file does: path, size and time of change of each.
  public let identity: String

  /// How much of each file is searched for instruments.
  static let searchedBytes = 64 * 1_024 * 1_024

  public init(paths: [String]) throws(FeedError) {
    var names: Set<String> = []
    var marks: [String] = []
    var first: Timestamp?
    for path in paths {
      let found = try Self.search(path)
      guard !found.names.isEmpty else {
        throw FeedError(
          .emptyFile,
          "The feed's file \(path) holds no quotes: after the header \(CSVLineReader.header) it needs lines such as "
            + "1398988800277,EUR_USD,1.38694,1.38705.")
      }
      names.formUnion(found.names)
      if let time = found.first { first = min(time, first ?? time) }
      marks.append(try Self.mark(path))
    }
    self.paths = paths
    instruments = names.sorted().compactMap { name in Instrument.conventional(name) }
    identity = marks.joined(separator: "|")
    firstTime = first
  }

  private static func mark(_ path: String) throws(FeedError) -> String {
    var facts = stat()
    guard stat(path, &facts) == 0 else { throw CSVFile.failure(path, errno) }
    return "\(path):\(facts.st_size):\(facts.st_mtim.tv_sec).\(facts.st_mtim.tv_nsec)"
  }

  /// The names in the second field, by comparing bytes alone.
  private static func search(_ path: String) throws(FeedError) -> (names: Set<String>, first: Timestamp?) {
    let file = try CSVFile(path: path)
    try file.readHeader()
    var found: Set<String> = []
    var last: [UInt8] = []
    var time: Timestamp?
    var searched = 0
    while searched < searchedBytes, let line = try file.nextLine() {
      guard case .text(let bytes) = line else { continue }
      searched += bytes.count + 1
      guard let base = bytes.baseAddress, let first = memchr(base, 44, bytes.count) else { continue }
      let start = UnsafeRawPointer(first) - base + 1
      if start + last.count < bytes.count, bytes[start + last.count] == 44, !last.isEmpty,
        bytes[start..<(start + last.count)].elementsEqual(last)
      {
        continue
      }
      guard let second = memchr(base + start, 44, bytes.count - start) else { continue }
      let field = bytes[start..<(UnsafeRawPointer(second) - base)]
      let name = String(decoding: field, as: UTF8.self)
      guard Instrument.conventional(name) != nil else { continue }
      if time == nil, let milliseconds = Int64(String(decoding: bytes[..<(start - 1)], as: UTF8.self)) {
        time = Timestamp(milliseconds: milliseconds)
      }
      last = Array(field)
      found.insert(name)
    }
    return (found, time)
  }
}
