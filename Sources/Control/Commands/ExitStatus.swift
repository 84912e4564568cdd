/// What rbotctl ends with.
public enum ExitStatus: Int32, Sendable {
  /// Done.
  case done = 0
  /// Understood and not done, or done in part only.
  case refused = 1
  /// The command line was wrong.
  case usage = 2
  /// `status NAME` of a strategy that has no process.
  case notRunning = 3
  /// The daemon could not be reached, or went away.
  case unreachable = 4

  static let explained = """
    EXIT STATUS
      0  done
      1  refused, or done in part only
      2  the command line was wrong
      3  status NAME: the strategy is not running
      4  the daemon could not be reached, or went away
    """
}

/// Why a command ends early: a sentence for a person, and the exit status.
struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
  let status: ExitStatus
  /// A stable word for a program.
  let reason: String
  let message: String

  init(_ status: ExitStatus, _ reason: String, _ message: String) {
    self.status = status
    self.reason = reason
    self.message = message
  }

  var description: String { message }
}
