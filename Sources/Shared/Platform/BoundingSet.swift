import CPlatform
import Glibc

/// The capabilities that this process and whatever it starts may ever have.
public enum BoundingSet {
  /// What rbotd and the programs that it starts may need as root, by the kernel's numbers.
  private static let kept: Set<Int32> = [
    0, 1, 2, 3, 4,  // owners and modes of the state folders, and files of other users
    5, 6, 7,  // signals, groups and users
    8,  // to give up all of these
    10,  // a low port for the gateway
    19,  // to look into a worker for it
    24,  // limits
  ]

  /// Drops the rest, for the calling thread and those that it starts later. What is in effect stays; no program that is
  /// executed from now on gets any of it. So nothing that rbotd starts is ever able to mount, load modules or
  /// trace the kernel, and a worker has fewer to drop at each of its starts. Without the privilege nothing changes.
  public static func narrow() {
    for capability in Int32(0)..<64 where !kept.contains(capability) {
      if rbot_drop_from_bounding_set(capability) < 0 { return }
    }
  }
}
