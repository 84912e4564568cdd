public import Model

/// A broker as the order desk sees it: the paper broker, which answers at once and in process, or a `RemoteVenue`,
/// which keeps the books of a broker behind a network.
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

  // MARK: - Behind a network

  /// Whether commands take time and may fail: an order is then cancelled or changed once its broker says so.
  var isRemote: Bool { get }

  /// Why no entry may be sent now; nil where one may.
  var entryRefusal: Refusal? { get }

  /// What is to be sent once everything so far is durable; each request is handed out once.
  mutating func takeRequests() -> [BrokerRequest]

  /// Takes what the broker said.
  mutating func receive(_ message: BrokerMessage, now: Timestamp)

  /// Takes back after a restart which executions are booked already, by their ids, oldest first.
  mutating func restore(executions: [String])
}

extension Venue {
  public var isRemote: Bool { false }
  public var entryRefusal: Refusal? { nil }
  public mutating func takeRequests() -> [BrokerRequest] { [] }
  public mutating func receive(_ message: BrokerMessage, now: Timestamp) {}
  public mutating func restore(executions: [String]) {}
}
