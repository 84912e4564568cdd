import Model
import Wire

/// `rbotctl status NAME`: all that is known of one strategy.
struct StrategyView {
  let strategy: JSON
  let gateway: JSON
  let page: Page
  /// Makes a command line that works where this one did.
  var command: (String) -> String = { "rbotctl " + $0 }

  private static let labelWidth = 13
  private static let reasonLinesMax = 40

  /// Whether there is a process, which is what the exit status says.
  static func isRunning(_ strategy: JSON) -> Bool {
    WorkerState(rawValue: strategy.text("state"))?.isLive ?? false
  }

  var lines: [Line] {
    var lines = [
      Line([Span(strategy.text("name"), .bold), "  ", StateWord.span(strategy.text("state")), Span(since)])
    ]
    for (label, values) in facts {
      let shown = values.filter { !$0.text.isEmpty }
      for (index, value) in shown.enumerated() {
        lines.append(Line([Self.label(index == 0 ? label : ""), value]))
      }
    }
    return lines + SandboxView(strategy: strategy).lines + endings
  }

  static func label(_ text: String) -> Span {
    Span(text + String(repeating: " ", count: max(1, labelWidth - text.count)), .dim)
  }

  private var since: String {
    let since = strategy.text("since")
    return since.isEmpty ? "" : " since \(page.clock(since)) (\(page.age(since)))"
  }

  private var facts: [(String, [Span])] {
    [
      ("says", [strategy.cell("status")]), ("trouble", trouble), ("manifest", manifestErrors),
      ("waits for", [list("waiting_for", .yellow)]), ("paused", [paused]),
      ("schedule", ScheduleFacts(strategy, page)?.lines ?? []),
      ("enabled", [strategy["enabled"]?.boolValue == false ? "no: starts only when told to" : ""]),
      ("after", [after]), ("requires", [list("requires", .plain)]), ("process", [Span(process)]),
      ("rates", [Span(rates)]), ("last exit", lastExit), ("mode", [mode]), ("orders", [Span(orders)]),
      ("position", [Span(StatusView.positions(strategy))]),
      ("realised", [(strategy["pnl"] ?? .null).money("realised")]),
      ("open p&l", [(strategy["pnl"] ?? .null).money("unrealised")]), ("quotes", [Span(quotes)]),
      ("lost", [lost]), ("limits", [Span(limits)]),
    ]
  }

  /// The reason with its lines: a traceback is one.
  private var trouble: [Span] {
    let lines = SafeText.lines(strategy.text("reason"))
    let shown = lines.prefix(Self.reasonLinesMax).map { Span($0, .red) }
    return lines.count > shown.count
      ? shown + [
        Span("… \(lines.count - shown.count) more: \(command("logs \(strategy.text("name"))"))", .dim)
      ]
      : shown
  }

  private var manifestErrors: [Span] {
    strategy.items("manifest_errors").map { error in
      let place = error.text("path") + (error["line"]?.intValue.map { ":\($0)" } ?? "")
      return Span("\(place): \(error.text("message"))", .red)
    }
  }

  private var paused: Span {
    if strategy["frozen"]?.boolValue == true {
      return Span("frozen: its processes are stopped where they are, until resume", .yellow)
    }
    return strategy["paused"]?.boolValue == true ? Span("yes: entries are refused, exits work", .yellow) : ""
  }

  /// The gateway alone is what everybody waits for.
  private var after: Span {
    strategy.items("after").map(\.shown) == ["gateway"] ? "" : list("after", .plain)
  }

  private func list(_ key: String, _ style: Style) -> Span {
    Span(strategy.items(key).map(\.shown).joined(separator: ", "), style)
  }

  private var process: String {
    var facts: [String] = []
    if !strategy.text("pid").isEmpty { facts.append("pid \(strategy.text("pid"))") }
    if !strategy.text("generation").isEmpty { facts.append("generation \(strategy.text("generation"))") }
    if let restarts = strategy["restarts"]?.intValue {
      facts.append("\(restarts) \(restarts == 1 ? "restart" : "restarts")")
    }
    if let bytes = strategy["memory_bytes"]?.intValue { facts.append(Self.megabytes(bytes)) }
    if let seconds = strategy["cpu_s"]?.doubleValue { facts.append("\(Self.hundredths(seconds)) s of CPU") }
    if let age = strategy["heartbeat_age_ms"]?.intValue { facts.append("heartbeat \(age) ms ago") }
    return StatusView.joined(facts)
  }

  private var rates: String {
    func rate(_ key: String, _ what: String) -> String {
      strategy[key]?.doubleValue.map { "\(Self.hundredths($0))\(what)" } ?? ""
    }
    func count(_ key: String, _ what: String) -> String {
      strategy[key]?.intValue.map { "\($0) \(what)" } ?? ""
    }
    return StatusView.joined([
      rate("cpu_percent", " % CPU"), count("threads", "threads"), count("fds", "open files"),
      rate("log_lines_per_s", " log lines/s"), rate("messages_per_s", " messages/s"),
    ])
  }

  private var lastExit: [Span] {
    guard let exit = strategy["last_exit"], !exit.isNull else { return [] }
    var facts: [String] = []
    if let code = exit["code"]?.intValue { facts.append("code \(code)") }
    if !exit.text("signal").isEmpty { facts.append("signal \(exit.text("signal"))") }
    if !exit.text("time").isEmpty { facts.append("\(page.age(exit.text("time"))) ago") }
    // The whole of it is above when it is what troubles it.
    let reason = SafeText.lines(exit.text("reason"))
    facts.append(reason.first ?? "")
    return [Span(StatusView.joined(facts))]
  }

  private var mode: Span {
    // Its own where it has one: the lower of its manifest's and the gateway's.
    let mode = strategy.text("mode").isEmpty ? gateway.text("mode") : strategy.text("mode")
    let feed = FeedText(gateway: gateway)?.span
    return Span(StatusView.joined([mode, feed?.text ?? ""]), feed?.style ?? .plain)
  }

  private var orders: String {
    // One with a broken manifest has never been asked about.
    guard strategy["manifest_errors"] == nil else { return "" }
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

  /// Where the daemon gives them, whatever they are called.
  private var limits: String {
    StatusView.joined(
      (strategy["limits"]?.objectValue?.fields ?? []).filter { !$0.value.isNull }.map {
        "\($0.key) \($0.value.shown)"
      })
  }

  /// Where its manifest is, and what a person would type next.
  private var endings: [Line] {
    var lines: [Line] = []
    if !strategy.text("manifest").isEmpty {
      lines.append(Line([Self.label("file"), Span(strategy.text("manifest"))]))
    }
    let name = strategy.text("name")
    let words =
      switch strategy.text("state") {
      case _ where strategy["manifest_errors"] != nil: ["edit \(name)", "check \(name)"]
      case "failed": ["logs \(name)", "start \(name)"]
      case "backoff", "waiting": ["logs \(name)"]
      case "stopped", "finished": ["start \(name)"]
      case "paused": ["resume \(name)"]
      case "scheduled": ["schedule preview \(name)", "schedule history \(name)"]
      default: strategy["paused"]?.boolValue == true ? ["resume \(name)"] : [] as [String]
      }
    for (index, word) in words.enumerated() where !name.isEmpty {
      lines.append(Line([Self.label(index == 0 ? "next" : ""), Span(command(word), .dim)]))
    }
    return lines
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
