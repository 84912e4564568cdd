/// Why a command does not run: the stage that failed, and the errno.
public struct SpawnError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The step that failed. `descriptors` and `helper` are the supervisor's own: pipes could not be made, or
  /// rbot-exec could not be started. The rest are rbot-exec's: `parent`, `session`, `cgroup`, `limits`,
  /// `directory`, `user`, `privileges`, `files`, `descriptors`, `signals`, `calls`, `exec`.
  public let stage: String
  /// The errno that the system gave.
  public let code: Int32
  /// What it was tried on: the command, the directory, the helper.
  public let subject: String

  /// True where trying again later may work by itself: the system is short of processes, descriptors or memory.
  public var isTemporary: Bool { [11, 12, 23, 24].contains(code) }  // EAGAIN ENOMEM ENFILE EMFILE

  /// A sentence for a person: "cannot run python4: No such file or directory (stage exec)".
  public var description: String { "cannot \(attempt): \(SystemError.text(code)) (stage \(stage))" }

  private var attempt: String {
    switch stage {
    case "descriptors": "open the pipes of \(subject)"
    case "helper": "start \(subject)"
    case "directory": "change to the directory \(subject)"
    case "cgroup": "join the cgroup \(subject)"
    case "limits": "set the limits of \(subject)"
    case "exec": "run \(subject)"
    default: "prepare \(subject)"
    }
  }

  init(stage: String, code: Int32, request: SpawnRequest) {
    self.stage = stage
    self.code = code
    switch stage {
    case "directory": subject = request.directory
    case "helper": subject = request.helper
    case "cgroup": subject = request.cgroup?.path ?? ""
    default: subject = request.command.first ?? "(no command)"
    }
  }
}
