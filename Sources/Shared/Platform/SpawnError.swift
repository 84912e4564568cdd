import Glibc

/// Why a command does not run: the stage that failed, and the errno.
public struct SpawnError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The step that failed. `descriptors`, `helper` and `launch` are the supervisor's own: pipes could not be
  /// made, rbot-exec could not be started, or it did not come to the command. The rest are rbot-exec's: `parent`, `session`, `cgroup`, `limits`,
  /// `directory`, `user`, `privileges`, `files`, `descriptors`, `signals`, `calls`, `exec`.
  public let stage: String
  /// The errno that the system gave.
  public let code: Int32
  /// What it was tried on: the command, the directory, the helper.
  public let subject: String

  private let isSandboxed: Bool

  /// True where trying again later may work by itself: the system is short of processes, descriptors or memory.
  public var isTemporary: Bool { [11, 12, 23, 24].contains(code) }  // EAGAIN ENOMEM ENFILE EMFILE

  /// A sentence for a person: "cannot run python4: No such file or directory (stage exec)".
  public var description: String {
    switch (stage, code) {
    case ("launch", ETIMEDOUT):
      "cannot run \(subject): nothing came of it in time; does a file system with its folders not answer? "
        + "(stage launch)"
    case ("launch", _): "cannot run \(subject): it was stopped before it ran (stage launch)"
    default: "cannot \(attempt): \(SystemError.text(code))\(advice) (stage \(stage))"
    }
  }

  private var attempt: String {
    switch stage {
    case "descriptors": "open the pipes of \(subject)"
    case "helper": "start \(subject)"
    case "directory": "change to the directory \(subject)"
    case "cgroup": "join the cgroup \(subject)"
    case "limits": "set the limits of \(subject)"
    case "user": "run \(subject) as a user of its own"
    case "files": "confine \(subject) to its files with Landlock"
    case "calls": "confine the system calls of \(subject) with seccomp"
    case "exec": "run \(subject)"
    default: "prepare \(subject)"
    }
  }

  /// What to do about it, where we know more than the errno tells.
  private var advice: String {
    switch (stage, code) {
    case ("descriptors", EMFILE):
      "; rbotd may open \(DescriptorRoom.limit) and keeps some for itself: raise its LimitNOFILE (ulimit -n)"
    case ("user", EPERM):
      ": rbotd needs CAP_SETUID and CAP_SETGID for that; give it both, or set users = false under [sandbox]"
    case ("user", EAGAIN): ": that user has as many processes as it may"
    case ("files", ENOSYS), ("files", EOPNOTSUPP):
      ": the kernel needs Landlock (lsm=…,landlock); without it set required = false under [sandbox]"
    case ("files", E2BIG):
      ": name at most \(Sandbox.readableMax) folders to read, \(Sandbox.writableMax) to write"
    case ("calls", ENOSYS), ("calls", EINVAL):
      ": the kernel needs seccomp filters; without them set required = false under [sandbox]"
    case ("calls", EBUSY):
      ": a seccomp listener from outside is there already; is rbotd run in a sandbox itself?"
    case ("exec", EACCES) where isSandboxed:
      ": check its mode, and that the sandbox may read it; name its folder under read in [sandbox]"
    default: ""
    }
  }

  init(stage: String, code: Int32, request: SpawnRequest) {
    self.stage = stage
    self.code = code
    isSandboxed = request.sandbox != nil
    switch stage {
    case "directory": subject = request.directory
    case "helper": subject = request.helper
    case "cgroup": subject = request.cgroup?.path ?? ""
    default: subject = request.command.first ?? "(no command)"
    }
  }
}
