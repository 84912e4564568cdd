public import Schedule

/// What a strategy's `strategy.toml` says.
public struct StrategyManifest: Equatable, Sendable {
  /// How the strategy is run.
  public enum Entry: Equatable, Sendable {
    /// This program with these arguments, in the strategy's folder.
    case command([String])
    /// This Python file, by the SDK's runner: it has `run()` or a Strategy class.
    case python(String)
  }

  /// Its name, by which everyone knows it.
  public var name: String
  /// The folder that the manifest is in: the worker's working directory.
  public var folder: String
  /// The manifest's own path.
  public var path: String
  /// What to run.
  public var entry: Entry
  /// Whether it starts with the daemon.
  public var isEnabled: Bool
  /// What must be ready before it starts; "gateway" unless said otherwise.
  public var after: [String]
  /// What must be ready for it to run at all.
  public var requires: [String]
  /// How a worker that ends is treated.
  public var restart: Restart
  /// When it counts as started, alive and stopped.
  public var health: Health
  /// Its time table; nil runs continuously.
  public var schedule: Timetable?
  /// Limits of its process.
  public var limits: Limits
  /// What it may reach.
  public var sandbox: Sandbox
  /// What it may trade.
  public var trading: Trading
  /// Its own parameters, whatever they are.
  public var params: [String: ConfigValue]
  /// What is allowed and probably not meant, in the order of the file.
  public var warnings: [ConfigIssue] = []

  /// `[restart]`.
  public struct Restart: Equatable, Sendable {
    /// Which ends are followed by a restart.
    public enum Policy: String, CaseIterable, Sendable {
      case always
      case onFailure = "on-failure"
      case never
    }
    /// The pause before a restart.
    public struct Backoff: Equatable, Sendable {
      /// The first pause; not before the first restart after a healthy run.
      public var initial: Duration
      /// The longest pause.
      public var max: Duration
      /// What each pause is multiplied with for the next.
      public var factor: Double
      /// The share by which a pause varies at random, 0 to 1.
      public var jitter: Double
    }
    public var policy: Policy
    public var backoff: Backoff
    /// Ready for this long counts as healthy: the pauses begin anew.
    public var healthyAfter: Duration
    /// More restarts than `bursts` within `within`: failed.
    public var bursts: Int
    public var within: Duration
  }

  /// `[health]`.
  public struct Health: Equatable, Sendable {
    /// From the start until it must be ready.
    public var startTimeout: Duration
    /// The interval of heartbeats; three missed are a failure.
    public var heartbeat: Duration
    /// From the request to stop until it is killed.
    public var stopTimeout: Duration
    /// How long one callback may run; zero is without end, nil is not said.
    public var callbackTimeout: Duration?
  }

  /// `[limits]`; nil is no limit. Those with a default have it because what they bound is shared with others.
  public struct Limits: Equatable, Sendable {
    public var memoryBytes: UInt64?
    /// Of one processor: 0.5 is half of one, 2 are two.
    public var processors: Double?
    /// Processes and threads of the whole tree.
    public var processes = 256
    /// Open files of each process.
    public var files = 1024
    /// What its state folder may hold, and the largest file that it may write.
    public var diskBytes: UInt64?
    /// Standard output and error together.
    public var outputBytesPerSecond: UInt64?
  }

  /// `[sandbox]`.
  public struct Sandbox: Equatable, Sendable {
    public var network: Bool
    /// Paths it may read, relative to its folder, beyond the folder and the system's libraries.
    public var read: [String]
    /// Paths it may write beyond its state folder.
    public var write: [String]
    /// Refuse to start where a layer cannot be had.
    public var isRequired: Bool
  }

  /// `[trading]`.
  public struct Trading: Equatable, Sendable {
    /// With which money.
    public enum Mode: String, CaseIterable, Sendable { case off, paper, canary, live }
    /// What becomes of its orders and positions when its worker is gone.
    public enum OnExit: String, CaseIterable, Sendable { case keep, cancel, flatten }
    /// How its quotes are delivered.
    public enum Quotes: String, CaseIterable, Sendable { case latest, every }
    public var mode: Mode
    public var brokers: [String]
    /// Nil: all that the brokers have.
    public var instruments: [String]?
    /// Decimal text.
    public var maxOrderUnits: String?
    /// Decimal text, in the account's currency.
    public var maxDailyLoss: String?
    public var onExit: OnExit
    /// Nil: the feed decides.
    public var quotes: Quotes?
  }
}
