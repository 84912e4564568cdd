import Model
import NIOCore
import SupervisorStore
import Wire

/// Strategies that are gone and still hold something: nobody closes what they hold, so people are told.
extension Supervisor {
  /// How long the gateway may take to say who holds what.
  private static let patience = TimeAmount.milliseconds(500)

  /// What the gateway says of itself and of all strategies; null where it cannot be asked.
  func gatewaySummary() async -> JSON {
    let asked = askGateway("summary", [:], timeout: Self.patience)
    // NIO's own way to wait for it would leave the loop for a thread of libdispatch's.
    let answer = await WayBack.answer { done in asked.whenComplete { done.resume(returning: $0) } }
    guard case .success(let summary) = answer else { return .null }
    return summary
  }

  /// The open positions of a gateway's summary, by strategy, as people write them: `EUR_USD 1000`.
  static func positions(_ summary: JSON) -> [String: String] {
    var held: [String: String] = [:]
    for item in summary["strategies"]?.arrayValue ?? [] {
      guard let name = item["strategy"]?.stringValue else { continue }
      let parts = (item["position"]?.arrayValue ?? []).compactMap { position -> String? in
        guard let instrument = position["instrument"]?.stringValue, let units = position["units"] else {
          return nil
        }
        return "\(instrument) \(units.stringValue ?? "?")"
      }
      if !parts.isEmpty { held[name] = parts.joined(separator: ", ") }
    }
    return held
  }

  static func forsaken(_ name: String, _ held: String) -> String {
    "strategy \(name) was removed and still holds \(held): rbotctl close \(name) closes it, or put the "
      + "strategy back"
  }

  /// A sentence for each strategy that is not there any more and holds something.
  func forsaken(in summary: JSON) -> [String] {
    Self.positions(summary).filter { name, _ in workers[name] == nil && broken[name] == nil }
      .sorted { $0.key < $1.key }.map { Self.forsaken($0.key, $0.value) }
  }

  /// Says it in the log whenever a gateway has come up: also after a new start of rbotd.
  func warnOfForsaken() {
    askGateway("summary", [:], timeout: Self.patience).assumeIsolated().whenSuccess { [self] summary in
      assumeIsolated { supervisor in
        for warning in supervisor.forsaken(in: summary) { supervisor.say(.warning, warning) }
      }
    }
  }
}
