import Foundation
import Platform

/// Whether a process that connected is the worker that its token says, or was started by it; or rbotd, which connects
/// for workers: they may not do that themselves, and the token alone tells then whose connection it is.
enum PeerCheck {
  /// How far up the ancestors are followed.
  private static let depth = 32

  /// - Parameter supervisor: rbotd's process id: our parent.
  static func belongs(
    _ peer: PeerCredentials, to worker: RegisteredWorker, supervisor: Int32 = getppid()
  ) -> Bool {
    // It cannot be another's parent: we die with rbotd.
    if peer.pid == supervisor, peer.uid == getuid() { return true }
    guard peer.uid == worker.uid else { return false }
    var pid = peer.pid
    for _ in 0..<depth {
      if pid == worker.pid { return true }
      guard let (parent, session) = status(pid), parent > 1 || session == worker.pid else { return false }
      if session == worker.pid { return true }
      pid = parent
    }
    return false
  }
  /// Parent and session of a process.
  private static func status(_ pid: Int32) -> (parent: Int32, session: Int32)? {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    // The name before it may hold anything.
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 3, let parent = Int32(fields[1]), let session = Int32(fields[3]) else { return nil }
    return (parent, session)
  }
}
