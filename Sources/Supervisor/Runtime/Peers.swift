import IPC
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// The end of a worker's (or the gateway's) control channel. The descriptor is its identity, so what it says
/// about itself is never looked at.
struct WorkerPeer: ConnectionHandler {
  let supervisor: Supervisor
  let name: String
  let generation: Generation
  let run: Int64

  func received(_ frame: Frame, on connection: Connection) {
    supervisor.assumeIsolated { $0.received(frame, from: self, on: connection) }
  }

  func closed(_ connection: Connection, reason: CloseReason) {
    supervisor.assumeIsolated { $0.channelClosed(of: self, reason) }
  }
}

/// The end of a control client's connection, which keeps it for as long as it is open.
final class ControlPeer: ConnectionHandler {
  let supervisor: Supervisor
  let credentials: PeerCredentials

  init(_ supervisor: Supervisor, _ credentials: PeerCredentials) {
    self.supervisor = supervisor
    self.credentials = credentials
  }

  func opened(_ connection: Connection) {
    let supervisor = supervisor
    // One that only holds a place would keep others out.
    connection.eventLoop.scheduleTask(in: .seconds(10)) {
      supervisor.assumeIsolated { supervisor in
        let client = supervisor.clients[ObjectIdentifier(connection)]
        if client.map({ !$0.saidHello }) ?? true { connection.close() }
      }
    }
  }

  func received(_ frame: Frame, on connection: Connection) {
    supervisor.assumeIsolated { $0.received(frame, from: self, on: connection) }
  }

  func drained(_ connection: Connection) {
    supervisor.assumeIsolated { $0.clientDrained(connection) }
  }

  func closed(_ connection: Connection, reason: CloseReason) {
    supervisor.assumeIsolated { $0.clientLeft(connection, self) }
  }
}

/// The end of a control connection that is not let in: whatever it asks first is answered with the reason, and that is
/// its end.
final class RefusedPeer: ConnectionHandler {
  private let error: RPCError

  init(_ error: RPCError) { self.error = error }

  func opened(_ connection: Connection) {
    connection.eventLoop.scheduleTask(in: .seconds(1)) { connection.close() }
  }

  func received(_ frame: Frame, on connection: Connection) {
    if case .request(let id) = frame.kind { connection.reply(to: id, error: error) }
    connection.close()
  }

  func closed(_ connection: Connection, reason: CloseReason) {}
}

/// The control connections that were let in, from their first moment, whether they have said anything or not.
///
/// One that fails before it is open is never told to be closed, so none is held here.
struct ControlDoor {
  private struct Seat { weak var peer: ControlPeer? }
  private struct Refused { weak var peer: RefusedPeer? }

  /// Refused connections that may wait for their answer at once; each has a descriptor.
  private static let refusedMax = 4

  private var seats: [Seat] = []
  private var refused: [Refused] = []

  /// How many are open.
  var count: Int { seats.count { $0.peer != nil } }

  mutating func enter(_ peer: ControlPeer) {
    seats.removeAll { $0.peer == nil }
    seats.append(Seat(peer: peer))
  }

  /// Who gives the reason to one that is not let in; nil where too many are being told already.
  mutating func turnAway(_ error: RPCError) -> RefusedPeer? {
    refused.removeAll { $0.peer == nil }
    guard refused.count < Self.refusedMax else { return nil }
    let peer = RefusedPeer(error)
    refused.append(Refused(peer: peer))
    return peer
  }

  mutating func leave(_ peer: ControlPeer) { seats.removeAll { $0.peer == nil || $0.peer === peer } }
}
