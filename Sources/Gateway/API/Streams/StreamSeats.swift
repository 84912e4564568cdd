import GatewayService
import Synchronization

/// How many streams there are and may be.
final class StreamSeats: Sendable {
  /// Streams at once of clients that have not said yet who they are.
  static let unidentifiedMax = 32

  private struct State {
    var open = 0
    /// Among them.
    var unidentified = 0
    var next = 0
  }

  let limit: Int
  private let board: HTTPBoard
  private let state = Mutex(State())

  init(limit: Int, board: HTTPBoard) {
    self.limit = limit
    self.board = board
  }

  /// How many streams there are.
  var open: Int { state.withLock { $0.open } }

  /// A place, unless all are taken; it is free again when the seat is let go.
  func take(isIdentified: Bool) -> StreamSeat? {
    let id: Int? = state.withLock { state in
      guard state.open < limit, isIdentified || state.unidentified < Self.unidentifiedMax else { return nil }
      state.open += 1
      if !isIdentified { state.unidentified += 1 }
      state.next += 1
      return state.next
    }
    guard let id else { return nil }
    board.count { $0.streams += 1 }
    return StreamSeat(id, self, isIdentified: isIdentified)
  }

  fileprivate func identified() { state.withLock { $0.unidentified -= 1 } }

  fileprivate func leave() {
    state.withLock { $0.open -= 1 }
    board.count { $0.streams -= 1 }
  }
}

/// One stream's place among all.
final class StreamSeat: Sendable {
  /// Of this run of the gateway, one of its kind.
  let id: Int
  private let seats: StreamSeats
  private let isUnidentified: Atomic<Bool>

  fileprivate init(_ id: Int, _ seats: StreamSeats, isIdentified: Bool) {
    self.id = id
    self.seats = seats
    isUnidentified = Atomic(!isIdentified)
  }

  /// It is known now who sits here; may be said again.
  func identify() {
    if isUnidentified.exchange(false, ordering: .acquiringAndReleasing) { seats.identified() }
  }

  deinit {
    identify()
    seats.leave()
  }
}
