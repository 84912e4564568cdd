import BrokerInterface
import NIOCore
import Trading

/// The line to a broker behind a network.
///
/// Thin on purpose: requests leave after the commit of what caused them, and messages go to the desk in the order of
/// their arrival. What either means is decided by the desk and its `RemoteVenue`.
extension Gateway {
  /// Takes a broker's adapter into use; the desk's venue is the `RemoteVenue` of the same name.
  func open(_ adapter: any BrokerAdapter) {
    broker = adapter
    adapter.start { [self] message in
      loop.execute { self.assumeIsolated { $0.heard(message) } }
    }
    // Answers are overdue, and orders are asked about again, with or without a quote.
    brokerClock = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [self] _ in
      self.assumeIsolated { $0.perform($0.core.advance(to: $0.marketNow)) { _ in } }
    }
  }

  private func heard(_ message: BrokerMessage) {
    guard phase == .running || phase == .starting else { return }
    perform(core.receive(message, now: marketNow)) { _ in }
  }

  /// Sends what the desk asks; all that it depends upon is durable.
  func send(_ requests: [BrokerRequest]) {
    guard let broker else { return }
    for request in requests { broker.send(request) }
  }

  func closeBroker() {
    brokerClock?.cancel()
    broker?.stop()
    broker = nil
  }
}
