import IPC
import Model
import NIOCore
import SupervisorStore
import Wire

/// Square-offs that the gateway has not answered yet, by strategy.
struct SquareOffBook {
  fileprivate struct Wish {
    let reason: String
    let promise: EventLoopPromise<JSON>
    /// It is on its way to a gateway that lives.
    var isAsked = false
  }

  fileprivate var wishes: [String: Wish] = [:]

  /// The daemon ends: nobody will answer them any more.
  mutating func abandon() {
    for wish in wishes.values {
      wish.promise.fail(RPCError.refused("shutting_down", "rbotd stops before the gateway has answered"))
    }
    wishes = [:]
  }
}

extension Supervisor {
  /// Has the gateway refuse a strategy's entries, cancel those that work and close its positions, whether or not its
  /// worker lives; see `strategy.square_off` in docs/protocol.md.
  ///
  /// - Returns: `{"closed","left","waits_for"}`. The gateway is asked until one answers, through all its restarts, so
  ///   this may take long; it fails when the gateway refuses or the daemon ends. What is still `left` then, the
  ///   gateway closes by itself at the first quote, also when it is killed before. Asked for again meanwhile: the
  ///   same answer.
  func squareOff(_ strategy: String, reason: String) -> EventLoopFuture<JSON> {
    if let wish = squareOffs.wishes[strategy] { return wish.promise.futureResult }
    let promise = loop.makePromise(of: JSON.self)
    squareOffs.wishes[strategy] = SquareOffBook.Wish(reason: reason, promise: promise)
    askToSquareOff(strategy)
    return promise.futureResult
  }

  /// A gateway is ready: what the one before has not answered is asked again.
  func repeatSquareOffs() {
    for strategy in squareOffs.wishes.keys.sorted() { askToSquareOff(strategy) }
  }

  private func askToSquareOff(_ strategy: String) {
    guard let wish = squareOffs.wishes[strategy], !wish.isAsked, gatewayLink.isUp else { return }
    squareOffs.wishes[strategy]?.isAsked = true
    let params: JSON = ["strategy": .string(strategy), "reason": .string(wish.reason)]
    askGateway("strategy.square_off", params, timeout: .seconds(30)).assumeIsolated().whenComplete {
      [self] result in
      assumeIsolated { $0.squareOffAnswered(strategy, result) }
    }
  }

  private func squareOffAnswered(_ strategy: String, _ result: Result<JSON, any Error>) {
    guard let wish = squareOffs.wishes[strategy] else { return }
    if case .failure(let error) = result, Self.mayAnswerLater(error) {
      squareOffs.wishes[strategy]?.isAsked = false
      log(
        strategy, run: nil, .supervisor, .warning,
        "the gateway did not answer whether its positions are closed, and is asked again: \(error)")
      // A gateway that is down asks for it when it is ready.
      loop.assumeIsolated().scheduleTask(in: .seconds(1)) { [self] in
        assumeIsolated { $0.askToSquareOff(strategy) }
      }
      return
    }
    squareOffs.wishes[strategy] = nil
    wish.promise.completeWith(result)
  }

  /// Whether it was the gateway's absence, not its will.
  private static func mayAnswerLater(_ error: any Error) -> Bool {
    guard let error = error as? RPCError else { return true }
    return ["connection_closed", "gateway_down", "timeout", "too_many_requests"].contains(error.reason)
  }
}
