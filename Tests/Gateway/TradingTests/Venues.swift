import BrokerInterface
import Model
import PaperBroker

/// A broker that the charter takes for a real one: the paper broker under another name.
struct RealVenue: Venue {
  private var paper = PaperBroker(
    instruments: Desk.instruments, profile: PaperProfile(name: RealVenue.name))

  static let name = "real"

  var name: String { Self.name }
  var capabilities: BrokerCapabilities { paper.capabilities }
  mutating func execute(_ command: BrokerCommand) { paper.execute(command) }
  mutating func quote(_ quote: Quote) -> Bool { paper.quote(quote) }
  mutating func advance(to time: Timestamp) -> Bool { paper.advance(to: time) }
  mutating func nextEvent() -> BrokerEvent? { paper.nextEvent() }
  mutating func restore(_ order: Order, group: LinkedGroup?) { paper.restore(order, group: group) }
}
