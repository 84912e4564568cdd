import Model
import Wire

/// What a strategy has at its broker.
struct Exposure {
  /// `EUR_USD +1000`.
  var positions: [String] = []
  /// Orders that would open or close something when they fill; the exits of its positions are not among them.
  var workingOrders = 0

  /// `holds EUR_USD +1000 and has 2 working orders`.
  var words: String {
    [
      positions.isEmpty ? "" : "holds \(positions.joined(separator: ", "))",
      workingOrders == 0 ? "" : "has \(CheckVerb.count(workingOrders, "working order") ?? "")",
    ].filter { !$0.isEmpty }.joined(separator: " and ")
  }

  /// What becomes of it once its worker is gone, and what can be done.
  func fate(of name: String, onExit: String, _ session: Session) -> String {
    let close = session.command("close \(name)")
    return switch onExit {
    case "flatten": "\(name) still \(words): on_exit = \"flatten\" closes it at the next quote"
    case "cancel" where positions.isEmpty: "\(name) still \(words): on_exit = \"cancel\" cancels them"
    default:
      "\(name) still \(words), which stays (on_exit = \"\(onExit)\"): its stop losses and take profits work on, "
        + "and nobody else watches it; \(close) closes it"
    }
  }
}

extension Session {
  /// What strategies have at their brokers, by name; those that have nothing are left out.
  ///
  /// - Parameter name: only that one.
  func exposures(of name: String? = nil) async throws -> [String: Exposure] {
    let client = try await connect()
    defer { client.close() }
    let positions = try await client.request("positions", ["strategy": JSON(name)])
    let orders = try await client.request(
      "orders", ["strategy": JSON(name), "state": "open", "limit": 10_000])
    var found: [String: Exposure] = [:]
    for position in positions.items("positions") where Amount(position.text("units"))?.isZero == false {
      found[position.text("strategy"), default: Exposure()].positions
        .append("\(position.text("instrument")) \(position.signed("units").text)")
    }
    for order in orders.items("orders") where ["entry", "close"].contains(order.text("role")) {
      found[order.text("strategy"), default: Exposure()].workingOrders += 1
    }
    return found
  }

  /// Says what strategies that have been stopped leave open, and who ended with them.
  ///
  /// - Parameter stopped: each with its `name`, `on_exit` and `also_ends`, as a stop's result has them.
  func tellConsequences(of stopped: [JSON]) async throws {
    let names = Set(stopped.map { $0.text("name") })
    for item in stopped {
      let others = (item["also_ends"]?.arrayValue ?? []).compactMap(\.stringValue)
        .filter { !names.contains($0) }
      guard !others.isEmpty else { continue }
      try write([
        Line(
          "ended with \(item.text("name")), which they require: \(others.joined(separator: ", ")); "
            + "they come back when it does", .yellow)
      ])
    }
    let found: [String: Exposure]
    do {
      found = try await exposures(of: names.count == 1 ? names.first : nil)
    } catch let error as RPCError {
      return try write([Line("what is still open cannot be told: \(error.message)", .yellow)])
    }
    for item in stopped {
      guard let exposure = found[item.text("name")] else { continue }
      let text = exposure.fate(of: item.text("name"), onExit: item.text("on_exit"), self)
      // All of it, however narrow the terminal: it ends with what can be done.
      try surroundings.output.write(Line(text, .yellow).rendered(inColour: page.isColoured) + "\n")
    }
  }

  /// One that is stopped now, as a stop's result tells of it.
  func stopped(_ strategy: JSON, among all: [JSON]) -> JSON {
    let name = strategy.text("name")
    let others = all.filter { other in
      (other["requires"]?.arrayValue ?? []).contains(.string(name)) && other["wanted"]?.boolValue == true
    }
    return [
      "name": .string(name), "on_exit": strategy["on_exit"] ?? "keep",
      "also_ends": .array(others.map { .string($0.text("name")) }),
    ]
  }
}
