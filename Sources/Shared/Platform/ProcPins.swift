import CPlatform
import Glibc

/// Descriptors that hold inodes of procfs in memory.
///
/// A Landlock rule is about an inode. For `/proc/cpuinfo` or `/proc/PID` procfs makes one when somebody looks, and
/// forgets it when memory is short; the next look makes another, on which there is no rule: then a worker that ran
/// well for weeks cannot read them any more, as `echo 2 > /proc/sys/vm/drop_caches` shows. An open descriptor keeps
/// the entry, and so its inode, where it is.
public struct ProcPins: ~Copyable, Sendable {
  private let held: [Int32]

  /// Holds those of the paths that are there.
  public init(_ paths: [String]) { held = paths.map { rbot_open_place($0) }.filter { $0 >= 0 } }

  deinit { for fd in held { close(fd) } }
}
