import Glibc

/// What a process uses at this moment, or a process and its descendants together.
public struct ProcessStatistics: Equatable, Sendable {
  /// Processor time so far, user and kernel, in seconds. A ``ProcessProbe`` of a tree adds that of children that
  /// have ended.
  public var cpuSeconds: Double
  /// Resident memory in bytes; what processes share counts for each.
  public var memoryBytes: Int
  /// Threads.
  public var threads: Int
  /// Open descriptors of the first process; nil where they may not be seen (another user's process).
  public var files: Int?
  /// Processes that these figures are of.
  public var processes = 1

  /// The same of this process.
  public static func readOwn() -> ProcessStatistics? { read(pid: getpid()) }

  /// Resident memory of one process in bytes; nil when it is gone.
  static func residentBytes(of pid: Int32) -> UInt64? {
    StatFields.statistics(of: pid, startTicks: nil, withEnded: false).map { UInt64($0.memoryBytes) }
  }

  /// Reads `/proc`.
  ///
  /// - Parameters:
  ///   - pid: the process.
  ///   - startTicks: its start time, so that a later process with the same pid is not mistaken for it.
  /// - Returns: nil when it is gone.
  public static func read(pid: Int32, startTicks: UInt64? = nil) -> ProcessStatistics? {
    guard var found = StatFields.statistics(of: pid, startTicks: startTicks, withEnded: false) else {
      return nil
    }
    found.files = OpenFiles.count(of: pid)
    return found
  }
}

/// Follows the use of one process and of what descends from it, as cheaply as that can be done: one small read
/// for each process, and only now and then a look for new descendants.
///
/// What has left the tree (its parent died, and rbotd has adopted it) is not counted.
public struct ProcessProbe: Sendable {
  /// Readings between two looks at descendants and descriptors.
  private static let lookEvery = 5
  /// Descendants that are followed.
  private static let kinMax = 256

  public let pid: Int32
  private let startTicks: UInt64
  private let isTree: Bool
  private var kin: [Int32] = []
  private var readings = 0
  private var files: Int?

  /// - Parameter isTree: whether what descends from the process counts too.
  public init(pid: Int32, startTicks: UInt64, isTree: Bool = true) {
    self.pid = pid
    self.startTicks = startTicks
    self.isTree = isTree
  }

  /// The use of the process and its descendants; nil when it is gone.
  ///
  /// - Parameter looksAnew: looks for new descendants this time in any case.
  public mutating func read(looksAnew: Bool = false) -> ProcessStatistics? {
    guard var total = StatFields.statistics(of: pid, startTicks: startTicks, withEnded: isTree) else {
      return nil
    }
    if looksAnew || readings % Self.lookEvery == 0 {
      if isTree { kin = ProcessTable.listedDescendants(of: pid, limit: Self.kinMax) }
      files = OpenFiles.count(of: pid)
    }
    readings += 1
    total.files = files
    for other in kin {
      guard let part = StatFields.statistics(of: other, startTicks: nil, withEnded: true) else { continue }
      total.cpuSeconds += part.cpuSeconds
      total.memoryBytes += part.memoryBytes
      total.threads += part.threads
      total.processes += 1
    }
    return total
  }
}

/// This process, as ``ProcessProbe`` wants to know it.
public struct OwnProcess: Sendable {
  public let pid: Int32 = getpid()
  public let startTicks: UInt64 = ProcessTable.entry(getpid())?.startTicks ?? 0

  public init() {}
}

/// How many descriptors a process has open.
enum OpenFiles {
  static func count(of pid: Int32) -> Int? {
    let folder = "/proc/\(pid)/fd"
    var status = stat()
    // Since Linux 6.2 the folder's size is that number; before it is 0.
    guard access(folder, R_OK) == 0, stat(folder, &status) == 0 else { return nil }
    return status.st_size > 0 ? Int(status.st_size) : ProcessTable.numbers(in: folder)?.count
  }
}

/// Reads a line of `/proc/PID/stat` on the stack; no memory is taken for it.
private enum StatFields {
  private static let tick = Double(sysconf(Int32(_SC_CLK_TCK)))
  private static let page = sysconf(Int32(_SC_PAGESIZE))

  /// - Parameter withEnded: whether the time of children that have ended and been reaped counts.
  static func statistics(of pid: Int32, startTicks: UInt64?, withEnded: Bool) -> ProcessStatistics? {
    withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 1) { buffer -> ProcessStatistics? in
      let fd = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
      guard fd >= 0 else { return nil }
      defer { close(fd) }
      let count = Glibc.read(fd, buffer.baseAddress, buffer.count)
      guard count > 0 else { return nil }
      return statistics(in: buffer[..<count], startTicks: startTicks, withEnded: withEnded)
    }
  }

  /// The name before the fields may hold anything, so that they begin behind the last `)`; field 0 is the state.
  private static func statistics(
    in line: Slice<UnsafeMutableRawBufferPointer>, startTicks: UInt64?, withEnded: Bool
  ) -> ProcessStatistics? {
    guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    var field = -1
    var number: UInt64 = 0
    var cpu: UInt64 = 0
    var threads: UInt64 = 0
    var pages: UInt64 = 0
    var start: UInt64 = 0
    for byte in line[line.index(after: end)...] {
      if byte == UInt8(ascii: " ") {
        switch field {
        case 11, 12: cpu &+= number
        case 13, 14: if withEnded { cpu &+= number }
        case 17: threads = number
        case 19: start = number
        case 21: pages = number
        default: break
        }
        field += 1
        number = 0
        if field > 21 { break }
      } else if (48...57).contains(byte) {
        number = number &* 10 &+ UInt64(byte - 48)
      }
    }
    guard field > 21, startTicks.map({ $0 == start }) ?? true else { return nil }
    return ProcessStatistics(
      cpuSeconds: Double(cpu) / tick, memoryBytes: Int(pages) * page, threads: Int(threads), files: nil)
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
