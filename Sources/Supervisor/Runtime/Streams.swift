import IPC
import Lifecycle
import Model
import NIOCore
import SupervisorStore
import Wire

/// Who follows the gateway's events.
struct EventFollowers {
  private var targets: [StreamTarget] = []

  var isEmpty: Bool { targets.isEmpty }

  func offer(_ event: JSON) {
    for target in targets { target.offer { $0.value(event) } }
  }

  mutating func follow(_ target: StreamTarget) { targets.append(target) }
  mutating func unfollow(where leaves: (StreamTarget) -> Bool) { targets.removeAll(where: leaves) }
}

extension Supervisor {
  func open(_ id: RequestID, _ client: ControlClient, follows: Bool) throws(RPCError) -> StreamTarget {
    client.streams.removeAll(where: \.isFinished)
    guard client.streams.count < ControlClient.streamsMax else {
      throw .refused("too_many_streams", "one client may have \(ControlClient.streamsMax) streams open")
    }
    let target = StreamTarget(client.connection, id, follows: follows)
    client.streams.append(target)
    return target
  }

  func streamEvents(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let follows = try params.optionalBool("follow") ?? false
    let limit = min(max(0, try params.optionalInt("limit") ?? 100), Self.linesAtOnce)
    let asked = try params.optionalInt("after")
    let target = try open(id, client, follows: follows)
    let connection = client.connection
    if follows {
      events.follow(target)
      // Before the past is asked for, so that nothing falls between the two.
      tellFollowing()
    }
    // The last so many, where no beginning is asked for.
    let history = askGateway("events", ["after": JSON(asked), "limit": .int(limit)])
    history.assumeIsolated().whenComplete { [self] result in
      assumeIsolated { supervisor in
        let client = supervisor.clients[ObjectIdentifier(connection)]
        guard let target = client?.streams.first(where: { $0.id == id && !$0.isFinished }) else { return }
        switch result {
        case .success(let answer): target.load(answer["events"]?.arrayValue ?? []) { $1.value($0) }
        case .failure where follows: target.load([JSON]()) { $1.value($0) }
        case .failure(let error): target.fail(RPCError(error))
        }
      }
    }
  }
}
