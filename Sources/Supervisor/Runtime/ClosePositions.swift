import IPC
import Model
import NIOCore
import SupervisorStore
import Wire

/// A person has a strategy's positions closed, whether it runs, is stopped, or is not there any more.
extension Supervisor {
  /// How long a person waits for the gateway; the closing itself goes on.
  private static let closeTime = TimeAmount.seconds(10)

  func closePositions(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let name = try params.string("name")
    guard StrategyName(name) != nil else { throw .invalidParams("name must be \(StrategyName.rule)") }
    guard phase != .stopping else { throw .refused("shutting_down", "rbotd is shutting down") }
    // Not kept for later: whoever asks for it means the market as it is now.
    guard gatewayLink.isUp else {
      throw .refused("gateway_down", "the gateway is not ready; \"rbotctl status\" shows why")
    }
    let connection = client.connection
    let (peer, person) = (client.credentials, client.person)
    let late = loop.assumeIsolated().scheduleTask(in: Self.closeTime) { [self] in
      assumeIsolated {
        $0.audit(ControlClient(connection, peer, person: person), "strategy.close", name, "no answer yet")
      }
      connection.reply(
        to: id,
        error: .refused(
          "gateway_timeout",
          "the gateway has not answered within 10 s; it is asked until it does: see rbotctl positions"))
    }
    squareOff(name, reason: "closed by a person").assumeIsolated().whenComplete { [self] result in
      // One that comes after all finds nobody who waits for it, and is recorded.
      late.cancel()
      let outcome: String
      switch result {
      case .success(let done):
        outcome = "ok"
        connection.answer(id, done)
      case .failure(let error):
        outcome = RPCError(error).reason ?? "failed"
        connection.reply(to: id, error: RPCError(error))
      }
      assumeIsolated {
        $0.audit(ControlClient(connection, peer, person: person), "strategy.close", name, outcome)
      }
    }
  }
}
