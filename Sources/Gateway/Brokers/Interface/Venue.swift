public import Model

/// A broker that answers at once, in process: the paper broker, or a simulator in a test.
///
/// It is a value: copying it copies its book, and the same calls in the same order give the same events. Events
/// are pulled one by one, so that what the order desk does about one (cancel the exits of a closed trade, say)
/// is in force before the next is matched.
public protocol Venue: Sendable {
  /// `paper`: the prefix of order ids and the source of events.
  var name: String { get }
  var capabilities: BrokerCapabilities { get }

  /// Takes a command; what follows from it is read with ``nextEvent()``.
  mutating func execute(_ command: BrokerCommand)

  /// Takes a quote. True when there may be events to read; false is the common case and cheap.
  mutating func quote(_ quote: Quote) -> Bool

  /// Moves the clock. True when there may be events to read.
  mutating func advance(to time: Timestamp) -> Bool

  /// The next event, or nil when everything that the commands and quotes so far caused has been read.
  mutating func nextEvent() -> BrokerEvent?

  /// Puts a working order back after a restart, without an event.
  mutating func restore(_ order: Order, group: LinkedGroup?)
}

/// A broker behind a network.
///
/// The order desk sends it `ChangeSet.commands` after their commit and feeds its events back through the same
/// order state machine. A lost reply is reported as ``BrokerReply/unknown``: the order is then asked about with
/// ``find(clientOrderID:)`` and never sent again.
public protocol BrokerAdapter: Sendable {
  var name: String { get }
  var capabilities: BrokerCapabilities { get }

  /// Sends a command and returns what the broker said to it.
  func send(_ command: BrokerCommand) async -> BrokerReply

  /// What the broker knows about an order, by the client order id that it was sent with.
  func find(clientOrderID: String) async -> BrokerReply

  /// Everything that happens to the account, in the broker's order.
  func events() -> AsyncStream<BrokerEvent>
}

/// An adapter's answer.
public enum BrokerReply: Hashable, Sendable {
  /// The broker took it; what it said, oldest first.
  case events([BrokerEvent])
  /// No reply came: it may or may not have been done.
  case unknown(String)
  /// It surely was not done.
  case failed(Refusal)
}
