public import BrokerInterface
public import Model

/// The broker that fills orders from our own matching engine.
public struct PaperBroker: Venue {
  public let name: String

  public init(
    instruments: [Instrument], feeRate: Amount = .zero, slippageTicks: Int = 0, name: String = "paper"
  ) {
    self.name = name
  }

  public var capabilities: BrokerCapabilities { BrokerCapabilities() }
  public mutating func execute(_ command: BrokerCommand) {}
  public mutating func quote(_ quote: Quote) -> Bool { false }
  public mutating func advance(to time: Timestamp) -> Bool { false }
  public mutating func nextEvent() -> BrokerEvent? { nil }
  public mutating func restore(_ order: Order, group: LinkedGroup?) {}
}
