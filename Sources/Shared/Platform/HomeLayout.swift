import Glibc

/// Where everything of one daemon lies. The daemon, the gateway and rbotctl all work it out here, so they meet.
///
/// | | a home (`--home DIR`) | a service |
/// | --- | --- | --- |
/// | settings | `DIR` | `/etc/rbotd` |
/// | sockets, lock | `DIR/run` | `/run/rbotd` |
/// | databases, state | `DIR` | `/var/lib/rbotd` |
public struct HomeLayout: Equatable, Sendable {
  /// The folder of `rbotd.toml` and of `strategies`.
  public let configuration: String
  /// The folder of sockets and the lock.
  public let runtime: String
  /// The folder of databases and of the strategies' own state.
  public let state: String

  /// Works out the layout.
  ///
  /// - Parameters:
  ///   - home: `--home`. Without it: what the service manager says (`CONFIGURATION_DIRECTORY`,
  ///     `RUNTIME_DIRECTORY`, `STATE_DIRECTORY`), the service's folders for root, else
  ///     `$XDG_STATE_HOME/rbotd`, which is `~/.local/state/rbotd`.
  ///   - environment: the process's environment.
  ///   - user: its effective user id.
  public init(home: String?, environment: [String: String], user: UInt32) throws(HomeError) {
    // A setting of the service manager may list several folders; the first is the main one.
    func given(_ name: String) -> String? {
      environment[name]?.split(separator: ":").first.map(String.init)
    }
    if let home {
      try self.init(home: home)
    } else if given("RUNTIME_DIRECTORY") != nil || given("STATE_DIRECTORY") != nil || user == 0 {
      try self.init(
        configuration: given("CONFIGURATION_DIRECTORY") ?? "/etc/rbotd",
        runtime: given("RUNTIME_DIRECTORY") ?? "/run/rbotd",
        state: given("STATE_DIRECTORY") ?? "/var/lib/rbotd")
    } else if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") {
      try self.init(home: folder + "/rbotd")
    } else if let folder = environment["HOME"], folder.hasPrefix("/") {
      try self.init(home: folder + "/.local/state/rbotd")
    } else {
      throw .unknown
    }
  }

  private init(home: String) throws(HomeError) {
    let home = Self.absolute(home)
    try self.init(configuration: home, runtime: home == "/" ? "/run" : home + "/run", state: home)
  }

  private init(configuration: String, runtime: String, state: String) throws(HomeError) {
    self.configuration = configuration
    self.runtime = runtime
    self.state = state
    for socket in [controlSocket, gatewaySocket] where socket.utf8.count > Self.socketPathBytesMax {
      throw .socketPathTooLong(socket)
    }
  }

  /// What the kernel takes as the path of a Unix socket, in bytes.
  public static let socketPathBytesMax = 107

  /// The settings.
  public var settingsFile: String { configuration + "/rbotd.toml" }
  /// The strategies, unless the settings or `--strategies` say otherwise.
  public var strategies: String { configuration + "/strategies" }
  /// Where rbotctl talks to rbotd.
  public var controlSocket: String { runtime + "/control.sock" }
  /// Where workers talk to the gateway.
  public var gatewaySocket: String { runtime + "/gateway.sock" }
  /// Held by the daemon that runs here.
  public var lockFile: String { runtime + "/rbotd.lock" }
  /// Runs, logs, metrics; written by rbotd alone.
  public var supervisorDatabase: String { state + "/supervisor.sqlite" }
  /// Orders, fills, events; written by the gateway alone.
  public var tradingDatabase: String { state + "/trading.sqlite" }
  /// A strategy's own writable folder.
  public func stateDirectory(of strategy: String) -> String { state + "/state/" + strategy }

  /// Makes the folders that are not there yet, for our user alone.
  public func makeDirectories() throws(SystemError) {
    for folder in [configuration, runtime, state, state + "/state"] { try Self.makeDirectory(folder) }
  }

  /// Makes a folder and those above it. Those that are there keep their mode.
  public static func makeDirectory(_ path: String) throws(SystemError) {
    var partial = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      partial += "/" + part
      if mkdir(partial, 0o700) == 0 || errno == EEXIST { continue }
      let code = errno
      // An ancestor on a read-only file system, say, may refuse with another errno although it is there.
      if access(partial, F_OK) != 0 { throw SystemError("make the directory \(partial)", code: code) }
    }
    var status = stat()
    guard stat(path, &status) == 0 else { throw SystemError("open the directory \(path)") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemError("use \(path)", code: ENOTDIR) }
  }

  /// A path that means the same wherever a process changes to.
  public static func absolute(_ path: String) -> String {
    var parts: [Substring] = []
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
      parts = String(cString: current).split(separator: "/").map { Substring($0) }
      free(current)
    }
    for part in path.split(separator: "/") where part != "." {
      // `..` is kept: behind a symbolic link it is not the folder before it.
      parts.append(part)
    }
    return "/" + parts.joined(separator: "/")
  }
}

/// Why there is no layout.
public enum HomeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Neither `--home` nor `HOME`.
  case unknown
  /// A socket's path is longer than the kernel takes.
  case socketPathTooLong(String)

  /// A sentence for a person that says what to do.
  public var description: String {
    switch self {
    case .unknown: "there is no home: HOME is not set; give --home DIR"
    case .socketPathTooLong(let path):
      "the socket path \(path) has \(path.utf8.count) bytes, and the kernel takes at most "
        + "\(HomeLayout.socketPathBytesMax): choose a shorter --home"
    }
  }
}
