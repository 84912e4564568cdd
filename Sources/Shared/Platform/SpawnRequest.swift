import Glibc

/// Limits of one process, set by rbot-exec before the command runs. A nil leaves what the supervisor has.
public struct SpawnLimits: Equatable, Sendable {
  /// Bytes of private writable memory (RLIMIT_DATA). Not the address space: runtimes reserve far more of
  /// that than they use, and a limit on it breaks them long before memory is short.
  public var memoryBytes: UInt64?
  /// Open descriptors (RLIMIT_NOFILE).
  public var files: UInt64?
  /// Tasks of the *user*, not of the process (RLIMIT_NPROC): every thread of every process of this uid counts.
  /// Only for a strategy with a user of its own, or with room above ``UserTasks/count()``; the kernel does not
  /// hold root to it.
  public var tasksOfUser: UInt64?
  /// The largest file that may be written, in bytes (RLIMIT_FSIZE).
  public var fileBytes: UInt64?

  /// No limits but a core size of 0, which is always set.
  public init(
    memoryBytes: UInt64? = nil, files: UInt64? = nil, tasksOfUser: UInt64? = nil, fileBytes: UInt64? = nil
  ) {
    self.memoryBytes = memoryBytes
    self.files = files
    self.tasksOfUser = tasksOfUser
    self.fileBytes = fileBytes
  }

  var arguments: [String] {
    let named = [
      ("data", memoryBytes), ("nofile", files), ("nproc", tasksOfUser), ("fsize", fileBytes), ("core", 0),
    ]
    return named.flatMap { name, value in value.map { ["--rlimit", "\(name)=\($0)"] } ?? [] }
  }
}

/// What to run, and how.
public struct SpawnRequest: Sendable {
  /// Where standard output and error go.
  public enum Output: Sendable {
    /// Into two pipes whose reading ends the supervisor gets.
    case pipes
    /// Where the supervisor's own go.
    case inherited
  }

  /// Marks the process and its descendants (`RBOT_SPAWN_ID` in the environment), so that they are found even
  /// after they left the session. Unlike any other spawn's; begin it with something that only this home has,
  /// and ``ProcessTree/strays(markedWith:)`` finds what an earlier supervisor left.
  public var spawnID: String
  /// The path of rbot-exec, as from ``Executable/sibling(_:)``.
  public var helper: String
  /// The program, by path or looked up in `PATH` of ``environment``, and its arguments.
  public var command: [String]
  /// The whole environment; nothing of the supervisor's own is added but `RBOT_SPAWN_ID`.
  public var environment: [String: String]
  /// The working directory.
  public var directory: String
  /// Resource limits.
  public var limits: SpawnLimits
  /// The file mode creation mask.
  public var umask: UInt16
  /// Standard output and error; standard input is always `/dev/null`.
  public var output: Output
  /// The lock of ``LockFile``, which then stays held until the last worker is gone (descriptor 5 there).
  public var lock: Int32?
  /// The cgroup to join, where the supervisor has been given one to divide; removed when the process's tree is
  /// empty.
  public var cgroup: Cgroup?
  /// What it may do; nil: whatever the supervisor may.
  public var sandbox: Sandbox?
  /// Descriptors that this process must have left afterwards; with fewer, the spawn fails as one that may be tried
  /// again.
  public var reserve = DescriptorRoom.forControl

  /// A request for a command with the usual settings.
  public init(
    spawnID: String, helper: String, command: [String], environment: [String: String], directory: String,
    limits: SpawnLimits = SpawnLimits(), umask: UInt16 = 0o077, output: Output = .pipes, lock: Int32? = nil,
    cgroup: Cgroup? = nil, sandbox: Sandbox? = nil
  ) {
    self.spawnID = spawnID
    self.helper = helper
    self.command = command
    self.environment = environment
    self.directory = directory
    self.limits = limits
    self.umask = umask
    self.output = output
    self.lock = lock
    self.cgroup = cgroup
    self.sandbox = sandbox
  }

  /// rbot-exec's own arguments. The descriptors' numbers are fixed: 3 channel, 4 report, 5 lock, 6 a ruleset.
  ///
  /// - Parameter ruleset: the version of Landlock that the ruleset is for; nil where there is none.
  func arguments(parent: Int32, ruleset rules: Int32? = nil) -> [String] {
    var arguments = [helper, "--parent", String(parent), "--report", "4"]
    if lock != nil { arguments += ["--keep", "5"] }
    if let cgroup { arguments += ["--cgroup", cgroup.path] }
    arguments += ["--umask", String(umask, radix: 8)] + limits.arguments
    if let sandbox { arguments += sandbox.arguments(rules: rules) }
    return arguments + ["--chdir", directory, "--"] + command
  }

  /// The environment as the system wants it.
  var environmentLines: [String] {
    var lines = environment.map { "\($0.key)=\($0.value)" }.sorted()
    lines.append("\(ProcessTree.marker)=\(spawnID)")
    return lines
  }
}

/// A process that runs its command. The descriptors are the caller's, who closes them.
public struct SpawnedProcess: Sendable {
  /// For signals, and to know its events by.
  public let handle: ProcessHandle
  /// When it started, in clock ticks since boot: with the pid, this names a process for as long as the system
  /// is up.
  public let startTicks: UInt64
  /// Our end of the socket that the process has as descriptor 3; a stream, non-blocking.
  public let channel: Int32
  /// The reading end of its standard output, non-blocking; nil where it inherits ours.
  public let standardOutput: Int32?
  /// The reading end of its standard error, non-blocking; nil where it inherits ours.
  public let standardError: Int32?
  /// The layers of its isolation in the order in which they were put in force, and those that could not be had.
  public let layers: [SandboxLayer]

  /// The process id.
  public var pid: Int32 { handle.pid }
}
