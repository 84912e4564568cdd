import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// One connection of `rbotctl` or another program of a person.
final class ControlClient {
  /// Streams of one client that may be open at once.
  static let streamsMax = 16

  let connection: Connection
  let credentials: PeerCredentials
  /// Who asked over HTTP, as the gateway names him: `user:trader@local`; nil on the control socket.
  let person: String?
  var saidHello = false
  var streams: [StreamTarget] = []

  init(_ connection: Connection, _ credentials: PeerCredentials, person: String? = nil) {
    self.connection = connection
    self.credentials = credentials
    self.person = person
  }
}

/// The control socket: who may connect, and which method does what.
extension Supervisor {
  static let clientsMax = 64

  func openControlSocket() -> EventLoopFuture<Void> {
    let mode: UInt32 = options.controlGroup == nil ? 0o600 : 0o660
    return Listener.bind(path: options.layout.controlSocket, mode: mode, on: loop) { [self] credentials in
      assumeIsolated { supervisor in
        switch supervisor.admission(of: credentials) {
        case .admitted: break
        case .turnedAway(let reason, let why):
          supervisor.say(.warning, "refused the control client \(credentials.pid): \(why)")
          return supervisor.door.turnAway(.refused(reason, why))
        case .refused(let why):
          supervisor.say(.warning, "refused the control client \(credentials.pid): \(why)")
          return nil
        }
        let peer = ControlPeer(supervisor, credentials)
        supervisor.door.enter(peer)
        return peer
      }
    }.map { [self] listener in
      assumeIsolated { supervisor in
        if let group = supervisor.options.controlGroup {
          giveToGroup(supervisor.options.layout.controlSocket, group)
        }
        supervisor.listener = listener
      }
    }
  }

  func clientLeft(_ connection: Connection, _ peer: ControlPeer) {
    door.leave(peer)
    guard clients.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
    // By the connection: streams that have ended are no longer among the client's.
    logs.unfollow { $0.connection === connection }
    if !events.isEmpty {
      events.unfollow { $0.connection === connection }
      if events.isEmpty { tellFollowing() }
    }
    commands.forget(connection)
  }

  func clientDrained(_ connection: Connection) {
    guard let client = clients[ObjectIdentifier(connection)] else { return }
    for stream in client.streams { stream.pump() }
    for follower in logs.followers where follower.target.connection === connection { catchUp(follower) }
    client.streams.removeAll(where: \.isFinished)
    logs.unfollow { $0.isFinished }
  }

  func received(_ frame: Frame, from peer: ControlPeer, on connection: Connection) {
    let key = ObjectIdentifier(connection)
    let client = clients[key] ?? ControlClient(connection, peer.credentials)
    clients[key] = client
    guard case .request(let id) = frame.kind else {
      if !client.saidHello { connection.close() }
      return
    }
    do throws(RPCError) {
      if frame.methodIs("hello") {
        let version = try Hello(frame.params()).agreedVersion()
        client.saidHello = true
        connection.reply(to: id, result: ["protocol": .int(version), "version": .string(Version.text)])
      } else if client.saidHello {
        try serve(frame.method, frame.params(), id, client)
      } else {
        throw .helloRequired
      }
    } catch {
      connection.reply(to: id, error: error)
      if error.code == RPCError.helloRequired.code || !client.saidHello { connection.close() }
    }
  }

  private func serve(_ method: String, _ params: JSON, _ id: RequestID, _ client: ControlClient)
    throws(RPCError)
  {
    switch method {
    case "status": try status(params, id, client)
    case "strategy.start": try command(.start, params, id, client)
    case "strategy.stop": try command(.stop, params, id, client)
    case "strategy.restart": try command(.restart, params, id, client)
    case "strategy.pause": try command(.pause, params, id, client)
    case "strategy.resume": try command(.resume, params, id, client)
    case "strategy.reset": try command(.reset, params, id, client)
    case "strategy.close": try closePositions(params, id, client)
    case "logs": try streamLogs(params, id, client)
    case "runs": try showRuns(params, id, client)
    case "events": try streamEvents(params, id, client)
    case "metrics": try showMetrics(params, id, client)
    case "metrics.history": try showMetricHistory(params, id, client)
    case "orders", "fills", "positions", "accounts", "summary", "mode", "kill", "risk":
      passOn(method, params, id, client)
    case "schedule.list": listSchedules(id, client)
    case "schedule.history": try scheduleHistory(params, id, client)
    case "schedule.run": try runSchedule(params, id, client)
    case "user.list", "user.add", "user.passwd", "user.role", "user.remove", "token.list", "token.create",
      "token.rotate", "token.revoke", "pin.set", "audit.list", "audit.verify", "mode.set", "kill.engage",
      "kill.release":
      // Who it is, is ours to say.
      var named = params.objectValue ?? JSONObject()
      named["by"] = .string("local:\(client.credentials.uid)")
      // A password is hashed slowly on purpose, and the whole audit log is read to verify it.
      passOn(method, .object(named), id, client, seconds: 55)
    case "reload": try reload(params, id, client)
    case "check": try check(params, id, client)
    case "version":
      client.connection.reply(
        to: id,
        result: [
          "version": .string(Version.text), "protocol": .int(WireLimits.protocolVersions.upperBound),
          "swift": .string(SwiftVersion.text),
        ])
    case "shutdown":
      audit(client, method, "", "ok")
      client.connection.reply(to: id)
      shutDown("asked by user \(client.credentials.uid), process \(client.credentials.pid)")
    default: throw .unknownMethod(method)
    }
  }

  private func passOn(
    _ method: String, _ params: JSON, _ id: RequestID, _ client: ControlClient, seconds: Int64 = 4
  ) {
    let connection = client.connection
    askGateway(method, params, timeout: .seconds(seconds)).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let answer): connection.answer(id, answer)
      case .failure(let error as RPCError) where error.reason == "timeout":
        // The time that was up is the gateway's, not ours.
        connection.reply(
          to: id,
          error: .refused(
            "gateway_timeout",
            "the gateway did not answer \(method) within \(seconds) s; \"rbotctl status\" shows how it is"))
      case .failure(let error): connection.reply(to: id, error: RPCError(error))
      }
    }
  }
}

extension RPCError {
  /// Any error as one of the protocol.
  init(_ error: any Error) {
    self = error as? RPCError ?? .internalError("\(error)")
  }
}
