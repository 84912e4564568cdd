import IPC
import Model
import NIOCore
import Schedule
import SupervisorStore
import Wire

/// News of slots on their way into the gateway's stream of events; it keeps them while that is away.
struct ScheduleOutbox {
  /// More than so many wait for no gateway.
  static let max = 1_000

  private var waiting: [JSON] = []
  /// Those that found no room: the oldest.
  private(set) var dropped = 0
  var isSending = false

  var first: JSON? { waiting.first }

  mutating func put(_ event: JSON) {
    waiting.append(event)
    guard waiting.count > Self.max else { return }
    // Not the one that is on its way.
    waiting.remove(at: isSending ? 1 : 0)
    dropped += 1
  }

  mutating func sent() { if !waiting.isEmpty { waiting.removeFirst() } }
}

extension Supervisor {
  func send(_ news: SlotNews, _ slot: SlotRecord, _ words: String) {
    schedules.outbox.put([
      "strategy": .string(slot.name), "type": .string("schedule_\(news.rawValue)"),

      "payload": ["message": .string(words), "slot": Self.json(slot)],
    ])
    sendScheduleEvents()
  }

  /// One after the other, so that they stay in order; each until it is answered.
  func sendScheduleEvents() {
    guard !schedules.outbox.isSending, gatewayLink.isUp, let event = schedules.outbox.first else { return }
    schedules.outbox.isSending = true
    askGateway("strategy.event", event).assumeIsolated().whenComplete { [self] result in
      assumeIsolated { supervisor in
        supervisor.schedules.outbox.isSending = false
        switch result {
        case .success: supervisor.schedules.outbox.sent()
        case .failure(let error as RPCError)
        where error.reason == "connection_closed" || error.reason == "gateway_down":
          // The next gateway gets it.
          return
        case .failure(let error):
          supervisor.schedules.outbox.sent()
          supervisor.say(.warning, "the gateway did not take an event of a schedule: \(error)")
        }
        supervisor.sendScheduleEvents()
      }
    }
  }
}
