import Glibc

/// What a process uses at this moment.
public struct ProcessStatistics: Equatable, Sendable {
  /// Processor time so far, user and kernel, in seconds.
  public let cpuSeconds: Double
  /// Resident memory in bytes.
  public let memoryBytes: Int
  /// Threads.
  public let threads: Int
  /// Open descriptors; nil where they may not be seen (another user's process).
  public let files: Int?

  /// The same of this process.
  public static func readOwn() -> ProcessStatistics? { read(pid: getpid()) }

  /// Reads `/proc`.
  ///
  /// - Parameters:
  ///   - pid: the process.
  ///   - startTicks: its start time, so that a later process with the same pid is not mistaken for it.
  /// - Returns: nil when it is gone.
  public static func read(pid: Int32, startTicks: UInt64? = nil) -> ProcessStatistics? {
    guard let line = StatLine(pid: pid), line[19] == startTicks ?? line[19] else { return nil }
    return ProcessStatistics(
      cpuSeconds: Double(line[11] + line[12]) / Double(sysconf(Int32(_SC_CLK_TCK))),
      memoryBytes: Int(line[21]) * sysconf(Int32(_SC_PAGESIZE)), threads: Int(line[17]),
      files: ProcessTable.numbers(in: "/proc/\(pid)/fd")?.count)
  }
}

/// The tasks of a user, against which RLIMIT_NPROC is held.
public enum UserTasks {
  /// The threads of all processes of this process's user.
  public static func count() -> Int {
    let user = getuid()
    var total = 0
    for pid in ProcessTable.numbers(in: "/proc") ?? [] {
      var status = stat()
      guard stat("/proc/\(pid)", &status) == 0, status.st_uid == user else { continue }
      total += StatLine(pid: pid).map { Int($0[17]) } ?? 0
    }
    return total
  }
}
