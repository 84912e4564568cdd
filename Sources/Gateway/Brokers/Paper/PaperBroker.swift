public import BrokerInterface
import Matching
public import Model

/// The broker that fills orders from our own matching engine; what it does with each kind of order is told at
/// `MatchingEngine`.
public struct PaperBroker: Venue {
  public let name: String
  private var engine: MatchingEngine

  /// - Parameters:
  ///   - feeRate: the share of the notional that a fill costs, in the instrument's quote currency.
  ///   - slippageTicks: by how much market and stop orders fill worse than the far side.
  ///   - name: the prefix of order ids and the source of events.
  public init(
    instruments: [Instrument], feeRate: Amount = .zero, slippageTicks: Int = 0, name: String = "paper"
  ) {
    self.name = name
    engine = MatchingEngine(instruments: instruments, feeRate: feeRate, slippageTicks: slippageTicks)
  }

  public var capabilities: BrokerCapabilities { BrokerCapabilities() }

  public mutating func execute(_ command: BrokerCommand) {
    switch command {
    case .place(let order, let group): engine.place(Self.matchOrder(order, group))
    case .cancel(let id): engine.cancel(id: id)
    case .modify(let id, let price, let units): engine.modify(id: id, price: price, units: units)
    }
  }

  public mutating func quote(_ quote: Quote) -> Bool { engine.quote(quote) }

  public mutating func advance(to time: Timestamp) -> Bool { engine.advance(to: time) }

  public mutating func nextEvent() -> BrokerEvent? {
    switch engine.nextEvent() {
    case nil: nil
    case .accepted(let id): .accepted(orderID: id)
    case .replaced(let id): .replaced(orderID: id)
    case .filled(let id, let units, let price, let fee, let sequence, let time):
      .filled(
        Execution(orderID: id, units: units, price: price, fee: fee, time: time, quoteSequence: sequence))
    case .cancelled(let id, let reason, let time): .cancelled(orderID: id, reason: reason, time: time)
    case .rejected(let id, let reason, let time): .rejected(orderID: id, reason: reason, time: time)
    case .expired(let id, let reason, let time): .expired(orderID: id, reason: reason, time: time)
    }
  }

  public mutating func restore(_ order: Order, group: LinkedGroup?) {
    engine.restore(Self.matchOrder(order, group))
  }

  private static func matchOrder(_ order: Order, _ group: LinkedGroup?) -> MatchOrder {
    MatchOrder(
      id: order.id, number: order.number, instrument: order.instrument, side: order.side, type: order.type,
      timeInForce: order.timeInForce, price: order.price, units: order.remainingUnits,
      expires: order.expires, group: group?.id)
  }
}
