public import Model

/// How grave a log line is, in rising order.
public enum Severity: Int, Sendable, Comparable, CaseIterable {
  case debug
  case info
  case warning
  case error
  case critical

  public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
}

/// Where a log line came from.
public enum LogStream: Int, Sendable, CaseIterable {
  /// The `log` message of the control channel.
  case log
  case stdout
  case stderr
  /// What the supervisor says about a worker.
  case supervisor
}

/// One line of the log.
public struct LogEntry: Hashable, Sendable {
  /// Rises with every line, over all strategies and all runs of the daemon.
  public let id: Int64
  public let time: Timestamp
  /// A strategy's name, `rbotd` or `gateway`.
  public let source: String
  /// The run that said it; nil between runs.
  public let run: Int64?
  public let stream: LogStream
  public let severity: Severity
  public let message: String
  /// A JSON object's text; nil when there are no fields.
  public let fieldsJSON: String?

  public init(
    id: Int64, time: Timestamp, source: String, run: Int64?, stream: LogStream, severity: Severity,
    message: String, fieldsJSON: String? = nil
  ) {
    self.id = id
    self.time = time
    self.source = source
    self.run = run
    self.stream = stream
    self.severity = severity
    self.message = message
    self.fieldsJSON = fieldsJSON
  }

  /// About what it takes in memory.
  public var bytes: Int { 128 + message.utf8.count + (fieldsJSON?.utf8.count ?? 0) }
}

/// What outlives the daemon of one strategy.
public struct StrategyRecord: Hashable, Sendable {
  public var name: String
  /// Whether it should run; a person's stop lasts until a person's start.
  public var isWanted: Bool
  public var isPaused: Bool
  /// The last spawn's number.
  public var generation: Generation
  /// What its manifest said of `enabled` then; nil where that was not recorded yet.
  public var isEnabled: Bool?
  /// How it came to its end, where it did its work or failed and nobody has started it since.
  public var over: Over?
  /// Its processes stood still, for a person had frozen them.
  public var isFrozen: Bool
  /// The name of its folder among the strategies'; nil where it has none any more, or that was not recorded.
  public var folder: String?

  public init(
    name: String, isWanted: Bool, isPaused: Bool, generation: Generation, isEnabled: Bool? = nil,
    over: Over? = nil, isFrozen: Bool = false, folder: String? = nil
  ) {
    self.name = name
    self.isWanted = isWanted
    self.isPaused = isPaused
    self.generation = generation
    self.isEnabled = isEnabled
    self.over = over
    self.isFrozen = isFrozen
    self.folder = folder
  }

  /// The end of one that is over.
  public struct Over: Hashable, Sendable {
    /// `failed` or `finished`.
    public var state: WorkerState
    /// What went wrong; nil where nothing did.
    public var reason: String?
    public var since: Timestamp

    public init(state: WorkerState, reason: String?, since: Timestamp) {
      self.state = state
      self.reason = reason
      self.since = since
    }
  }

  /// Whether it is to run under a manifest with that `enabled`: what was wanted holds until the manifest's own word
  /// changes, also while no daemon ran that would have seen it. What is over is not begun again by itself.
  public func runs(enabled: Bool) -> Bool {
    (isEnabled ?? enabled) == enabled ? isWanted && over == nil : enabled
  }

  /// Whether it is wanted under a manifest with that `enabled`, be it over or not.
  public func isWanted(enabled: Bool) -> Bool { (isEnabled ?? enabled) == enabled ? isWanted : enabled }
}

/// One life of one worker.
public struct RunRecord: Hashable, Sendable {
  /// Rises over all strategies and all runs of the daemon.
  public var id: Int64
  public var source: String
  public var generation: Generation
  public var pid: Int32?
  public var started: Timestamp
  public var ready: Timestamp?
  public var ended: Timestamp?
  public var exitCode: Int?
  public var signal: Int?
  public var reason: String?
  /// Whether the end was asked for or planned; nil while it runs, and where nobody saw the end.
  public var isExpected: Bool?

  public init(id: Int64, source: String, generation: Generation, started: Timestamp) {
    self.id = id
    self.source = source
    self.generation = generation
    self.started = started
  }
}

/// One command that changed something: who, what, with which result.
public struct AuditRecord: Hashable, Sendable {
  public var time: Timestamp
  public var uid: UInt32
  public var pid: Int32
  public var command: String
  /// The names that it was about, separated by spaces; empty where it is about the daemon.
  public var subject: String
  public var result: String

  public init(time: Timestamp, uid: UInt32, pid: Int32, command: String, subject: String, result: String) {
    self.time = time
    self.uid = uid
    self.pid = pid
    self.command = command
    self.subject = subject
    self.result = result
  }
}
