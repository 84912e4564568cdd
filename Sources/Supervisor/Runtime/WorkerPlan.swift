import Config
import Lifecycle
import Model
import Platform
import Schedule
import Wire

/// Everything about one worker that comes from outside: what a reload compares.
struct WorkerPlan: Equatable, Sendable {
  var command: [String]
  var folder: String
  var isEnabled = true
  var policy = WorkerPolicy()
  /// What its manifest says of its sandbox and limits; of no meaning for the gateway.
  var wish = SandboxWish()
  var outputBytesPerSecond: UInt64?
  /// How long a callback may run, as the manifest says; zero is without end.
  var callbackTimeout: Duration?
  /// As in `worker.started`; null for the gateway.
  var capabilities = JSON.null
  /// What becomes of its orders and positions when it is gone.
  var onExit = "keep"
  var params: JSON = [:]
  /// When it runs; nil: whenever it is wanted.
  var timetable: Timetable?

  /// Whether `other` can only take effect in a new process.
  func needsRestart(for other: WorkerPlan) -> Bool {
    command != other.command || folder != other.folder || wish != other.wish
      || capabilities != other.capabilities
  }
}

extension WorkerPlan {
  init(_ manifest: StrategyManifest, python: String) {
    switch manifest.entry {
    case .command(let words): command = words
    case .python(let file): command = [python, "-m", "rbot", file]
    }
    folder = manifest.folder
    isEnabled = manifest.isEnabled
    policy = WorkerPolicy(manifest)
    wish = SandboxWish(manifest)
    // Without a limit of its own a worker gets one all the same, or its chatter would slow the others down.
    outputBytesPerSecond = manifest.limits.outputBytesPerSecond ?? 4 << 20
    callbackTimeout = manifest.health.callbackTimeout
    capabilities = Self.capabilities(manifest.trading)
    onExit = manifest.trading.onExit.rawValue
    timetable = manifest.schedule
    if let timetable { policy.slots = WorkerPolicy.Slots(timetable) }
    params = (try? JSON.parse(ConfigValue.table(manifest.params).json)) ?? [:]
  }

  private static func capabilities(_ trading: StrategyManifest.Trading) -> JSON {
    [
      "mode": .string(trading.mode.rawValue),
      "brokers": .array(trading.brokers.map(JSON.string)),
      "instruments": trading.instruments.map { .array($0.map(JSON.string)) } ?? .null,
      "max_order_units": JSON(trading.maxOrderUnits),
      "max_daily_loss": JSON(trading.maxDailyLoss),
      "on_exit": .string(trading.onExit.rawValue),
      "quotes": JSON(trading.quotes?.rawValue),
    ]
  }

  /// The gateway is run by the same machine: it has to live, so it is never given up.
  static func gateway(_ options: SupervisorOptions) -> WorkerPlan {
    let feed = options.feed ?? options.settings.gateway.feed
    let layout = options.layout
    let command = [
      options.gateway, "--home", layout.state, "--socket", layout.gatewaySocket, "--config", options.config,
      "--feed", feed,
    ]
    var plan = WorkerPlan(command: command, folder: layout.state)
    plan.policy.restart = .always
    plan.policy.limit = nil
    plan.policy.after = []
    // Everything waits for it, as after a disk was full: the tries are never far apart.
    plan.policy.backoff = .init(initial: .milliseconds(200), max: .seconds(5), factor: 2, jitter: 0.25)
    plan.policy.startTimeout = options.settings.gateway.startTimeout
    plan.policy.heartbeat = options.settings.gateway.heartbeat
    plan.policy.stopTimeout = options.settings.gateway.stopTimeout
    return plan
  }
}

extension WorkerPolicy.Slots {
  init(_ timetable: Timetable) {
    self =
      if case .window = timetable.trigger { .window } else {
        .oneShot(max: timetable.maxRuntime.map { .seconds($0) })
      }
  }
}

extension WorkerPolicy {
  init(_ manifest: StrategyManifest) {
    self.init()
    restart =
      switch manifest.restart.policy {
      case .always: .always
      case .onFailure: .onFailure
      case .never: .never
      }
    let pause = manifest.restart.backoff
    backoff = .init(initial: pause.initial, max: pause.max, factor: pause.factor, jitter: pause.jitter)
    healthyAfter = manifest.restart.healthyAfter
    limit = .init(bursts: manifest.restart.bursts, within: manifest.restart.within)
    startTimeout = manifest.health.startTimeout
    heartbeat = manifest.health.heartbeat
    stopTimeout = manifest.health.stopTimeout
    after = manifest.after
    requires = manifest.requires
    if case .python = manifest.entry { refusalCode = 2 }
  }
}
