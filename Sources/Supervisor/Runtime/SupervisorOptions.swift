public import Config
import SupervisorStore

/// Where everything is, and how the supervisor runs; decided once, by the program.
public struct SupervisorOptions: Sendable {
  /// The home, absolute; also the beginning of every spawn's mark.
  public var home: String
  /// The settings' file, for the gateway; it may be missing.
  public var config: String
  /// The folder with one folder per strategy.
  public var strategies: String
  public var settings: DaemonSettings
  /// Overrides the settings' feed; nil leaves it.
  public var feed: String?
  public var controlSocket: String
  public var gatewaySocket: String
  public var database: String
  /// Holds one writable folder per strategy.
  public var stateFolder: String
  /// `rbot-exec`.
  public var helper: String
  /// `rbot-gateway`.
  public var gateway: String
  /// What workers have on their `PATH`.
  public var searchPath: String
  /// The folder that holds the Python package `rbot`; nil when there is none.
  public var pythonPath: String?
  /// The descriptor of the home's lock, which workers inherit.
  public var lock: Int32?
  /// The group of the control socket; nil: the daemon's user and root alone.
  public var controlGroup: UInt32?

  public init(home: String, config: String, strategies: String, settings: DaemonSettings) {
    self.home = home
    self.config = config
    self.strategies = strategies
    self.settings = settings
    controlSocket = home + "/control.sock"
    gatewaySocket = home + "/gateway.sock"
    database = home + "/supervisor.sqlite"
    stateFolder = home + "/state"
    helper = "rbot-exec"
    gateway = "rbot-gateway"
    searchPath = "/usr/local/bin:/usr/bin:/bin"
  }

  var retention: SupervisorStore.Retention {
    .init(age: settings.logs.maxAge, bytes: Int64(clamping: settings.logs.maxBytes))
  }
}
