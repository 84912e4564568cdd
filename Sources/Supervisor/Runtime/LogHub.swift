import Model
import SupervisorStore
import Wire

/// Where every line passes: numbered, kept in a ring, given to followers, and put into the store's queue.
struct LogHub {
  /// Which lines a reader wants.
  struct Filter {
    var sources: Set<String>?
    var severity = Severity.debug
    var since: Timestamp?

    func matches(_ entry: LogEntry) -> Bool {
      entry.severity >= severity && (since.map { entry.time >= $0 } ?? true)
        && (sources?.contains(entry.source) ?? true)
    }
  }

  private static let ringMax = 4_096
  private static let ringBytesMax = 2 << 20
  /// Longer messages are cut; a traceback fits.
  private static let messageMax = 16_384

  let store: SupervisorStore
  private let severity: Severity
  private var lastID: Int64
  private var ring: [LogEntry] = []
  private var head = 0
  private var ringBytes = 0
  private var followers: [(filter: Filter, target: StreamTarget)] = []
  /// Lines that never reached the store's queue, by source.
  private(set) var lost: [String: Int] = [:]

  init(store: SupervisorStore, severity: Severity, lastID: Int64) {
    self.store = store
    self.severity = severity
    self.lastID = lastID
  }

  mutating func append(
    _ source: String, run: Int64?, _ stream: LogStream, _ severity: Severity, _ message: String,
    fieldsJSON: String? = nil, time: Timestamp? = nil
  ) {
    guard severity >= self.severity else { return }
    lastID += 1
    let entry = LogEntry(
      id: lastID, time: time ?? WallClock.now, source: source, run: run, stream: stream, severity: severity,
      message: message.utf8.count > Self.messageMax ? Self.cut(message) : message,
      fieldsJSON: (fieldsJSON?.utf8.count ?? 0) > Self.messageMax ? nil : fieldsJSON)
    if !store.append(entry) { lost[source, default: 0] += 1 }
    keep(entry)
    for follower in followers where follower.filter.matches(entry) {
      follower.target.offer { $0.value(entry) }
    }
  }

  private static func cut(_ message: String) -> String {
    let rest = message.utf8.count - messageMax
    return String(decoding: message.utf8.prefix(messageMax), as: UTF8.self) + "… (\(rest) bytes cut)"
  }

  private mutating func keep(_ entry: LogEntry) {
    ring.append(entry)
    ringBytes += entry.bytes
    while ring.count - head > Self.ringMax || ringBytes > Self.ringBytesMax {
      ringBytes -= ring[head].bytes
      head += 1
    }
    // Moving the rest once per half ring keeps both the moves and the waste small.
    if head > Self.ringMax / 2 {
      ring.removeFirst(head)
      head = 0
    }
  }

  /// The last lines in memory that match, oldest first, and the number below which the store has the rest.
  func recent(_ filter: Filter, limit: Int) -> (entries: [LogEntry], before: Int64) {
    var found: [LogEntry] = []
    for entry in ring[head...].reversed() {
      if found.count >= limit { break }
      if filter.matches(entry) { found.append(entry) }
    }
    return (found.reversed(), head < ring.count ? ring[head].id : lastID + 1)
  }

  mutating func follow(_ filter: Filter, _ target: StreamTarget) { followers.append((filter, target)) }

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

extension JSONWriter {
  /// A log item of the control protocol.
  mutating func value(_ entry: LogEntry) {
    beginObject()
    field("id", entry.id)
    field("time", entry.time)
    field("strategy", entry.source)
    field("run", entry.run)
    switch entry.stream {
    case .log: field("stream", "log")
    case .stdout: field("stream", "stdout")
    case .stderr: field("stream", "stderr")
    case .supervisor: field("stream", "supervisor")
    }
    field("level", entry.severity.word)
    field("message", entry.message)
    key("fields")
    value(json: entry.fieldsJSON ?? "{}")
    endObject()
  }
}
