import Model
import NIOCore
import Trading
import TradingStore

/// Made-up events, to try a dashboard with (`mock_events`, or ENABLE_MOCK in the environment).
///
/// Each says so by its source and in its payload; none comes while orders could be real.
extension Gateway {
  private static let mockInterval = TimeAmount.seconds(5)

  func startMockEvents() {
    guard configuration.mockEvents else { return }
    log(.warning, "Events of the source \"mock\" are made up (mock_events): no strategy is behind them.")
    mock = loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.mockInterval) {
      [self] _ in
      assumeIsolated { gateway in
        guard gateway.phase == .running, gateway.health.current.mode <= .paper else { return }
        gateway.perform(ChangeSet(), events: [gateway.mocks.next(now: gateway.marketNow)]) { _ in }
      }
    }
  }
}

/// A made-up signal and a made-up risk update in turn; the same ones in each run.
struct MockEvents {
  private var count = 0

  mutating func next(now: Timestamp) -> NewEvent {
    count += 1
    let strength = 60 + (count * 7) % 40
    let side = count.isMultiple(of: 4) ? "SELL" : "BUY"
    let (type, payload) =
      count.isMultiple(of: 2)
      ? ("risk", "{\"mock\":true,\"margin_used_pct\":\(5 + count % 20),\"open_positions\":\(count % 4)}")
      : (
        "signal",
        "{\"mock\":true,\"instrument\":\"EUR_USD\",\"side\":\"\(side)\",\"quality\":\(strength),"
          + "\"reason\":\"made up\"}"
      )
    return NewEvent(source: "mock", type: type, payload: payload, time: now)
  }
}
