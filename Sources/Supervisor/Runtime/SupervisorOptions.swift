public import Config
import Glibc
public import Platform
import SupervisorStore

/// Where everything is, and how the supervisor runs; decided once, before anything starts.
public struct SupervisorOptions: Sendable {
  public let layout: HomeLayout
  public let settings: DaemonSettings
  /// The settings' file, for the gateway; it may be missing.
  public let config: String
  /// The folder with one folder per strategy.
  public let strategies: String
  /// The folder of trading calendars of one's own; it may be missing.
  public let calendars: String
  /// `--home`, to tell people what to give to rbotctl; nil where that finds it by itself.
  public let home: String?
  /// Overrides the settings' feed; nil leaves it.
  public let feed: String?
  /// What schedules take for the time.
  let clock: ScheduleClock
  /// `rbot-exec`.
  let launcher: String
  /// `rbot-gateway`.
  let gateway: String
  /// What workers have on their `PATH`: our own programs first.
  let searchPath: String
  /// The folder that holds the Python package `rbot`; nil when there is none.
  let pythonPath: String?
  /// What `EXECUTION_ENABLED` says, which the gateway reads; nil where it is not set.
  let executionWord: String?
  /// The daemon's own `HOME`; empty where it has none.
  let ownHome: String
  /// Where everything is, as the sandboxes see it.
  let places: SandboxGround.Places
  /// Begins the mark that every process of this home carries.
  let mark: String
  /// The group of the control socket; nil: the daemon's user and root alone.
  let controlGroup: UInt32?
  /// The descriptor of the lock, which workers inherit.
  public var lock: Int32?
  /// What `ENABLE_MOCK` says, which the gateway reads; nil where it is not set.
  let mockWord: String?

  /// Works everything out, and makes the folders that are missing.
  ///
  /// - Throws: a sentence: wrong settings, a folder that cannot be made, a program that is missing.
  public init(_ arguments: DaemonArguments, environment: [String: String]) throws {
    home = arguments.home.map { HomeLayout.absolute($0) }
    feed = arguments.feed.map(Self.absolute(feed:))
    layout = try HomeLayout(home: home, environment: environment, user: PeerCredentials.ownUser)
    config = arguments.config.map { HomeLayout.absolute($0) } ?? layout.settingsFile
    let isMissing = arguments.config == nil && access(config, F_OK) != 0
    settings = isMissing ? DaemonSettings() : try DaemonSettings(path: config)
    let beside = config.split(separator: "/").dropLast().joined(separator: "/")
    strategies =
      arguments.strategies.map { HomeLayout.absolute($0) }
      ?? settings.supervisor.strategies.map { $0.hasPrefix("/") ? $0 : "/\(beside)/\($0)" }
      ?? layout.strategies
    calendars = settings.calendarFolder(beside: config)
    launcher = try Self.program("rbot-exec")
    gateway = try Self.program("rbot-gateway")
    let programs = "/" + Executable.path.split(separator: "/").dropLast().joined(separator: "/")
    // Beside us in a checkout; where the gateway is too when we are installed.
    let installed = "/" + gateway.split(separator: "/").dropLast().joined(separator: "/")
    searchPath = "\(programs):\(installed):" + (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
    // The last is a checkout's, whose programs are in .build/TRIPLE/CONFIGURATION.
    pythonPath = [
      strategies, "\(programs)/../lib/rbotd/python", "\(programs)/../share/rbotd/python",
      "\(programs)/../../../strategies",
    ]
    .first { access($0 + "/rbot/__init__.py", R_OK) == 0 }
    if arguments.strategies != nil, access(strategies, R_OK | X_OK) != 0 {
      throw CannotStart(
        "the folder of strategies \(strategies) cannot be read: \(String(cString: strerror(errno)))")
    }
    controlGroup = try settings.supervisor.controlGroup.map(Self.group)
    try layout.makeDirectories()
    if let objection = try Rehearsal.objection(arguments.rehearsal, in: layout) {
      throw CannotStart(objection)
    }
    clock = ScheduleClock(rehearsing: arguments.rehearsal, at: WallClock.now)
    executionWord = environment["EXECUTION_ENABLED"]
    ownHome = environment["HOME"] ?? ""
    mockWord = environment["ENABLE_MOCK"]
    mark = Self.mark(of: layout.state)
    func real(_ path: String) -> String { SandboxDriver.view.resolve(path) ?? path }
    places = SandboxGround.Places(
      state: real(layout.state), runtime: real(layout.runtime), settings: real(config),
      strategies: real(strategies), programs: [real(programs), real(installed)], searchPath: searchPath,
      sdk: pythonPath.map { real($0 + "/rbot") }, gatewaySocket: layout.gatewaySocket)
  }

  /// Takes the lock that makes a second daemon impossible. Workers inherit it, so those of an rbotd that was
  /// killed hold it for the moment that they take to die.
  public func takeLock() throws(LockError) -> LockFile {
    for _ in 0..<40 {
      do throws(LockError) {
        return try LockFile(path: layout.lockFile)
      } catch {
        guard case .held(_, _, false) = error else { throw error }
        ProcessTree.killStrays(markedWith: mark, roundsMax: 5)
        usleep(50_000)
      }
    }
    return try LockFile(path: layout.lockFile)
  }

  /// Begins the mark that every process of this home carries. The folder itself and not its path: a container's home may
  /// have the same path as ours, and its processes are none of our strays.
  private static func mark(of folder: String) -> String {
    var status = stat()
    let place = stat(folder, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : folder
    return "rbot-\(SHA256.hex(place).prefix(16))/"
  }

  var retention: SupervisorStore.Retention {
    .init(
      age: settings.logs.maxAge, bytes: Int64(clamping: settings.logs.maxBytes),
      metrics: .init(
        fine: settings.metrics.keepTenSeconds, minutes: settings.metrics.keepMinutes,
        hours: settings.metrics.keepHours))
  }

  /// The gateway runs in another folder: a recording that is named from here is still meant from here.
  static func absolute(feed: String) -> String {
    let kind = "replay:"
    guard feed.hasPrefix(kind) else { return feed }
    let paths = feed.dropFirst(kind.count).split(separator: ",", omittingEmptySubsequences: false)
    return kind + paths.map { $0.isEmpty ? "" : HomeLayout.absolute(String($0)) }.joined(separator: ",")
  }

  private static func program(_ name: String) throws -> String {
    guard let path = Executable.sibling(name) else {
      let places = Executable.candidates(name).joined(separator: " or ")
      throw CannotStart("\(name) is missing: it must be \(places)")
    }
    return path
  }

  private static func group(_ name: String) throws -> UInt32 {
    guard let group = getgrnam(name) else {
      throw CannotStart("supervisor.control_group: there is no group \(name)")
    }
    return group.pointee.gr_gid
  }
}

/// Why rbotd does not start.
struct CannotStart: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
