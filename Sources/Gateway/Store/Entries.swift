public import Model
public import Trading

/// Something that happened, for the event log; the store gives it its sequence number.
public struct NewEvent: Hashable, Sendable {
  public let source: String
  public let type: String
  public let strategy: String?
  /// A JSON object.
  public let payload: String
  public let time: Timestamp

  public init(source: String, type: String, strategy: String? = nil, payload: String, time: Timestamp) {
    self.source = source
    self.type = type
    self.strategy = strategy
    self.payload = payload
    self.time = time
  }
}

/// An event of the log.
public struct StoredEvent: Hashable, Sendable {
  /// Rises by one with every event of the gateway, over all its runs.
  public let sequence: Int64
  public let event: NewEvent

  public init(sequence: Int64, event: NewEvent) {
    self.sequence = sequence
    self.event = event
  }
}

/// How far a feed was played, committed together with what its quotes caused.
public struct FeedPosition: Hashable, Sendable {
  /// Which feed: its text, and for files their sizes and times of change.
  public var identity: String
  /// The sequence number of the last quote that was taken in.
  public var sequence: Int64
  /// That quote's time.
  public var time: Timestamp?
  /// The state of a made-up market.
  public var state: String?
  public var hasEnded: Bool
  /// Under which run of the supervisor.
  public var owner: String

  public init(
    identity: String, sequence: Int64 = 0, time: Timestamp? = nil, state: String? = nil,
    hasEnded: Bool = false,
    owner: String = ""
  ) {
    self.identity = identity
    self.sequence = sequence
    self.time = time
    self.state = state
    self.hasEnded = hasEnded
    self.owner = owner
  }
}

/// What one step of the gateway has to make durable.
public struct JournalEntry: Sendable {
  public var changes: ChangeSet
  /// Events beyond those of the order desk.
  public var events: [NewEvent]
  public var feed: FeedPosition?
  /// What accounts are worth now.
  public var equity: [EquitySample] = []

  public init(changes: ChangeSet = ChangeSet(), events: [NewEvent] = [], feed: FeedPosition? = nil) {
    self.changes = changes
    self.events = events
    self.feed = feed
  }

  /// Whether there is nothing to write.
  public var isEmpty: Bool { changes.isEmpty && events.isEmpty && feed == nil && equity.isEmpty }
}

/// One line of an order's history.
public struct OrderHistoryLine: Hashable, Sendable {
  /// Rises with every line of the journal.
  public let sequence: Int64
  public let state: OrderState
  public let reason: String?
  public let filledUnits: Quantity
  public let time: Timestamp
}
