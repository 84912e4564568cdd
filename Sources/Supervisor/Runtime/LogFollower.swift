import Lifecycle
import Model
import NIOCore
import SupervisorStore
import Wire

/// Somebody who follows the log, or has asked for more of its past than is read at once.
///
/// While he keeps up, lines go to him as they come. When he does not, nothing is kept for him: what he missed is read
/// from the store, page after page, as fast as he takes it, so that he loses nothing however fast lines came in between.
/// Only when he is more than ``lagMax`` lines behind does he lose some, and is told how many.
final class LogFollower {
  /// Lines that one who reads slowly may be behind before he skips some.
  static let lagMax: Int64 = 1_000_000
  /// From so many lines on he is told that he is behind, once a second.
  static let lagTold: Int64 = 10_000
  private static let tellEvery = Duration.seconds(1)
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
  /// The last line that there was when he asked: of what he asked for nothing is skipped, however long it is.
  let asked: Int64
  /// Whether he wants what comes after it.
  let follows: Bool
  /// Fields of the answer that ends it.
  var note = JSONObject()
  /// The last line that has been given to him, or did not match, while he is behind or reads.
  private(set) var cursor: Int64
  private var state = State.reading
  private var held = StreamTarget.Chunk()
  private var hasMissed = false
  /// When he was last told that he is behind; nil while he is not.
  private var told: Moment?

  init(_ filter: LogFilter, _ target: StreamTarget, asked: Int64, follows: Bool) {
    self.filter = filter
    self.target = target
    self.asked = asked
    self.follows = follows
    cursor = asked
  }

  /// A line of now.
  func take(_ line: LogLine) {
    guard follows else { return }
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
      guard line.id - max(cursor, asked) > 2 * Self.lagMax else { return }
      target.fail(
        .refused(
          "too_slow", "the reader took nothing while \(2 * Self.lagMax) lines came: ask again from now on"))
    }
  }

  /// The past that he asked for begins after `line`: it is to be read for him from there on.
  func begin(after line: Int64) {
    cursor = min(line, asked)
    state = .behind
    hasMissed = true
    held = .init()
  }

  /// What is to be read for him now: lines after the first and up to the second number. Nil when he is not behind, or
  /// has still to take what waits for him.
  func beginReading(last: Int64, now: Moment) -> (after: Int64, upTo: Int64)? {
    guard state == .behind, target.isLoaded, target.hasRoom, !target.isFinished else { return nil }
    let skipped = last - max(cursor, asked) - Self.lagMax
    if skipped > 0, cursor >= asked, follows {
      target.leaveOut(Int(skipped))
      cursor += skipped
    }
    tellLag(last - cursor, now)
    state = .reading
    hasMissed = false
    held = .init()
    return (cursor, follows ? last : asked)
  }

  private func tellLag(_ lag: Int64, _ now: Moment) {
    guard follows, cursor >= asked, lag >= Self.lagTold else { return }
    if let told, now < told + Self.tellEvery { return }
    told = now
    target.tell(behind: Int(lag))
  }

  /// What was read has been given to him: everything up to `reached`, where `upTo` was asked for.
  ///
  /// - Parameter gone: lines in between that are not to be had any more.
  func endReading(reached: Int64, upTo: Int64, gone: Int = 0) {
    if gone > 0 { target.leaveOut(gone) }
    cursor = reached
    if !follows, reached >= asked {
      state = .live
      target.end(note: note)
    } else if reached < upTo || hasMissed {
      state = .behind
    } else {
      state = .live
      target.offer(held)
      if told != nil { target.tell(behind: 0) }
      told = nil
    }
    held = .init()
  }
}
