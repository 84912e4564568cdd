import Glibc
public import NIOCore
import NIOPosix
public import Platform
import Wire

/// A Unix socket that accepts connections on one event loop.
public final class Listener: Sendable {
  public let path: String
  private let channel: any Channel

  private init(path: String, channel: any Channel) {
    self.path = path
    self.channel = channel
  }

  /// Listens at `path`, which is created with `mode` from its first moment; a socket left there is replaced, so the
  /// caller must hold the lock that makes it the only one.
  ///
  /// - Parameter accept: decides about a peer on the event loop: a handler, or nil to close the connection.
  public static func bind(
    path: String, mode: UInt32, backlog: Int32 = 128, on eventLoop: any EventLoop,
    accept: @escaping @Sendable (PeerCredentials) -> (any ConnectionHandler)?
  ) -> EventLoopFuture<Listener> {
    let socket: CInt
    do {
      socket = try boundSocket(path: path, mode: mode)
    } catch {
      return eventLoop.makeFailedFuture(error)
    }
    return ServerBootstrap(group: eventLoop)
      .serverChannelOption(.backlog, value: backlog)
      .childChannelOption(.maxMessagesPerRead, value: 2)
      .childChannelInitializer { channel in
        credentials(of: channel).flatMapThrowing { peer in
          guard let handler = accept(peer) else { throw IPCError.refused(peer) }
          let connection = Connection(channel: channel, peer: peer, handler: handler)
          try channel.pipeline.syncOperations.addHandler(LineHandler(connection))
          handler.opened(connection)
        }
      }
      .withBoundSocket(socket)
      .map { Listener(path: path, channel: $0) }
  }

  /// Stops accepting and removes the socket's file; open connections go on.
  public func close() {
    unlink(path)
    channel.close(promise: nil)
  }

  private static func boundSocket(path: String, mode: UInt32) throws -> CInt {
    let bytes = Array(path.utf8)
    var address = sockaddr_un()
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw IPCError.pathTooLong(path)
    }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw IPCError.system("make a socket", path, errno) }
    unlink(path)
    // Linux gives the file the socket's own mode less the umask: narrow before it exists, exact after.
    fchmod(socket, mode_t(mode & 0o700))
    let bound = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0, chmod(path, mode_t(mode)) == 0 else {
      let code = errno
      Glibc.close(socket)
      throw IPCError.system("listen", path, code)
    }
    return socket
  }

  private struct UnixCredentials {
    var pid: Int32 = 0
    var uid: UInt32 = 0
    var gid: UInt32 = 0
  }

  private static func credentials(of channel: any Channel) -> EventLoopFuture<PeerCredentials> {
    guard let provider = channel as? any SocketOptionProvider else {
      return channel.eventLoop.makeFailedFuture(IPCError.noCredentials)
    }
    // struct ucred, which the Swift overlay of glibc does not show.
    let asked: EventLoopFuture<UnixCredentials> = provider.unsafeGetSocketOption(
      level: .socket, name: NIOBSDSocket.Option(rawValue: CInt(SO_PEERCRED)))
    return asked.map { PeerCredentials(pid: $0.pid, uid: $0.uid, gid: $0.gid) }
  }
}

/// What can go wrong with a socket before there is a connection.
public enum IPCError: Error, Sendable, CustomStringConvertible {
  case pathTooLong(String)
  case system(String, String, Int32)
  case refused(PeerCredentials)
  case noCredentials

  public var description: String {
    switch self {
    case .pathTooLong(let path):
      "the socket path \(path) is longer than 107 bytes, which Linux allows: choose a shorter --home"
    case .system(let what, let path, let code):
      "cannot \(what) at \(path): \(String(cString: strerror(code)))"
    case .refused(let peer): "refused a connection of process \(peer.pid), user \(peer.uid)"
    case .noCredentials: "the kernel does not say who connected"
    }
  }
}
