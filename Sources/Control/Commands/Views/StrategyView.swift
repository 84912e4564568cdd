import Model
import Wire

/// `rbotctl status NAME`: all that is known of one strategy.
struct StrategyView {
  let strategy: JSON
  let gateway: JSON
  let page: Page

  /// Whether there is a process, which is what the exit status says.
  static func isRunning(_ strategy: JSON) -> Bool {
    WorkerState(rawValue: strategy.text("state"))?.isLive ?? false
  }

  var lines: [Line] {
    var lines = [
      Line([Span(strategy.text("name"), .bold), "  ", StateWord.span(strategy.text("state")), Span(since)])
    ]
    for (label, value) in facts where !value.text.isEmpty {
      lines.append(
        Line([Span(label + String(repeating: " ", count: max(1, 13 - label.count)), .dim), value]))
    }
    return lines
  }

  private var since: String {
    let since = strategy.text("since")
    return since.isEmpty ? "" : " since \(page.clock(since)) (\(page.age(since)))"
  }

  private var facts: [(String, Span)] {
    [
      ("says", strategy.cell("status")), ("trouble", Span(strategy.text("reason"), .red)),
      (
        "paused",
        strategy["paused"]?.boolValue == true ? Span("yes: entries are refused, exits work", .yellow) : ""
      ),
      ("enabled", strategy["enabled"]?.boolValue == false ? "no: starts only when told to" : ""),
      ("process", Span(process)), ("last exit", Span(lastExit)), ("mode", mode), ("orders", Span(orders)),
      ("position", Span(StatusView.positions(strategy))),
      ("realised", (strategy["pnl"] ?? .null).money("realised")),
      ("open p&l", (strategy["pnl"] ?? .null).money("unrealised")), ("quotes", Span(quotes)), ("lost", lost),
    ]
  }

  private var process: String {
    var facts: [String] = []
    if !strategy.text("pid").isEmpty { facts.append("pid \(strategy.text("pid"))") }
    facts.append("generation \(strategy.text("generation"))")
    if let restarts = strategy["restarts"]?.intValue {
      facts.append("\(restarts) \(restarts == 1 ? "restart" : "restarts")")
    }
    if let bytes = strategy["memory_bytes"]?.intValue { facts.append(Self.megabytes(bytes)) }
    if let seconds = strategy["cpu_s"]?.doubleValue { facts.append("\(Self.hundredths(seconds)) s of CPU") }
    if let age = strategy["heartbeat_age_ms"]?.intValue { facts.append("heartbeat \(age) ms ago") }
    return StatusView.joined(facts)
  }

  private var lastExit: String {
    guard let exit = strategy["last_exit"], !exit.isNull else { return "" }
    var facts: [String] = []
    if let code = exit["code"]?.intValue { facts.append("code \(code)") }
    if !exit.text("signal").isEmpty { facts.append("signal \(exit.text("signal"))") }
    if !exit.text("time").isEmpty { facts.append("\(page.age(exit.text("time"))) ago") }
    facts.append(exit.text("reason"))
    return StatusView.joined(facts)
  }

  private var mode: Span {
    let mode = gateway.text("mode")
    let feed = FeedText(gateway: gateway)?.span
    return Span(StatusView.joined([mode, feed?.text ?? ""]), feed?.style ?? .plain)
  }

  private var orders: String {
    guard !strategy.text("orders").isEmpty else { return "the gateway is not there to ask" }
    return strategy.text("fills").isEmpty
      ? strategy.text("orders") : "\(strategy.text("orders")), \(strategy.text("fills")) fills"
  }

  private var quotes: String {
    guard let quotes = strategy["quotes"], let sent = quotes["sent"]?.intValue, sent > 0 else { return "" }
    let thinned = quotes["thinned"]?.intValue ?? 0
    return thinned > 0 ? "\(sent) sent, \(thinned) passed over because it lags" : "\(sent) sent"
  }

  private var lost: Span {
    let dropped = strategy["dropped_logs"]?.intValue ?? 0
    let ignored = strategy["ignored_messages"]?.intValue ?? 0
    let texts = [
      dropped > 0 ? "\(dropped) log lines dropped" : "",
      ignored > 0 ? "\(ignored) messages not understood" : "",
    ]
    return Span(StatusView.joined(texts), .yellow)
  }

  static func megabytes(_ bytes: Int) -> String { "\(hundredths(Double(bytes) / 1_000_000)) MB" }

  /// Two decimals.
  static func hundredths(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let scaled = Int64((abs(value) * 100).rounded())
    let cents = scaled % 100
    return "\(value < 0 && scaled > 0 ? "-" : "")\(scaled / 100).\(cents < 10 ? "0" : "")\(cents)"
  }
}
