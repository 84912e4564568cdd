import NIOCore
import TradingStore

/// Who is told what, in the order in which it happened: nothing leaves before everything earlier is durable.
struct Outbox {
  /// Tells; gets the numbered events of its commit. Made and called on the gateway's loop.
  typealias Effect = ([StoredEvent]) -> Void

  private struct Step {
    let waitsForCommit: Bool
    let effect: Effect
  }

  private var steps = CircularBuffer<Step>()

  var isEmpty: Bool { steps.isEmpty }
  var count: Int { steps.count }

  /// An effect that has to wait for its own commit.
  mutating func appendCommitting(_ effect: @escaping Effect) {
    steps.append(Step(waitsForCommit: true, effect: effect))
  }

  /// An effect that only has to wait for what was before it.
  mutating func append(_ effect: @escaping Effect) {
    steps.append(Step(waitsForCommit: false, effect: effect))
  }

  /// The effect whose commit is done now.
  mutating func takeCommitted() -> Effect? {
    guard steps.first?.waitsForCommit == true else { return nil }
    return steps.popFirst()?.effect
  }

  /// The next effect that waits for nothing any more.
  mutating func takeReady() -> Effect? {
    guard steps.first?.waitsForCommit == false else { return nil }
    return steps.popFirst()?.effect
  }
}
