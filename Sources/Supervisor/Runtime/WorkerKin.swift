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
    /// We could not look: the errno.
    case unseen(Int32)
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
      guard let (parent, session) = parentAndSession(pid) else {
        // Short of descriptors or memory we know nothing of it, least of all that it has ended.
        return [ENOENT, ESRCH, EACCES, EPERM].contains(errno) ? .unknown : .unseen(errno)
      }
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
    var bytes = [UInt8](repeating: 0, count: 1_024)
    let count = read(fd, &bytes, bytes.count)
    let reason = errno
    close(fd)
    errno = count < 0 ? reason : ESRCH
    // The name before it may hold anything.
    guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = String(decoding: bytes[(end + 1)..<count], as: UTF8.self).split(separator: " ")
    guard fields.count > 3, let parent = Int32(fields[1]), let session = Int32(fields[3]) else { return nil }
    return (parent, session)
  }
}

extension Supervisor {
  /// What becomes of a process that connects to the control socket.
  enum Admission {
    case admitted
    /// One of a person, who is told why.
    case turnedAway(reason: String, String)
    /// A stranger, or one that belongs to a worker: it is told nothing.
    case refused(String)
  }

  func admission(of peer: PeerCredentials) -> Admission {
    // With a group, the socket's own mode lets in only its members, whichever of their groups is the first.
    let isAllowed = peer.uid == PeerCredentials.ownUser || peer.uid == 0 || options.controlGroup != nil
    guard isAllowed else { return .refused("it is of user \(peer.uid)") }
    let shortage =
      "rbotd may open \(DescriptorRoom.limit) files, and nearly all are: try again, or raise its LimitNOFILE"
    switch kinship(peer) {
    case .stranger: break
    case .worker(let name): return .refused("it belongs to \(name), and no worker may command rbotd")
    case .orphan: return .refused("a worker has left it behind, and no worker may command rbotd")
    case .unseen(EMFILE): return .turnedAway(reason: "out_of_descriptors", shortage)
    case .unseen(let code):
      return .turnedAway(reason: "busy", "rbotd cannot see who asks: \(SystemError.text(code)); try again")
    // Another user's processes may be hidden; workers are of our own, or of those that we gave out.
    case .unknown where peer.uid != PeerCredentials.ownUser && !cells.users.isWorker(peer.uid): break
    case .unknown: return .refused("it has ended already")
    }
    guard DescriptorRoom.left() >= DescriptorRoom.forLooks else {
      return .turnedAway(reason: "out_of_descriptors", shortage)
    }
    guard door.count < Self.clientsMax else {
      return .turnedAway(
        reason: "too_many_clients",
        "\(Self.clientsMax) control clients are connected, and no more may be: end some")
    }
    return .admitted
  }

  /// Whether a control client belongs to a worker.
  private func kinship(_ peer: PeerCredentials) -> WorkerKin.Finding {
    // Of another namespace, where no worker is.
    guard peer.pid > 0 else { return .stranger }
    var live: [Int32: String] = [:]
    for worker in workers.values { if let process = worker.process { live[process.pid] = worker.name } }
    return WorkerKin.find(peer.pid, workers: live)
  }
}
