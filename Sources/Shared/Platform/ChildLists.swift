import CPlatform
import Glibc

/// The children of this process that may belong to a spawned tree, read from lists that are kept open: a look costs
/// four system calls, and works where no descriptor is left.
///
/// The kernel gives an orphan to the first thread of the process that adopts it. What the process thread spawns, and
/// what such a process makes a sibling of itself, is in the process thread's own list. Other threads have children
/// of their own only where somebody in this process made them; those share our session and are nobody's orphans.
struct ChildLists: ~Copyable {
  /// Empty where the kernel was built without such lists.
  private let lists: [Int32]
  private var pids = [Int32](repeating: 0, count: 512)

  /// To be made on the process thread.
  init() {
    let own = getpid()
    let paths: [String] = ["/proc/\(own)/task/\(own)/children", "/proc/thread-self/children"]
    let opened = paths.map { open($0, O_RDONLY | O_CLOEXEC) }
    if opened.contains(where: { $0 < 0 }) {
      for fd in opened where fd >= 0 { close(fd) }
      lists = []
    } else {
      lists = opened
    }
  }

  deinit { for fd in lists { close(fd) } }

  /// The pids, the eldest of each list first.
  ///
  /// The kernel may skip one when a sibling ends during the read, so "none" needs a second look.
  mutating func read() -> [Int32] {
    if lists.isEmpty { return ProcessTable.children(of: getpid()) }
    var found: [Int32] = []
    for fd in lists {
      var count = rbot_read_children(fd, &pids, pids.count)
      while count > pids.count {
        pids = [Int32](repeating: 0, count: count * 2)
        count = rbot_read_children(fd, &pids, pids.count)
      }
      found += pids.prefix(max(0, count))
    }
    return found
  }
}
