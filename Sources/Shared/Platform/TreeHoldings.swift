import Glibc

/// What a process and its descendants hold beyond their private memory and their named files: shared memory, counted
/// once, and open files that no folder shows any more. Both need a look into `/proc`, which another user's processes
/// allow to root alone.
public enum TreeHoldings {
  /// Processes of a tree, and descriptors of a process, that are looked at.
  private static let processesMax = 256
  private static let filesMax = 4_096

  /// Memory in bytes, each page that several share divided among them; nil where the process is gone or may not be
  /// looked at. It takes the kernel about a millisecond for 100 MB.
  public static func memoryBytes(pid: Int32, startTicks: UInt64) -> UInt64? {
    guard ProcessTable.entry(pid)?.startTicks == startTicks, let own = proportional(pid) else { return nil }
    return ProcessTable.listedDescendants(of: pid, limit: processesMax).reduce(own) {
      $0 + (proportional($1) ?? 0)
    }
  }

  /// Resident memory in bytes, in which shared pages count for each process; cheap. Nil where the process is gone.
  public static func residentBytes(pid: Int32, startTicks: UInt64) -> UInt64? {
    guard ProcessTable.entry(pid)?.startTicks == startTicks else { return nil }
    return ([pid] + ProcessTable.listedDescendants(of: pid, limit: processesMax)).reduce(0) {
      $0 + (ProcessStatistics.residentBytes(of: $1) ?? 0)
    }
  }

  private static func proportional(_ pid: Int32) -> UInt64? {
    guard let text = readText("/proc/\(pid)/smaps_rollup") else { return nil }
    let kilobytes = text.split(separator: "\n").first { $0.hasPrefix("Pss:") }?
      .split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
    return kilobytes.map { $0 * 1_024 }
  }

  /// Bytes of open files on the file system of `folder` that have been deleted.
  public static func deletedBytes(pid: Int32, startTicks: UInt64, folder: String) -> UInt64 {
    var place = stat()
    guard stat(folder, &place) == 0, ProcessTable.entry(pid)?.startTicks == startTicks else { return 0 }
    var seen: [UInt64: UInt64] = [:]
    for pid in [pid] + ProcessTable.listedDescendants(of: pid, limit: processesMax) {
      for fd in (ProcessTable.numbers(in: "/proc/\(pid)/fd") ?? []).prefix(filesMax) {
        var status = stat()
        guard stat("/proc/\(pid)/fd/\(fd)", &status) == 0, status.st_dev == place.st_dev,
          status.st_nlink == 0, status.st_mode & S_IFMT == S_IFREG
        else { continue }
        seen[UInt64(status.st_ino)] = UInt64(max(0, status.st_blocks)) * 512
      }
    }
    return seen.values.reduce(0, +)
  }
}

/// The room on a file system.
public struct DiskRoom: Equatable, Sendable {
  /// Bytes in all.
  public var size: UInt64
  /// Bytes that a user other than root may still take.
  public var free: UInt64

  /// Figures from elsewhere, as a test makes them.
  public init(size: UInt64, free: UInt64) {
    self.size = size
    self.free = free
  }

  /// That of the file system of a path; nil where it cannot be told.
  public init?(of path: String) {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return nil }
    size = UInt64(facts.f_blocks) * UInt64(facts.f_frsize)
    free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
  }
}
