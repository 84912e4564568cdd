import CPlatform
import Glibc

/// One process that a ``ProcessThread`` spawned. A pid may be used again by the system; a handle never is.
public struct ProcessHandle: Hashable, Sendable {
  /// Counts the spawns of a `ProcessThread`, from 1.
  public let id: UInt64
  /// The process id, for people and for the gateway's registration.
  public let pid: Int32
}

/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
  /// It ended by itself with this code, 0 to 255.
  case exited(code: Int32)
  /// A signal ended it.
  case signalled(signal: Int32, coreDumped: Bool)

  /// "exit code 3", "signal 9 (SIGKILL)".
  public var description: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signalled(let signal, let core):
      "signal \(signal) (\(Signals.name(signal)))\(core ? ", core dumped" : "")"
    }
  }

  init(_ wait: rbot_wait) {
    self =
      wait.signalled
      ? .signalled(signal: wait.value, coreDumped: wait.core_dumped) : .exited(code: wait.value)
  }
}

/// What a process and the descendants that it reaped have used, in the end.
public struct ResourceUsage: Equatable, Sendable {
  /// Seconds of processor time in user mode.
  public let userSeconds: Double
  /// Seconds of processor time in the kernel.
  public let systemSeconds: Double
  /// The largest resident size, in bytes.
  public let memoryBytesMax: Int
  /// How many of its processes the kernel killed because its cgroup's memory was full; 0 without such a limit.
  public let memoryKills: Int

  init(_ usage: rusage, memoryKills: Int = 0) {
    self.memoryKills = memoryKills
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    userSeconds = seconds(usage.ru_utime)
    systemSeconds = seconds(usage.ru_stime)
    memoryBytesMax = usage.ru_maxrss * 1024
  }
}

/// What a person or the service manager asks of the daemon by a signal.
public enum ControlSignal: Sendable, CaseIterable {
  /// SIGTERM.
  case terminate
  /// SIGINT: Ctrl-C.
  case interrupt
  /// SIGHUP: read the configuration again.
  case hangup

  var number: Int32 {
    switch self {
    case .terminate: SIGTERM
    case .interrupt: SIGINT
    case .hangup: SIGHUP
    }
  }
}

/// What a ``ProcessThread`` tells; always from its own thread and in the order in which it happened.
public enum ProcessEvent: Sendable {
  /// The process itself has ended. What it left behind is being killed; ``emptied(_:)`` follows.
  case exited(ProcessHandle, ExitStatus, ResourceUsage)
  /// Nothing of the process's tree lives any more; the handle is forgotten.
  case emptied(ProcessHandle)
  /// Even SIGKILL did not end these pids in time: the kernel holds them. Told once; ``emptied(_:)`` follows when they
  /// are gone, whenever that is.
  case resisted(ProcessHandle, survivors: [Int32])
  /// A descendant whose parent ended before it has been reaped.
  case orphanReaped(pid: Int32, ExitStatus)
  /// A sandboxed process tried something that it may not do. After a burst they are summed up every ten seconds;
  /// ``SandboxRefusal/count`` covers them.
  case refused(ProcessHandle, SandboxRefusal)
  /// The daemon got a signal.
  case signal(ControlSignal)
}
