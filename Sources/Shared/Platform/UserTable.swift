import Glibc

/// Whose user ids are in use: the processes of this system by the user that they run as.
public struct UserTable: Sendable {
  private var pids: [UInt32: [Int32]] = [:]

  /// Looks at every process once.
  ///
  /// - Parameter range: the user ids that matter.
  public init(_ range: ClosedRange<UInt32>) {
    for pid in ProcessTable.numbers(in: "/proc") ?? [] {
      if let user = Self.user(of: pid), range.contains(user) { pids[user, default: []].append(pid) }
    }
  }

  /// A process that runs as this user and was not started by the supervisor with this mark: another supervisor's, or
  /// anybody's; nil where there is none. What has ended since the look does not count.
  public func stranger(_ user: UInt32, mark: String) -> Int32? {
    (pids[user] ?? []).first { pid in
      !ProcessTable.isEnding(pid) && Self.user(of: pid) == user
        && ProcessTable.environment(of: pid, ProcessTree.marker)?.hasPrefix(mark) != true
    }
  }

  private static func user(of pid: Int32) -> UInt32? {
    var status = stat()
    return stat("/proc/\(pid)", &status) == 0 ? status.st_uid : nil
  }
}
