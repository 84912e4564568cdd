import Glibc
import Synchronization

/// Counts the requests to end that this process gets, for a command that has something to bring to an end.
enum Interruptions {
  private static let seen = Atomic<Int>(0)

  static var count: Int { seen.load(ordering: .relaxed) }

  /// From now on Ctrl-C, SIGTERM and a terminal that goes away are counted and end nothing by themselves.
  static func begin() {
    // Made before the first signal: the handler may do no more than add.
    seen.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { _ in Interruptions.seen.add(1, ordering: .relaxed) }
    }
  }
}
