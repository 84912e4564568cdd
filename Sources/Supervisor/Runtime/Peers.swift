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

/// The control connections that were let in, from their first moment, whether they have said anything or not.
///
/// One that fails before it is open is never told to be closed, so none is held here.
struct ControlDoor {
  private struct Seat { weak var peer: ControlPeer? }

  private var seats: [Seat] = []

  /// How many are open.
  var count: Int { seats.count { $0.peer != nil } }

  mutating func enter(_ peer: ControlPeer) {
    seats.removeAll { $0.peer == nil }
    seats.append(Seat(peer: peer))
  }

  mutating func leave(_ peer: ControlPeer) { seats.removeAll { $0.peer == nil || $0.peer === peer } }
}
