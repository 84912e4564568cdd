public import Model

/// Names one command until it has been answered.
public struct CommandID: Hashable, Sendable {
  public let number: UInt64

  public init(_ number: UInt64) { self.number = number }
}

/// What a person, or the daemon on its way out, wants of a worker.
public enum Command: String, Hashable, Sendable, CaseIterable {
  /// Run. Answered when ready, or at the first failure.
  case start
  /// Don't run. Answered when no process is left.
  case stop
  /// Stop, then start. Answered as a start.
  case restart
  /// Refuse entries. Answered when the gateway does so.
  case pause
  /// As pause, and then stop its processes where they are. Answered when the gateway has been told and they are
  /// being stopped.
  case freeze
  /// Allow entries again, and let stopped processes go on. Answered as a pause.
  case resume
  /// Forget that it has failed: stopped, until somebody starts it.
  case reset
  /// As stop, but the worker is wanted again at the daemon's next start, and nothing starts it before.
  case shutdown
}

/// How a process ended.
public enum ProcessEnd: Hashable, Sendable, CustomStringConvertible {
  case code(Int)
  case signal(Int)

  public var succeeded: Bool { self == .code(0) }

  public var description: String {
    switch self {
    case .code(let code): "exited with code \(code)"
    case .signal(let signal): "killed by \(SignalName.text(signal))"
    }
  }
}

/// What became of `Action.applyTrading`.
public enum TradingOutcome: Hashable, Sendable {
  /// The gateway refuses entries from now on, or allows them.
  case confirmed
  /// There is no gateway; it will be told before it admits an order again.
  case gatewayDown
  case refused(String)
}

/// What happens to a worker. What a process does carries its generation; an older one's words are dropped.
public enum Event: Hashable, Sendable {
  case command(Command, CommandID)
  /// The operating system made the process.
  case spawned(Generation, pid: Int32)
  /// It could not be made, or did not get as far as running the strategy. Temporary: the system is short of
  /// something, and the worker is not to blame. Final: what it needs is not to be had here, however often it is tried.
  case spawnFailed(Generation, reason: String, isTemporary: Bool = false, isFinal: Bool = false)
  /// It introduced itself on the control channel.
  case hello(Generation)
  case ready(Generation)
  case heartbeat(Generation)
  /// Its control channel closed, by it or because of what it sent.
  case channelClosed(Generation, reason: String)
  /// It has more of something than it may have: it is ended without being asked, as a failure.
  case exceeded(Generation, reason: String)
  /// The process ended; what it started may still run.
  case exited(Generation, ProcessEnd)
  /// Nothing of it is left. What it said of its errors last, if anything.
  case emptied(Generation, lastWords: String? = nil)
  /// Those on whom it depends, as they are now.
  case needsChanged([Need])
  /// Whether others have to end before it may be asked to.
  case heldBack(Bool)
  case tradingApplied(serial: Int, TradingOutcome)
  case policyChanged(WorkerPolicy)
  /// A slot of its schedule has begun, and is on the disk. Answered with `slotEnded`, sooner or later. A manual one is
  /// run by one that is stopped, too; whoever asked for it is answered as for a start.
  case slotOpened(SlotID, run: CommandID? = nil, isManual: Bool = false)
  /// The open slot is to end.
  case slotClosed(SlotID, SlotClosing)
  /// Time has passed; `Lifecycle.deadline` says when this is next of use.
  case tick
}

/// The names of Linux's signals, without asking the C library for a translated text.
enum SignalName {
  private static let names = [
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
    24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
  ]

  static func text(_ number: Int) -> String { names[number] ?? "signal \(number)" }
}
