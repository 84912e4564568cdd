import Glibc
import Platform

/// Tells whether a process that connected to the control socket is a worker, or was started by one: those may run
/// as rbotd's own user, so the socket's mode does not keep them out.
enum WorkerKin {
  enum Finding: Equatable {
    case stranger
    case worker(String)
    /// Its parent has ended and left it to rbotd, which starts nothing but workers.
    case orphan
    /// It has ended, or its ancestors cannot be told.
    case unknown
  }

  /// How far up the ancestors are followed.
  private static let depth = 64

  /// - Parameter workers: the names of the live workers by pid.
  static func find(_ peer: Int32, workers: [Int32: String]) -> Finding {
    // One that ends between two steps leaves its child to another: then the way up is another.
    for _ in 0..<3 {
      let finding = climb(peer, workers)
      if finding != .unknown { return finding }
    }
    return .unknown
  }

  private static func climb(_ peer: Int32, _ workers: [Int32: String]) -> Finding {
    // As the first process of a container rbotd gets everybody's orphans.
    let own = getpid() == 1 ? nil : getpid()
    var pid = peer
    for _ in 0..<depth {
      if let name = workers[pid] { return .worker(name) }
      guard let (parent, session) = parentAndSession(pid) else { return .unknown }
      if let name = workers[session] { return .worker(name) }
      if parent == own { return .orphan }
      if parent <= 1 { return .stranger }
      pid = parent
    }
    return .unknown
  }

  private static func parentAndSession(_ pid: Int32) -> (parent: Int32, session: Int32)? {
    let fd = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes = [UInt8](repeating: 0, count: 1_024)
    let count = read(fd, &bytes, bytes.count)
    // The name before it may hold anything.
    guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = String(decoding: bytes[(end + 1)..<count], as: UTF8.self).split(separator: " ")
    guard fields.count > 3, let parent = Int32(fields[1]), let session = Int32(fields[3]) else { return nil }
    return (parent, session)
  }
}

extension Supervisor {
  /// Why a control client may not be let in as far as it belongs to a worker; nil where it does not.
  func kinship(_ peer: PeerCredentials) -> String? {
    // Of another namespace, where no worker is.
    guard peer.pid > 0 else { return nil }
    var live: [Int32: String] = [:]
    for worker in workers.values { if let process = worker.process { live[process.pid] = worker.name } }
    return switch WorkerKin.find(peer.pid, workers: live) {
    case .stranger: nil
    case .worker(let name): "it belongs to \(name), and no worker may command rbotd"
    case .orphan: "a worker has left it behind, and no worker may command rbotd"
    // Another user's processes may be hidden; workers are of our own, or of those that we gave out.
    case .unknown where peer.uid != PeerCredentials.ownUser && !cells.users.isWorker(peer.uid): nil
    case .unknown: "it has ended already"
    }
  }
}
