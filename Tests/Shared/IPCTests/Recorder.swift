import IPC
import NIOCore
import Synchronization
import Wire

/// Records what a connection tells, and lets a test wait for it.
final class Recorder: ConnectionHandler {
  struct Seen: Sendable {
    var frames: [Frame] = []
    var drains = 0
    var reason: CloseReason?
  }

  private struct State: Sendable {
    var seen = Seen()
    var waiters: [Waiter] = []
  }

  private struct Waiter: Sendable {
    let needed: @Sendable (Seen) -> Bool
    let promise: EventLoopPromise<Seen>
  }

  private let state = Mutex(State())
  private let loop: any EventLoop
  private let answer: @Sendable (Frame, Connection) -> Void

  init(_ loop: any EventLoop, answer: @escaping @Sendable (Frame, Connection) -> Void = { _, _ in }) {
    self.loop = loop
    self.answer = answer
  }

  func received(_ frame: Frame, on connection: Connection) {
    update { $0.frames.append(frame) }
    answer(frame, connection)
  }

  func drained(_ connection: Connection) { update { $0.drains += 1 } }

  func closed(_ connection: Connection, reason: CloseReason) { update { $0.reason = reason } }

  private func update(_ change: (inout Seen) -> Void) {
    let (seen, ready) = state.withLock { state in
      change(&state.seen)
      let seen = state.seen
      let ready = state.waiters.filter { $0.needed(seen) }
      state.waiters.removeAll { $0.needed(seen) }
      return (seen, ready)
    }
    for waiter in ready { waiter.promise.succeed(seen) }
  }

  /// Waits for a state; a test that waits in vain fails after fifteen seconds.
  func wait(until needed: @escaping @Sendable (Seen) -> Bool) async throws -> Seen {
    let promise = loop.makePromise(of: Seen.self)
    let there = state.withLock { state -> Seen? in
      if needed(state.seen) { return state.seen }
      state.waiters.append(Waiter(needed: needed, promise: promise))
      return nil
    }
    if let there {
      promise.succeed(there)
    } else {
      let timer = loop.scheduleTask(in: .seconds(15)) {
        promise.fail(ChannelError.connectTimeout(.seconds(15)))
      }
      promise.futureResult.whenComplete { _ in timer.cancel() }
    }
    return try await promise.futureResult.get()
  }
}
