public import Model

/// Consecutive lines of one source in a compact form: what waits in memory, and what one row of the file holds.
///
/// One block holds lines of one source alone, so that a flood of one strategy fills its own blocks, and can be
/// dropped, deleted and passed over without touching what others said. The ids of a block rise, with gaps where
/// others spoke in between.
public struct LogBlock: Sendable {
  /// A strategy's name, `rbotd` or `gateway`.
  public let source: String
  public let firstID: Int64
  public let lastID: Int64
  /// All blocks that were open at the same time have the same floor, and no line of theirs has a lower id. Lines of
  /// blocks with different floors never overlap.
  public let floor: Int64
  /// The earliest and the latest time of a line.
  public let times: ClosedRange<Int64>
  /// The lowest and the highest run; 0 stands for lines between runs.
  public let runs: ClosedRange<Int64>
  /// A bit for each severity's, and each stream's, raw value that occurs.
  public let severities: Int
  public let streams: Int
  public let lines: Int
  /// The lines, as ``OpenLogBlock`` writes them.
  public let data: [UInt8]

  /// About what it takes, in memory and in the file.
  public var bytes: Int { data.count + 128 }
}

/// One line where it lies: a view that holds only inside the call that it was given to.
public struct LogLine {
  public let id: Int64
  public let time: Timestamp
  public let source: String
  /// The run that said it; nil between runs.
  public let run: Int64?
  public let stream: LogStream
  public let severity: Severity
  /// UTF-8.
  public let message: UnsafeRawBufferPointer
  /// The text of a JSON object; empty when there are no fields.
  public let fields: UnsafeRawBufferPointer

  public init(
    id: Int64, time: Timestamp, source: String, run: Int64?, stream: LogStream, severity: Severity,
    message: UnsafeRawBufferPointer, fields: UnsafeRawBufferPointer
  ) {
    self.id = id
    self.time = time
    self.source = source
    self.run = run
    self.stream = stream
    self.severity = severity
    self.message = message
    self.fields = fields
  }
}

extension LogEntry {
  /// A copy that may be kept.
  init(_ line: LogLine) {
    self.init(
      id: line.id, time: line.time, source: line.source, run: line.run, stream: line.stream,
      severity: line.severity, message: String(decoding: line.message, as: UTF8.self),
      fieldsJSON: line.fields.isEmpty ? nil : String(decoding: line.fields, as: UTF8.self))
  }

  /// Shows it as a line for the length of a call.
  public func withLine<Result>(_ body: (LogLine) -> Result) -> Result {
    var message = message
    var fields = fieldsJSON ?? ""
    return message.withUTF8 { message in
      fields.withUTF8 { fields in
        body(
          LogLine(
            id: id, time: time, source: source, run: run, stream: stream, severity: severity,
            message: UnsafeRawBufferPointer(message), fields: UnsafeRawBufferPointer(fields)))
      }
    }
  }
}

/// A block that lines are still added to.
///
/// A line is a head byte (stream in the two lowest bits, severity in the next three, then one bit each for: fields
/// follow, the run differs from the line before, the id is not the one after the line before), the time since the line
/// before in nanoseconds, the id's distance and the run (0: none) where the head says so, then message and fields,
/// each with its length before it. Numbers are little-endian base 128; the time is folded so that small negative
/// ones are short too.
public struct OpenLogBlock {
  /// A block is closed when it holds that much.
  public static let bytesMax = 64 << 10

  static let hasFields: UInt8 = 1 << 5
  static let changesRun: UInt8 = 1 << 6
  static let skipsIDs: UInt8 = 1 << 7

  public let source: String
  private var data: [UInt8] = []
  private var lines = 0
  private var floor: Int64 = 0
  private var firstID: Int64 = 0
  private var lastID: Int64 = 0
  private var lastTime: Int64 = 0
  private var lastRun: Int64 = 0
  private var times: ClosedRange<Int64> = 0...0
  private var runs: ClosedRange<Int64> = 0...0
  private var severities = 0
  private var streams = 0

  public init(source: String) { self.source = source }

  public var isEmpty: Bool { lines == 0 }
  public var isFull: Bool { data.count >= Self.bytesMax }
  public var count: Int { data.count }

  /// Adds a line; its id is above that of the line before, its source is not looked at.
  ///
  /// - Parameter floor: see ``LogBlock/floor``; that of the first line holds.
  public mutating func append(_ line: LogLine, floor: Int64) {
    let time = line.time.nanoseconds
    let run = line.run ?? 0
    if lines == 0 {
      self.floor = floor
      firstID = line.id
      lastID = line.id - 1
      lastTime = 0
      lastRun = 0
      times = time...time
      runs = run...run
    }
    var head = UInt8(line.stream.rawValue) | UInt8(line.severity.rawValue) << 2
    if !line.fields.isEmpty { head |= Self.hasFields }
    if run != lastRun { head |= Self.changesRun }
    if line.id != lastID + 1 { head |= Self.skipsIDs }
    data.append(head)
    let delta = time &- lastTime
    put(UInt64(bitPattern: (delta << 1) ^ (delta >> 63)))
    if line.id != lastID + 1 { put(UInt64(line.id - lastID)) }
    if run != lastRun { put(UInt64(bitPattern: run)) }
    put(UInt64(line.message.count))
    data.append(contentsOf: line.message)
    if !line.fields.isEmpty {
      put(UInt64(line.fields.count))
      data.append(contentsOf: line.fields)
    }
    lastID = line.id
    lastTime = time
    lastRun = run
    if !times.contains(time) { times = min(times.lowerBound, time)...max(times.upperBound, time) }
    if !runs.contains(run) { runs = min(runs.lowerBound, run)...max(runs.upperBound, run) }
    severities |= 1 << line.severity.rawValue
    streams |= 1 << line.stream.rawValue
    lines += 1
  }

  private mutating func put(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      data.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    data.append(UInt8(rest))
  }

  /// What it holds so far, to be read while more is added; nil when it holds nothing.
  public var snapshot: LogBlock? {
    lines == 0
      ? nil
      : LogBlock(
        source: source, firstID: firstID, lastID: lastID, floor: floor, times: times, runs: runs,
        severities: severities, streams: streams, lines: lines, data: data)
  }

  /// The block, closed; this one is empty again.
  public mutating func close() -> LogBlock? {
    let block = snapshot
    let wasFull = isFull
    data = []
    // One that filled up will again; one that did not stays small.
    if wasFull { data.reserveCapacity(Self.bytesMax + 1_024) }
    lines = 0
    severities = 0
    streams = 0
    return block
  }
}

extension LogBlock {
  /// Hands out the lines in order, until `body` returns false; stops before what is damaged.
  ///
  /// - Returns: false when the data makes no sense from some line on.
  @discardableResult
  public func eachLine(_ body: (LogLine) -> Bool) -> Bool {
    data.withUnsafeBytes { bytes in
      Self.read(bytes, source: source, firstID: firstID, body)
    }
  }

  static func read(
    _ bytes: UnsafeRawBufferPointer, source: String, firstID: Int64, _ body: (LogLine) -> Bool
  ) -> Bool {
    var reader = Reader(bytes)
    var id = firstID - 1
    var time: Int64 = 0
    var run: Int64 = 0
    while !reader.isAtEnd {
      let head = reader.byte()
      guard let stream = LogStream(rawValue: Int(head & 3)),
        let severity = Severity(rawValue: Int(head >> 2 & 7)), let folded = reader.number()
      else { return false }
      time &+= Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1)
      if head & OpenLogBlock.skipsIDs != 0 {
        guard let distance = reader.number() else { return false }
        id &+= Int64(bitPattern: distance)
      } else {
        id &+= 1
      }
      if head & OpenLogBlock.changesRun != 0 {
        guard let number = reader.number() else { return false }
        run = Int64(bitPattern: number)
      }
      guard let message = reader.piece() else { return false }
      var fields = UnsafeRawBufferPointer(start: nil, count: 0)
      if head & OpenLogBlock.hasFields != 0 {
        guard let piece = reader.piece() else { return false }
        fields = piece
      }
      let line = LogLine(
        id: id, time: Timestamp(nanoseconds: time), source: source, run: run == 0 ? nil : run, stream: stream,
        severity: severity, message: message, fields: fields)
      if !body(line) { return true }
    }
    return true
  }

  private struct Reader {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { index >= bytes.count }

    mutating func byte() -> UInt8 {
      defer { index += 1 }
      return bytes[index]
    }

    mutating func number() -> UInt64? {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while index < bytes.count, shift < 64 {
        let byte = byte()
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      return nil
    }

    mutating func piece() -> UnsafeRawBufferPointer? {
      guard let length = number(), length <= UInt64(bytes.count - index) else { return nil }
      defer { index += Int(length) }
      return UnsafeRawBufferPointer(rebasing: bytes[index..<index + Int(length)])
    }
  }
}
