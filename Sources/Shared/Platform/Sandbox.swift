/// What a spawned process and all that descends from it may do; rbot-exec puts it in force before the command
/// runs, and nothing in the command can undo it.
public struct Sandbox: Equatable, Sendable {
  /// A user to become.
  public struct User: Equatable, Sendable {
    /// The user id.
    public var uid: UInt32
    /// The group id; there are no other groups.
    public var gid: UInt32

    /// A user and its group.
    public init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// The user to become; nil: the supervisor's own.
  public var user: User?
  /// Files and folders that may be read and executed, everything beneath included; at most
  /// ``readableMax``. One that is not there is passed over.
  public var readable: [String]
  /// Files and folders that may be read and written, everything beneath included; at most ``writableMax``.
  public var writable: [String]
  /// What may be read and written beyond that, and is opened for many at once.
  public var shared: SharedPlaces?
  /// Leaves TCP and UDP over IPv4 and IPv6 allowed.
  public var allowsNetwork = false
  /// The Unix sockets that it may connect to, by absolute path.
  public var sockets: [String]
  /// How many tasks, threads of all its processes, may live at once; nil: no limit of the sandbox's own.
  public var tasksMax: Int?
  /// Whether ``tasksMax`` is held by asking for each new task: where neither a cgroup's pids controller nor
  /// RLIMIT_NPROC of a user of its own holds it.
  public var countsTasks: Bool
  /// A layer that cannot be had is an error of the spawn, not a layer that is off.
  public var isRequired = false

  /// The most paths that ``readable`` may hold.
  public static let readableMax = 64
  /// The most paths that ``writable`` may hold.
  public static let writableMax = 16

  /// A sandbox without network in which nothing can be reached but what is named.
  public init(
    user: User? = nil, readable: [String] = [], writable: [String] = [], shared: SharedPlaces? = nil,
    allowsNetwork: Bool = false, sockets: [String] = [], tasksMax: Int? = nil, countsTasks: Bool = false,
    isRequired: Bool = false
  ) {
    self.user = user
    self.readable = readable
    self.writable = writable
    self.shared = shared
    self.allowsNetwork = allowsNetwork
    self.sockets = sockets
    self.tasksMax = tasksMax
    self.countsTasks = countsTasks
    self.isRequired = isRequired
  }

  /// rbot-exec's arguments for it.
  ///
  /// - Parameter rules: the Landlock version of the ruleset that ``SharedPlaces`` began and that the process has as
  ///   descriptor 6; nil where it has none.
  func arguments(rules: Int32?) -> [String] {
    var arguments = ["--sandbox"]
    if let rules { arguments += ["--rules", "6:\(rules)"] } else { arguments += shared?.arguments ?? [] }
    if let user { arguments += ["--user", "\(user.uid):\(user.gid)"] }
    for path in readable { arguments += ["--read", path] }
    for path in writable { arguments += ["--write", path] }
    if allowsNetwork { arguments.append("--network") }
    if countsTasks { arguments.append("--tasks") }
    if isRequired { arguments.append("--required") }
    return arguments
  }
}

/// One layer of a process's isolation, as it was put in force or not.
public struct SandboxLayer: Equatable, Sendable {
  /// `session`, `limits`, `environment`, `cgroup`, `memory`, `cpu`, `processes`, `user`, `privileges`, `files`,
  /// `signals`, `calls`, `reports`.
  public var name: String
  /// False: it could not be had, and ``detail`` says why.
  public var isInForce: Bool
  /// For a person: "landlock 7", or "the kernel has no Landlock".
  public var detail: String

  /// A layer.
  public init(name: String, isInForce: Bool, detail: String) {
    self.name = name
    self.isInForce = isInForce
    self.detail = detail
  }
}

/// Something that a sandboxed process tried and was not allowed.
public struct SandboxRefusal: Equatable, Sendable {
  /// The system call: "connect".
  public var call: String
  /// What it was tried on: "/run/dbus/system_bus_socket"; may be empty. Unprintable characters are escaped.
  public var detail: String
  /// How many alike there were since the last one that was told, this one included.
  public var count: Int

  /// A refusal.
  public init(call: String, detail: String, count: Int) {
    self.call = call
    self.detail = detail
    self.count = count
  }
}
