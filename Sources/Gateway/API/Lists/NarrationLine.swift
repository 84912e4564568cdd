import Model
import TradingStore
import Wire

/// An event as a line for people: `11:55:27 📊 OCO Placed EUR_USD BUY 100 units | SL: 1.16, TP: 1.17 | …`.
struct NarrationLine {
  let icon: String
  /// What happened, without time and icon.
  let text: String

  /// The types of event that have a line.
  static let types = [
    "oco_placed", "order_accepted", "order_filled", "order_partially_filled", "order_cancelled",
    "order_rejected", "order_expired", "position_opened", "position_closed", "margin_closeout", "signal",
    "mode_switched", "kill_switch", "trading_paused", "trading_resumed", "square_off_requested",
    "squared_off",
    "strategy_started", "strategy_ready", "strategy_paused", "strategy_resumed", "strategy_stopped",
    "strategy_failed", "strategy_backoff", "broker_connected", "broker_disconnected", "broker_reconciled",
    "schedule_fired", "schedule_missed", "comment",
  ]

  init(type: String, strategy: String?, payload: JSON) {
    func field(_ key: String) -> String {
      switch payload[key] {
      case .string(let text): text
      case .number(let digits): digits
      case .bool(let flag): flag ? "true" : "false"
      default: "–"
      }
    }
    func has(_ key: String) -> Bool { payload[key].map { !$0.isNull } ?? false }
    func because(_ key: String = "reason") -> String { has(key) ? " | \(field(key))" : "" }
    let what = "\(field("instrument")) \(field("side")) \(field("units"))"
    switch type {
    case "oco_placed":
      icon = "📊"
      text =
        "OCO Placed \(what) units | SL: \(field("sl")), TP: \(field("tp")) | Mode: \(field("mode")) "
        + "| Status: PENDING"
    case "order_accepted":
      icon = "📨"
      text = "Order Accepted \(what) units | \(field("type")) | Order ID: \(field("order_id"))"
    case "order_filled":
      icon = "✓"
      text = "Order Filled \(field("instrument")) \(field("filled_units")) @ \(field("price"))"
    case "order_partially_filled":
      icon = "◐"
      text =
        "Order Partially Filled \(field("instrument")) \(field("filled_units")) of \(field("units")) "
        + "@ \(field("price"))"
    case "order_cancelled":
      icon = "✕"
      text = "Order Cancelled \(field("instrument")) Order ID: \(field("order_id"))"
    case "order_expired":
      icon = "⌛"
      text = "Order Expired \(field("instrument")) Order ID: \(field("order_id"))"
    case "order_rejected":
      icon = "⛔"
      text = "Order Rejected \(what) units | \(field("reason"))" + because("message")
    case "position_opened":
      icon = "📈"
      text = "Position Opened \(what) @ \(field("price"))"
    case "position_closed":
      icon = "🏁"
      text = "Position Closed \(what) @ \(field("price")) | Realised: \(field("realised"))" + because()
    case "signal":
      icon = "📡"
      text = "Signal \(what)" + because()
    case "mode_switched":
      icon = "🔀"
      text = "Mode \(has("from") ? "\(field("from")) → " : "")\(has("to") ? field("to") : field("mode"))"
    case "kill_switch":
      icon = "🛑"
      text = "Kill Switch \(field("state"))" + because()
    case "comment":
      icon = "💬"
      text = "\(field("by")): \(field("text"))"
    default:
      icon = "ℹ️"
      let words = type.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
      let name = strategy.map { " \($0)" } ?? ""
      text = words.joined(separator: " ") + name + because()
    }
  }

  /// `HH:MM:SS`, in UTC as all times are.
  static func clock(_ time: Timestamp) -> String { String(time.description.dropFirst(11).prefix(8)) }

  /// A row of the list.
  static func row(_ stored: StoredEvent) -> JSON {
    let event = stored.event
    let payload = (try? JSON.parse(event.payload)) ?? .null
    let line = NarrationLine(type: event.type, strategy: event.strategy, payload: payload)
    // A line is one line, whatever a comment holds.
    let text = line.text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return [
      "id": .int(stored.sequence), "time": .string("\(event.time)"), "source": .string(event.source),
      "type": .string(event.type), "strategy": JSON(event.strategy),
      "instrument": payload["instrument"] ?? .null, "icon": .string(line.icon), "text": .string(text),
      "line": .string("\(clock(event.time)) \(line.icon) \(text)"),
    ]
  }
}
