import Config
import IPC
import Lifecycle
import Model
public import NIOCore
import NIOPosix
import Platform
import SupervisorStore
import Wire

/// The one owner of everything that the daemon knows; it lives on one event loop, and so do all its connections.
///
/// Whatever happens (a line of a worker, an end of a process, a command, a timer) comes in on that loop, is
/// decided at once, and never waits: the disk, the gateway and slow readers are somewhere else.
public actor Supervisor {
  public nonisolated let loop: any EventLoop
  let options: SupervisorOptions
  /// What schedules take for the time.
  var clock: ScheduleClock { options.clock }
  let store: SupervisorStore
  let console = Console()
  let started = WallClock.now
  let startedAt = Moment.now

  /// Where tasks of the loop wait for the disk.
  private nonisolated let threads = WorkThreads(named: "readers", atOnce: 2...4)
  var processes: ProcessThread?
  var listener: Listener?
  var workers: [String: Worker] = [:]
  var random = SystemRandomNumberGenerator()
  var logs: LogHub
  var metrics: MetricHub
  let sampler: Sampler
  let ownProcess: OwnProcess
  var sampling: RepeatedTask?
  var memoryRounds: RepeatedTask?
  var gatewayLink = GatewayLink()
  var squareOffs = SquareOffBook()
  var events = EventFollowers()
  var schedules: ScheduleBoard
  var door = ControlDoor()
  var clients: [ObjectIdentifier: ControlClient] = [:]
  var commands = CommandBook()
  var dependencies = DependencyGraph()
  var manifestIssues: [ManifestIssue] = []
  /// What is not wrong with the manifests, and should be looked at.
  var manifestWarnings: [ManifestIssue] = []
  /// Strategies whose manifest is wrong, by the name that it claims: what is wrong with it.
  var broken: [String: [ManifestIssue]] = [:]
  /// The folders of all that are known, also of those whose manifest cannot be read: a name stays with its folder.
  var homes: [String: String] = [:]
  /// The end of the last reload that was asked for, which the next one waits for.
  var lastReload: Task<Void, Never>?
  /// Reloads that have not ended yet.
  var waitingReloads = 0
  /// A SIGHUP came while another's reload was on its way.
  var reloadsAgain = false
  var remembered: [String: StrategyRecord] = [:]
  /// Workers are being made: until all have been told what they are to do, none of it is recorded, or one that is not
  /// started yet would be taken for stopped by whoever follows a daemon that was killed here.
  private(set) var isAdmitting = false
  var lastRun: Int64
  var cells = SandboxBook()
  var disks = DiskWatch()
  var rememberedUsers: [String: UInt32]
  var phase = DaemonPhase.starting
  var notified = ""
  var isReportDue = false
  var watchdog: RepeatedTask?
  var housekeeping: RepeatedTask?
  var diskRounds: RepeatedTask?
  var dropNotices: Set<String> = []
  var outputLimit = OutputLimit()
  var interrupts = 0
  var isGatewayShutDown = false
  var hasEnded = false
  /// Why the daemon must end although nobody asked it to.
  var failure: Refusal?
  /// Those who wait until everything has been tried.
  var waiters: [EventLoopPromise<Void>] = []
  let ended: EventLoopPromise<Void>

  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

  /// A supervisor with a thread that does nothing else.
  public static func onItsOwnThread(_ options: SupervisorOptions) throws -> Supervisor {
    try Supervisor(options: options, on: MultiThreadedEventLoopGroup(numberOfThreads: 1).next())
  }

  /// Opens the store; nothing runs yet.
  ///
  /// - Throws: ``Storage/StorageError`` with a sentence when the database cannot be used.
  public init(options: SupervisorOptions, on loop: any EventLoop) throws {
    self.loop = loop
    self.options = options
    let relay = TroubleRelay()
    store = try SupervisorStore(path: options.layout.supervisorDatabase, retention: options.retention) {
      relay.tell($0)
    }
    let memory = try store.recall()
    // Not before the last thing that can go wrong: a promise that nobody keeps is a mistake of its own.
    ended = loop.makePromise(of: Void.self)
    let severity: Severity =
      switch options.settings.supervisor.logLevel {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
    logs = LogHub(store: store, severity: severity, lastID: memory.lastLog)
    metrics = MetricHub(store: store)
    sampler = Sampler(store: store)
    ownProcess = OwnProcess()
    lastRun = memory.lastRun
    schedules = ScheduleBoard(memory.schedules)
    rememberedUsers = memory.users
    for record in memory.strategies {
      remembered[record.name] = record
      if let folder = record.folder { homes[record.name] = "\(options.strategies)/\(folder)" }
    }
    for run in memory.lastRuns { lastExits[run.source] = run }
    relay.supervisor = self
  }

  /// The last runs of an earlier daemon, until their workers are made.
  var lastExits: [String: RunRecord] = [:]

  /// What rbotd itself has to say.
  func say(_ severity: Severity, _ message: String) { log("rbotd", run: nil, .supervisor, severity, message) }

  func log(
    _ source: String, run: Int64?, _ stream: LogStream, _ severity: Severity, _ message: String,
    fieldsJSON: String? = nil, time: Timestamp? = nil
  ) {
    logs.append(source, run: run, stream, severity, message, fieldsJSON: fieldsJSON, time: time)
    // What went wrong is on its way to the file before anything else happens.
    if stream == .supervisor, severity >= .error { logs.closeBlocks() }
    armLogs()
    if severity >= .error, stream == .log, let worker = workers[source],
      run == worker.run?.id ?? worker.lastExit?.id
    {
      worker.complaint = ReplyLimit.firstLine(of: message)
      if worker.lifecycle.state == .failed { save(worker) }
    }
    // A strategy's own words stay in its log; what happens to it is for everyone.
    let isOurs = stream == .supervisor || source == Worker.gatewayName
    if source == "rbotd" ? severity >= .info : isOurs && severity >= .warning {
      console.say(source, severity, message)
    }
  }

  /// The strategies by name, without the gateway.
  var strategies: [Worker] { workers.values.filter { !$0.isGateway }.sorted { $0.name < $1.name } }

  /// Makes workers and starts them, and then records how they stand.
  func admitting(_ body: () -> Void) {
    isAdmitting = true
    body()
    isAdmitting = false
    for worker in strategies { save(worker) }
  }

  /// Asks the store, or whatever else may take a while; meanwhile the loop goes on.
  func reading<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async
    -> Result<Answer, any Error>
  {
    let threads = threads
    return await WayBack.answer { done in threads.run { done.resume(returning: Result { try body() }) } }
  }

  /// Runs `body` on the loop as soon as it is free.
  nonisolated func later(_ body: @escaping @Sendable (isolated Supervisor) -> Void) {
    loop.execute { self.assumeIsolated { body($0) } }
  }
}

/// Where the daemon is in its own life.
enum DaemonPhase: String, Sendable {
  case starting
  case ready
  case reloading
  case stopping
}
