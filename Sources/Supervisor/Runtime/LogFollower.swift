import Model
import NIOCore
import SupervisorStore
import Wire

/// Somebody who follows the log.
///
/// While he keeps up, lines go to him as they come. When he does not, nothing is kept for him: what he missed is read
/// from the store once he has taken what waits, so that he loses nothing however fast lines came in between. Only when
/// he is more than ``lagMax`` lines behind does he lose some, and is told how many.
final class LogFollower {
  /// Lines that one who reads slowly may be behind before he skips some.
  static let lagMax: Int64 = 1_000_000
  /// How much of what happens meanwhile is held while the past is read.
  private static let heldMax = 256 << 10

  private enum State {
    /// Lines go to him as they come.
    case live
    /// The past is being read; what comes now is held.
    case reading
    /// He has missed lines after `cursor`.
    case behind
  }

  let filter: LogFilter
  let target: StreamTarget
  /// The last line that has been given to him, or did not match, while he is behind or reads.
  private(set) var cursor: Int64
  private var state = State.reading
  private var held = StreamTarget.Chunk()
  private var hasMissed = false

  init(_ filter: LogFilter, _ target: StreamTarget, cursor: Int64) {
    self.filter = filter
    self.target = target
    self.cursor = cursor
  }

  /// A line of now.
  func take(_ line: LogLine) {
    switch state {
    case .live:
      guard filter.matches(line) else { return }
      if target.hasRoom {
        target.offer { $0.value(line) }
      } else {
        state = .behind
        cursor = line.id - 1
      }
    case .reading:
      guard !hasMissed, filter.matches(line) else { return }
      if held.lines.readableBytes < Self.heldMax {
        target.encode(into: &held) { $0.value(line) }
      } else {
        hasMissed = true
        held = .init()
      }
    case .behind:
      guard line.id - cursor > 2 * Self.lagMax else { return }
      target.fail(
        .refused(
          "too_slow", "the reader took nothing while \(2 * Self.lagMax) lines came: ask again from now on"))
    }
  }

  /// What is to be read for him now, up to `last`: the id after which it begins. Nil when he is not behind, or has
  /// still to take what waits for him.
  func beginReading(last: Int64) -> Int64? {
    guard state == .behind, target.isEmpty, !target.isFinished else { return nil }
    let skipped = last - cursor - Self.lagMax
    if skipped > 0 {
      target.drop(Int(skipped))
      cursor += skipped
    }
    state = .reading
    hasMissed = false
    held = .init()
    return cursor
  }

  /// What was read has been given to him: everything up to `reached`, where `upTo` was asked for.
  func endReading(reached: Int64, upTo: Int64) {
    cursor = reached
    if reached < upTo || hasMissed {
      state = .behind
      held = .init()
    } else {
      state = .live
      target.offer(held)
      held = .init()
    }
  }
}
