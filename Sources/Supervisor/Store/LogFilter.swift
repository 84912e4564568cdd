import Glibc
public import Model

/// Which lines a reader wants.
public struct LogFilter: Sendable {
  /// Strategies, `rbotd` or `gateway`; nil for all.
  public var sources: Set<String>?
  public var severity = Severity.debug
  /// Nil for all.
  public var streams: Set<LogStream>?
  public var since: Timestamp?
  public var until: Timestamp?
  public var run: Int64?
  /// Only lines that hold that text, in the message or in the fields; upper and lower case of ASCII are the same.
  public var text: String? {
    get { needle.map { String(decoding: $0, as: UTF8.self) } }
    set { needle = newValue.flatMap { $0.isEmpty ? nil : $0.utf8.map(Self.lowered) } }
  }

  private var needle: [UInt8]?

  public init() {}

  /// Whether a line is wanted.
  public func matches(_ line: LogLine) -> Bool {
    guard line.severity >= severity, streams?.contains(line.stream) ?? true else { return false }
    if let since, line.time < since { return false }
    if let until, line.time > until { return false }
    if let run, line.run != run { return false }
    if let sources, !sources.contains(line.source) { return false }
    guard let needle else { return true }
    return Self.contains(line.message, needle) || Self.contains(line.fields, needle)
  }

  /// Whether a block may hold such a line.
  func mayMatch(_ block: LogBlock) -> Bool {
    if let sources, !sources.contains(block.source) { return false }
    if block.severities >> severity.rawValue == 0 { return false }
    if let streams, block.streams & Self.mask(streams) == 0 { return false }
    if let since, block.times.upperBound < since.nanoseconds { return false }
    if let until, block.times.lowerBound > until.nanoseconds { return false }
    if let run, !block.runs.contains(run) { return false }
    return true
  }

  static func mask(_ streams: Set<LogStream>) -> Int { streams.reduce(0) { $0 | 1 << $1.rawValue } }

  private static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  private static func contains(_ bytes: UnsafeRawBufferPointer, _ needle: [UInt8]) -> Bool {
    guard let base = bytes.baseAddress, bytes.count >= needle.count, let first = needle.first else {
      return false
    }
    let isLetter = first &- 0x61 < 26
    // The rarer work is done only where the first byte fits, in either case.
    var index = 0
    let end = bytes.count - needle.count
    while index <= end {
      if isLetter {
        if bytes[index] | 0x20 != first {
          index += 1
          continue
        }
      } else {
        guard let found = memchr(base + index, Int32(first), end - index + 1) else { return false }
        index = UnsafeRawPointer(found) - base
      }
      var offset = 1
      while offset < needle.count, lowered(bytes[index + offset]) == needle[offset] { offset += 1 }
      if offset == needle.count { return true }
      index += 1
    }
    return false
  }
}
