/// A broker behind a network: the thin part that speaks its protocol.
///
/// It decides nothing. What is sent, asked again or given up is decided by a `RemoteVenue`, whose requests leave
/// with ``ChangeSet`` after the commit; every message goes back to it. Calls return at once and may come from any
/// thread.
public protocol BrokerAdapter: Sendable {
  /// `oanda`: the prefix of order ids and the source of events.
  var name: String { get }
  var capabilities: BrokerCapabilities { get }

  /// Connects, and stays connected; `deliver` takes the messages in the broker's order, from any thread.
  func start(_ deliver: @escaping @Sendable (BrokerMessage) -> Void)

  /// Sends a request once and delivers one answer to it: `.lost` where none came in time.
  func send(_ request: BrokerRequest)

  /// Closes the line.
  func stop()
}
