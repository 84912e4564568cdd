import GatewayService
import NIOCore
import Synchronization

/// All connections, over all threads: how many there are, and which of them wait for a request.
///
/// When there are as many as may be, a newcomer takes the place of the one that has waited longest without a request
/// under way: so a flood of connections that say nothing drives out itself, not those who are at work.
final class ConnectionTable: Sendable {
  private struct State {
    var open = 0
    var next = 0
    /// Those that wait, by a number that rises with the time at which they began to.
    var waiting: [Int: any Channel] = [:]
    /// The lowest number that may be among them.
    var oldest = 0
  }

  private let limit: Int
  private let board: HTTPBoard
  private let state = Mutex(State())

  init(limit: Int, board: HTTPBoard) {
    self.limit = limit
    self.board = board
  }

  /// A place for a newcomer, who waits from now on; nil when all are at work.
  func enter(_ channel: any Channel) -> Int? {
    let (place, victim) = state.withLock { state -> (Int?, (any Channel)?) in
      guard state.open >= limit else {
        state.open += 1
        return (Self.wait(channel, &state), nil)
      }
      while state.oldest < state.next {
        let victim = state.waiting.removeValue(forKey: state.oldest)
        state.oldest += 1
        guard let victim else { continue }
        // The place is the newcomer's now: the victim has none to give back.
        return (Self.wait(channel, &state), victim)
      }
      return (nil, nil)
    }
    victim?.close(promise: nil)
    board.count { counts in
      if victim != nil { counts.evicted += 1 }
      if place == nil { counts.refused += 1 } else if victim == nil { counts.connections += 1 }
    }
    return place
  }

  private static func wait(_ channel: any Channel, _ state: inout State) -> Int {
    defer { state.next += 1 }
    state.waiting[state.next] = channel
    return state.next
  }

  /// A request has begun.
  ///
  /// - Returns: False when the place is somebody else's already.
  func work(_ place: Int) -> Bool { state.withLock { $0.waiting.removeValue(forKey: place) != nil } }

  /// The request is answered: it waits for another one, from now on.
  func rest(_ channel: any Channel) -> Int { state.withLock { Self.wait(channel, &$0) } }

  /// It is gone, or has become a stream, which is counted elsewhere.
  ///
  /// - Parameter waiting: the place at which it waited; nil: it was at work.
  func leave(_ waiting: Int?) {
    let isOurs = state.withLock { state in
      if let waiting, state.waiting.removeValue(forKey: waiting) == nil { return false }
      state.open -= 1
      return true
    }
    if isOurs { board.count { $0.connections -= 1 } }
  }
}
