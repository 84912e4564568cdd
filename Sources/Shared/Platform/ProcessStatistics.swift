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
    guard let fields = ProcessTable.statFields(readFile("/proc/\(pid)/stat")), fields.count > 21,
      let user = Double(fields[11]), let system = Double(fields[12]), let threads = Int(fields[17]),
      let start = UInt64(fields[19]), let pages = Int(fields[21]), start == startTicks ?? start
    else { return nil }
    return ProcessStatistics(
      cpuSeconds: (user + system) / Double(sysconf(Int32(_SC_CLK_TCK))),
      memoryBytes: pages * sysconf(Int32(_SC_PAGESIZE)), threads: threads,
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
      let fields = ProcessTable.statFields(readFile("/proc/\(pid)/stat")) ?? []
      total += fields.count > 17 ? Int(fields[17]) ?? 1 : 0
    }
    return total
  }
}
