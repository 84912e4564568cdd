import Config
import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import Schedule
import SupervisorStore
import Wire

/// One supervised program and what it holds at the moment; the supervisor's own.
final class Worker {
  static let gatewayName = "gateway"

  let name: String
  var plan: WorkerPlan
  var lifecycle: Lifecycle
  /// When its state last changed.
  var since: Timestamp
  /// The run of the live process.
  var run: RunRecord?
  var process: SpawnedProcess?
  var connection: Connection?
  var saidHello = false
  /// The hash of the live process's token.
  var tokenHash: String?
  var statusText: String?
  var progress: Int64 = 0
  /// The callback that ran when it last beat.
  var busy: BusyCallback?
  /// When its processes were let go on last: a callback's time before that does not count.
  var thawedAt: Moment?
  var lastExit: RunRecord?
  /// The last error that the live or last run told: its first line.
  var complaint: String?
  /// The last line on standard error of the live or last run, as it came.
  var lastErrorLine: String?
  /// The cgroup of the live process, where it has one of its own.
  var cgroup: Cgroup?
  /// Its manifest as it was last read in order; nil for the gateway.
  var manifest: StrategyManifest?
  /// What was last saved, so that only changes are.
  var saved: StrategyRecord?
  /// What is still to be recorded and told, in order, because its next process comes first.
  var untold: [Untold] = []
  /// Its schedule; nil: it has none.
  var slots: SlotBook?
  var slotCounts = SlotCounts()
  /// The newest row of its history that an earlier daemon left.
  var lastSlot: SlotRecord?
  /// Its folder is gone: it is forgotten once it has stopped.
  var isRemoved = false
  var limit: RateLimit
  var timer: Scheduled<Void>?
  var timerAt: Moment?
  /// The sandbox of the last process, for the next.
  var cell: PreparedCell?
  /// Which layers of the live process are in force.
  var confinement = SandboxReport()
  /// Warnings about its sandbox that were told since the daemon started.
  var toldWarnings: Set<String> = []
  /// It was ended because it held more on the disk than limits.disk allows.
  var isOverDisk = false
  /// Keeps what the live process may read of itself where it is.
  var pin = ProcPins([])
  /// What its sandbox has refused since the daemon started.
  var refused = 0
  /// Messages of its control channel, and log lines that were taken, since the daemon started.
  var messages = 0
  var lines = 0
  /// Notifications that nobody knows, or that could not be read.
  var ignored = 0

  init(name: String, plan: WorkerPlan, lifecycle: Lifecycle, since: Timestamp) {
    self.name = name
    self.plan = plan
    self.lifecycle = lifecycle
    self.since = since
    limit = RateLimit(bytesPerSecond: plan.outputBytesPerSecond)
  }

  var isGateway: Bool { name == Self.gatewayName }

  /// Whether there is nothing to wait for any more before a held feed may start.
  var isSettled: Bool {
    switch lifecycle.state {
    case .stopped, .ready, .paused, .backoff, .failed, .scheduled, .finished: true
    case .waiting: lifecycle.companion.waitsInVain
    case .stopping: false
    case .starting: lifecycle.restarts > 0
    }
  }

  /// Whether it waits for the gateway, whatever else it waits for.
  var waitsForGateway: Bool { lifecycle.waitsFor.contains { $0.name == Self.gatewayName } }

  var record: StrategyRecord {
    StrategyRecord(
      name: name, isWanted: lifecycle.isWanted, isPaused: lifecycle.isPaused,
      generation: lifecycle.generation, isEnabled: plan.isEnabled, over: over,
      isFrozen: lifecycle.isFrozen || lifecycle.wasFrozen,
      folder: isGateway || isRemoved ? nil : plan.folder.split(separator: "/").last.map(String.init))
  }

  /// It did its work, or needs a person: the next daemon shows it so, and does not run it again by itself.
  private var over: StrategyRecord.Over? {
    guard [.finished, .failed].contains(lifecycle.state) else { return nil }
    return .init(state: lifecycle.state, reason: trouble, since: since)
  }

  /// What its live or last process said of its errors last, in one line.
  var lastWords: String? {
    complaint ?? lastErrorLine.map { ReplyLimit.firstLine(of: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// What is wrong, with what the process itself said of it last, and what a person can do; or what it waits for.
  /// One line.
  var troubleInFull: String? {
    let waiting = lifecycle.waitsFor
    if !waiting.isEmpty { return "waits for \(waiting.map(\.words).joined(separator: ", "))" }
    let trouble = trouble.map { $0 + (lifecycle.wayOut.map { "; \($0)" } ?? "") }
    return trouble ?? lifecycle.pauseNote.map { ReplyLimit.firstLine(of: $0) } ?? stuckWords
  }

  /// What is wrong, with what the process itself said of it last.
  private var trouble: String? {
    guard let text = lifecycle.trouble.map({ ReplyLimit.firstLine(of: $0) }) else { return nil }
    return lastWords.map { text.contains($0) ? text : "\(text): \($0)" } ?? text
  }

  enum Untold {
    case ended(RunRecord?, RunEnd)
    case begun(RunRecord)
    case line(run: Int64?, Severity, String)
  }

  /// The user that its processes run as where that is not rbotd's own.
  var user: UInt32? { cell?.cell.sandbox.user?.uid }

  /// Tells the worker, if it listens.
  func tell(_ method: String, _ params: JSON = [:]) {
    guard saidHello else { return }
    connection?.send(notification: method, params)
  }
}
