import Model
import Synchronization
import Wire

/// Follows the log of one strategy over a connection of its own, and hands its lines on in bundles.
final class TopLogSource: Sendable {
  private struct State {
    /// Rises with every log that is opened: what comes of an earlier one is not wanted any more.
    var number = 0
    var client: Client?
    var waiting: [TopLogs.Entry] = []
    var dropped = 0
    var isTold = false
  }

  private static let past = 1_000
  /// Lines that may wait to be shown; the oldest go, and are counted.
  private static let waitingMax = 5_000

  private let state = Mutex(State())

  /// Opens the log of a strategy, and closes the one before.
  func open(_ name: String, _ session: Session, _ events: AsyncStream<TopDriver.Event>.Continuation) {
    close()
    let number = state.withLock { $0.number }
    Task { [self] in
      do {
        let client = try await session.connect()
        guard keep(client, number) else { return client.close() }
        let params: JSON = [
          "names": [.string(name)], "follow": true, "lines": .int(Self.past), "level": "debug", "since": nil,
        ]
        let page = session.page
        _ = try await client.stream("logs", params) { item in
          self.take(TopLogs.Entry(item, page: page), number, events)
        }
        ended("rbotd ended it", number, events)
      } catch {
        ended("\(error)", number, events)
      }
    }
  }

  func close() {
    let client = state.withLock { state in
      let client = state.client
      state = State(number: state.number + 1)
      return client
    }
    client?.close()
  }

  private func keep(_ client: Client, _ number: Int) -> Bool {
    state.withLock { state in
      guard state.number == number else { return false }
      state.client = client
      return true
    }
  }

  private func ended(_ why: String, _ number: Int, _ events: AsyncStream<TopDriver.Event>.Continuation) {
    if state.withLock({ $0.number == number }) { events.yield(.input(.logsEnded(why))) }
  }

  /// Bundles what comes within a moment: a flood costs a few redraws and not one for each line.
  private func take(
    _ entry: TopLogs.Entry, _ number: Int, _ events: AsyncStream<TopDriver.Event>.Continuation
  ) {
    let isFirst = state.withLock { state in
      guard state.number == number else { return false }
      state.waiting.append(entry)
      if state.waiting.count > Self.waitingMax {
        state.waiting.removeFirst(Self.waitingMax / 8)
        state.dropped += Self.waitingMax / 8
      }
      defer { state.isTold = true }
      return !state.isTold
    }
    guard isFirst else { return }
    Task { [self] in
      try? await Task.sleep(for: .milliseconds(50))
      let bundle = state.withLock { state -> (entries: [TopLogs.Entry], dropped: Int)? in
        guard state.number == number else { return nil }
        defer {
          state.waiting = []
          state.dropped = 0
          state.isTold = false
        }
        return (state.waiting, state.dropped)
      }
      if let bundle { events.yield(.input(.logs(bundle.entries, dropped: bundle.dropped))) }
    }
  }
}
