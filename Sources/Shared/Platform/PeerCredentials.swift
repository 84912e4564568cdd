import CPlatform
import Glibc

/// Who is at the other end of a Unix socket, as the kernel knows it.
public struct PeerCredentials: Equatable, Sendable {
  /// The process that connected (or made the pair).
  public let pid: Int32
  /// Its user.
  public let uid: UInt32
  /// Its group.
  public let gid: UInt32

  /// Credentials that another layer has asked the kernel for.
  public init(pid: Int32, uid: UInt32, gid: UInt32) {
    self.pid = pid
    self.uid = uid
    self.gid = gid
  }

  /// Asks for the peer of a connected socket.
  public init(of socket: Int32) throws(SystemError) {
    var pid: pid_t = 0
    var uid: uid_t = 0
    var gid: gid_t = 0
    guard rbot_peer_credentials(socket, &pid, &uid, &gid) == 0 else {
      throw SystemError("ask who is at the other end of a socket")
    }
    self.pid = pid
    self.uid = uid
    self.gid = gid
  }

  /// This process's own effective user.
  public static var ownUser: UInt32 { geteuid() }
  /// This process's own effective group.
  public static var ownGroup: UInt32 { getegid() }
}
