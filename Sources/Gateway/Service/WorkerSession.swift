import Feeds
import IPC
import Model
import Trading
import Wire

/// One worker's connection. Belongs to the gateway's event loop.
final class WorkerSession {
  /// Counts the connections of this run.
  let id: Int
  let connection: Connection
  /// Who it is, once its hello was accepted.
  var worker: RegisteredWorker?
  /// A hello that waits for its token to be registered.
  var heldHello: (id: RequestID, hello: Hello)?
  var subscription = Subscription()
  /// Requests that are not answered yet.
  var openRequests = 0
  var unknownNotifications = 0

  /// Requests that may be open on one connection.
  static let openRequestsMax = 1_024

  init(id: Int, connection: Connection) {
    self.id = id
    self.connection = connection
  }

  var strategy: String { worker?.strategy ?? "" }
  var trader: Trader { Trader(strategy: strategy, generation: worker?.generation ?? 0) }
}

/// What a worker wants to see of the market.
struct Subscription {
  enum Delivery: String, CaseIterable {
    case latest
    case every
  }

  var instruments: Set<String> = []
  var delivery = Delivery.latest
  var candles: [Granularity] = []
  /// Whether the feed waits for its acknowledgements.
  var isLockstep = false
  var queue = SubscriberQueue()
  var sent = 0
}
