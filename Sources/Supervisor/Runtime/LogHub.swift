import Model
import SupervisorStore
import Wire

/// What one strategy, the gateway or the daemon says: its lines on their way into a block.
final class LogSource {
  let name: String
  fileprivate var open: OpenLogBlock
  /// Lines that were taken since the start.
  fileprivate(set) var taken = 0

  init(_ name: String) {
    self.name = name
    open = OpenLogBlock(source: name)
  }
}

/// Where every line passes: numbered, encoded once into its source's block, and given to those who follow.
///
/// Blocks are closed together, 200 ms after the first of their lines at the latest, and go to the store's queue: so a
/// daemon that is killed loses what was said in its last 200 ms, and no more. What goes wrong is handed over at once.
struct LogHub {
  /// How long a line may wait for others.
  static let linger = Duration.milliseconds(200)
  /// Together the open blocks hold no more than about that.
  private static let openBytesMax = 1 << 20
  /// Longer messages are cut; a traceback fits.
  static let messageMax = 16_384

  let store: SupervisorStore
  private let severity: Severity
  /// The last line's number.
  private(set) var lastID: Int64
  private var sources: [String: LogSource] = [:]
  /// Those with lines in an open block.
  private var open: [LogSource] = []
  /// The number of the first line since blocks were last closed together; nil when there was none.
  private var floor: Int64?
  private var openBytes = 0
  private var isTimerSet = false
  private(set) var followers: [LogFollower] = []
  /// Lines whose fields were too long to be kept.
  private(set) var fieldsCut = 0
  private var scratch: [UInt8] = []

  init(store: SupervisorStore, severity: Severity, lastID: Int64) {
    self.store = store
    self.severity = severity
    self.lastID = lastID
  }

  /// Lines that were lost because the disk did not take them, by source.
  var lost: [String: Int] { store.lostLines }

  mutating func source(_ name: String) -> LogSource {
    if let source = sources[name] { return source }
    let source = LogSource(name)
    sources[name] = source
    return source
  }

  mutating func append(
    _ source: String, run: Int64?, _ stream: LogStream, _ severity: Severity, _ message: String,
    fieldsJSON: String? = nil, time: Timestamp? = nil
  ) {
    guard severity >= self.severity else { return }
    var message = message.utf8.count > Self.messageMax ? Self.cut(message) : message
    var fields = fieldsJSON ?? ""
    if fields.utf8.count > Self.messageMax {
      fieldsCut += 1
      fields = #"{"fields_cut_bytes":\#(fields.utf8.count)}"#
    }
    let source = self.source(source)
    message.withUTF8 { message in
      fields.withUTF8 { fields in
        append(
          source, run: run, stream, severity, UnsafeRawBufferPointer(message), UnsafeRawBufferPointer(fields),
          time ?? WallClock.now)
      }
    }
  }

  /// A line that a process has printed, as it came.
  mutating func append(
    _ source: LogSource, run: Int64?, _ stream: LogStream, _ severity: Severity,
    printed line: UnsafeRawBufferPointer, time: Timestamp
  ) {
    guard severity >= self.severity else { return }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    if PrintableText.isPlain(line) { return append(source, run: run, stream, severity, line, nothing, time) }
    var text = scratch
    scratch = []
    text.removeAll(keepingCapacity: true)
    PrintableText.escape(line, into: &text)
    text.withUnsafeBytes { append(source, run: run, stream, severity, $0, nothing, time) }
    scratch = text
  }

  private mutating func append(
    _ source: LogSource, run: Int64?, _ stream: LogStream, _ severity: Severity,
    _ message: UnsafeRawBufferPointer, _ fields: UnsafeRawBufferPointer, _ time: Timestamp
  ) {
    lastID += 1
    let line = LogLine(
      id: lastID, time: time, source: source.name, run: run, stream: stream, severity: severity,
      message: message, fields: fields)
    if source.open.isEmpty { open.append(source) }
    let floor = floor ?? lastID
    self.floor = floor
    source.open.append(line, floor: floor)
    source.taken += 1
    openBytes += message.count + fields.count
    if !followers.isEmpty { for follower in followers { follower.take(line) } }
    if source.open.isFull { close(source) }
    if openBytes >= Self.openBytesMax { closeBlocks() }
  }

  private static func cut(_ message: String) -> String {
    let rest = message.utf8.count - messageMax
    return String(decoding: message.utf8.prefix(messageMax), as: UTF8.self) + "… (\(rest) bytes cut)"
  }

  private mutating func close(_ source: LogSource) {
    if let block = source.open.close() { store.append(block) }
    open.removeAll { $0 === source }
  }

  /// A strategy that is gone. What its pipes still hold finds a source of its own.
  mutating func forget(_ name: String) {
    guard let source = sources.removeValue(forKey: name) else { return }
    if !source.open.isEmpty { close(source) }
  }

  /// Hands everything to the store's queue.
  mutating func closeBlocks() {
    for source in open { if let block = source.open.close() { store.append(block) } }
    open.removeAll(keepingCapacity: true)
    floor = nil
    openBytes = 0
  }

  /// True when the caller must call ``lingered()`` after ``linger``.
  mutating func wantsTimer() -> Bool {
    guard floor != nil, !isTimerSet else { return false }
    isTimerSet = true
    return true
  }

  mutating func lingered() {
    isTimerSet = false
    closeBlocks()
  }

  /// What the open blocks hold by now, for a search.
  var openBlocks: [LogBlock] { open.compactMap { $0.open.snapshot } }

  mutating func follow(_ follower: LogFollower) { followers.append(follower) }

  mutating func unfollow(where leaves: (StreamTarget) -> Bool) { followers.removeAll { leaves($0.target) } }
}

extension Severity {
  init(_ level: LogLevel) {
    self =
      switch level {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      case .critical: .critical
      }
  }

  /// The level's word on the wire.
  var word: String {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    case .critical: "critical"
    }
  }
}

extension LogStream {
  /// The stream's word on the wire.
  var word: String {
    switch self {
    case .log: "log"
    case .stdout: "stdout"
    case .stderr: "stderr"
    case .supervisor: "supervisor"
    }
  }
}

extension JSONWriter {
  /// A log item of the control protocol.
  mutating func value(_ line: LogLine) {
    beginObject()
    field("id", line.id)
    field("time", line.time)
    field("strategy", line.source)
    field("run", line.run)
    field("stream", line.stream.word)
    field("level", line.severity.word)
    key("message")
    value(utf8: line.message)
    key("fields")
    if line.fields.isEmpty { value(json: "{}") } else { value(jsonUTF8: line.fields) }
    endObject()
  }
}
