import IPC
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore
import Wire

/// What the gateway asks for people and programs that came to it over HTTP, and had their permission checked there.
extension Supervisor {
  /// No more than its routes need: users, settings and the daemon's end belong to the control socket.
  func askedByGateway(_ frame: Frame, _ id: RequestID, _ gateway: Worker, _ connection: Connection) {
    let params = frame.params()
    let credentials = PeerCredentials(
      pid: gateway.process?.pid ?? 0, uid: PeerCredentials.ownUser, gid: PeerCredentials.ownGroup)
    let client = ControlClient(connection, credentials, person: params["by"]?.stringValue.map(Self.oneLine))
    do throws(RPCError) {
      switch frame.method {
      case "status": try status(params, id, client)
      case "strategy.start": try command(.start, params, id, client)
      case "strategy.stop": try command(.stop, params, id, client)
      case "strategy.restart": try command(.restart, params, id, client)
      case "strategy.pause": try command(.pause, params, id, client)
      case "strategy.resume": try command(.resume, params, id, client)
      case "strategy.close": try closePositions(params, id, client)
      case "logs.page": try pageOfLogs(params, id, connection)
      case "runs": try showRuns(params, id, client)
      case "metrics": try showMetrics(params, id, client)
      case "metrics.history": try showMetricHistory(params, id, client)
      case "schedule.list": listSchedules(id, client)
      case "schedule.history": try scheduleHistory(params, id, client)
      default: throw .unknownMethod(frame.method)
      }
    } catch {
      connection.reply(to: id, error: error)
    }
  }
}
