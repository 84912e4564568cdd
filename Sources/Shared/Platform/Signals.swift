import CPlatform
import Glibc

/// Signals of the whole process.
public enum Signals {
  static let taken: [Int32] = [SIGCHLD] + ControlSignal.allCases.map(\.number)

  /// Holds the signals that a ``ProcessThread`` takes until there is one, and makes a write to a closed pipe an
  /// error instead of a signal. Main calls it before anything else, so that a SIGTERM in the first
  /// milliseconds is answered too and not simply fatal.
  public static func blockAll() {
    _ = rbot_block_signals(taken, Int32(taken.count))
    _ = rbot_ignore_signal(SIGPIPE)
  }

  /// "SIGKILL" for 9; "signal 42" for one without a name.
  public static func name(_ number: Int32) -> String {
    names[number] ?? "signal \(number)"
  }

  private static let names: [Int32: String] = [
    SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
    SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
    SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
    SIGCHLD: "SIGCHLD", SIGCONT: "SIGCONT", SIGSTOP: "SIGSTOP", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
    SIGSYS: "SIGSYS",
  ]
}
