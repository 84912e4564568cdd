public import Wire

/// What happens on a connection, told on its event loop.
public protocol ConnectionHandler: Sendable {
  /// A listener has accepted the connection; nothing has been said on it.
  func opened(_ connection: Connection)
  /// A request or notification arrived. Responses go to whoever made the request.
  func received(_ frame: Frame, on connection: Connection)
  /// Room is back after `sendThinnable` had refused.
  func drained(_ connection: Connection)
  /// The connection is over; said once, last.
  func closed(_ connection: Connection, reason: CloseReason)
}

extension ConnectionHandler {
  public func opened(_ connection: Connection) {}
  public func drained(_ connection: Connection) {}
}

/// Why a connection ended.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
  /// The peer closed it, or went away.
  case peer
  /// We closed it.
  case local
  /// The peer sent something that is no message; the error was sent before closing.
  case malformed(String)
  /// The peer did not read for ``ConnectionLimits/stallSeconds``.
  case stalled
  /// More bytes waited for the peer than ``ConnectionLimits/pendingBytes``.
  case overflow
  /// The operating system reported an error.
  case failure(String)

  public var description: String {
    switch self {
    case .peer: "the peer closed the connection"
    case .local: "closed"
    case .malformed(let what): "the peer sent what is no message: \(what)"
    case .stalled: "the peer read nothing for \(ConnectionLimits.stallSeconds) s"
    case .overflow: "the peer let more than \(ConnectionLimits.pendingBytes) bytes pile up"
    case .failure(let what): what
    }
  }
}

/// The bounds of one connection.
public enum ConnectionLimits {
  /// How long bytes that must arrive may wait without any of them leaving.
  public static let stallSeconds = 5
  /// How many bytes may wait for the peer at the most.
  public static let pendingBytes = 16 << 20
  /// Bytes are handed to the kernel in pieces of this many.
  static let pieceBytes = 128 << 10
  /// Above this, thinnable messages are refused; `drained` is told once a quarter of it is left.
  public static let thinnableBytes = 256 << 10
  /// Requests of ours that may wait for an answer on one connection.
  public static let openRequests = 4096
}
