public import Model

/// The types of event that the order desk makes.
public enum DeskEventType: String, Sendable, CaseIterable {
  case ocoPlaced = "oco_placed"
  case orderAccepted = "order_accepted"
  case orderModified = "order_modified"
  case orderFilled = "order_filled"
  case orderPartiallyFilled = "order_partially_filled"
  case orderCancelled = "order_cancelled"
  case orderRejected = "order_rejected"
  case orderExpired = "order_expired"
  case positionOpened = "position_opened"
  case positionClosed = "position_closed"
  case marginCloseout = "margin_closeout"
  case tradingPaused = "trading_paused"
  case tradingResumed = "trading_resumed"
  case squareOffRequested = "square_off_requested"
  case squaredOff = "squared_off"
  case largeOrder = "large_order"
  case modeSwitched = "mode_switched"
  case killSwitch = "kill_switch"
  case brokerConnected = "broker_connected"
  case brokerDisconnected = "broker_disconnected"
  case brokerReconciled = "broker_reconciled"
  /// The broker's account holds other than the sub-accounts together.
  case accountDifference = "account_difference"
  /// A trade could not be protected and is closed.
  case protectionFailed = "protection_failed"
  case sessionSquareOff = "session_square_off"
}

/// A value in an event's payload.
public enum EventValue: Hashable, Sendable {
  case string(String)
  /// Written as a JSON number from its digits.
  case number(Amount)
  case int(Int64)
  case bool(Bool)
  case null
}

/// A key and its value; payloads keep their order.
public struct EventField: Hashable, Sendable {
  public let key: String
  public let value: EventValue

  public init(_ key: String, _ value: EventValue) {
    self.key = key
    self.value = value
  }
}

/// Something that happened at the order desk, for the event log and the streams.
public struct DeskEvent: Hashable, Sendable {
  public let type: DeskEventType
  /// The broker's name; `arena` where it is of no broker.
  public let source: String
  /// Empty where it is of no strategy.
  public let strategy: String
  public let payload: [EventField]
  public let time: Timestamp

  public init(type: DeskEventType, source: String, strategy: String, payload: [EventField], time: Timestamp) {
    self.type = type
    self.source = source
    self.strategy = strategy
    self.payload = payload
    self.time = time
  }

  /// The value of a payload field.
  public subscript(key: String) -> EventValue? { payload.first { $0.key == key }?.value }
}
