import Model
import Wire

/// `rbotctl status`: the daemon, its gateway and every strategy.
struct StatusView {
  let status: JSON
  let page: Page
  /// Makes a command line that works where this one did.
  var command: (String) -> String = { "rbotctl " + $0 }

  var lines: [Line] {
    var lines = [supervisor, gateway]
    lines += status.items("errors").map { Self.issue($0, "error", .red) }
    lines += status.items("warnings").map { Self.issue($0, "warning", .yellow) }
    lines.append("")
    let strategies = status.items("strategies")
    if strategies.isEmpty {
      let folder = status["supervisor"]?.text("strategies_folder") ?? ""
      lines.append(
        Line("There are no strategies\(folder.isEmpty ? "" : " in \(folder)"). To begin with one:", .dim))
      lines.append(Line("  rbotctl new my-bot --python && \(command("add my-bot"))", .dim))
    } else {
      lines += table(strategies).lines(width: page.width)
    }
    return lines
  }

  private var supervisor: Line {
    let part = status["supervisor"] ?? .null
    var facts = [part.text("version")]
    if let seconds = part["uptime_s"]?.doubleValue { facts.append("up \(Page.duration(seconds: seconds))") }
    facts.append("pid \(part.text("pid"))")
    let lost = part["records"]?["lost"]?.intValue ?? 0
    var line = Line([
      Span("rbotd    ", .bold), StateWord.span(part.text("state")), Span("  " + Self.joined(facts)),
    ])
    if lost > 0 { line.spans.append(Span(" · \(lost) records lost", .red)) }
    return line
  }

  private var gateway: Line {
    let part = status["gateway"] ?? .null
    var line = Line([Span("gateway  ", .bold), StateWord.span(part.text("state")), "  "])
    var facts: [Span] = []
    if !part.text("mode").isEmpty {
      facts.append(Span(part.text("mode"), Self.style(mode: part.text("mode"))))
    }
    if ["flattening", "flat"].contains(part.text("kill_switch")) {
      facts.append(Span("KILL SWITCH (\(part.text("kill_switch")))", .red))
    }
    if let feed = FeedText(gateway: part) { facts.append(feed.span) }
    if !part.text("listen").isEmpty { facts.append(Span("http://" + part.text("listen"))) }
    if !part.text("pid").isEmpty { facts.append(Span("pid " + part.text("pid"))) }
    if let restarts = part["restarts"]?.intValue, restarts > 0 {
      facts.append(Span("\(restarts) \(restarts == 1 ? "restart" : "restarts")", .yellow))
    }
    if !part.text("reason").isEmpty { facts.append(Span(part.text("reason"), .red)) }
    for (index, fact) in facts.enumerated() { line.spans += index == 0 ? [fact] : [" · ", fact] }
    return line
  }

  /// Orders of this mode are real.
  static func style(mode: String) -> Style { mode == "live" || mode == "canary" ? .red : .plain }

  private static func issue(_ issue: JSON, _ word: String, _ style: Style) -> Line {
    let place = issue.text("path") + (issue["line"]?.intValue.map { ":\($0)" } ?? "")
    let message = issue.text("message")
    return Line([
      Span(word + String(repeating: " ", count: 9 - word.count), style),
      Span(place.isEmpty ? message : "\(place): \(message)"),
    ])
  }

  static func joined(_ facts: [String]) -> String { facts.filter { !$0.isEmpty }.joined(separator: " · ") }

  private func table(_ strategies: [JSON]) -> Table {
    Table(
      columns: [
        .init(title: "STRATEGY", isFlexible: true, widthMin: 20), .init(title: "STATE"),
        .init(title: "PID", isRight: true, dropRank: 7), .init(title: "FOR", isRight: true, dropRank: 5),
        .init(title: "RESTARTS", isRight: true, dropRank: 8),
        .init(title: "ORDERS", isRight: true, dropRank: 4),
        .init(title: "FILLS", isRight: true, dropRank: 6),
        .init(title: "POSITION", isFlexible: true, widthMin: 16, dropRank: 2, isOptional: true),
        .init(title: "REALISED", isRight: true, dropRank: 1),
        .init(title: "OPEN P&L", isRight: true, dropRank: 3),
        .init(title: "NEXT", isRight: true, dropRank: 1, isOptional: true),
        .init(title: "SAYS", isFlexible: true, dropRank: 9, isOptional: true),
      ], rows: strategies.map(row))
  }

  private func row(_ strategy: JSON) -> [Span] {
    let profit = strategy["pnl"] ?? .null
    // The state is of the process; a pause that waits for it shows beside it.
    let state = strategy.text("state")
    let isPaused = strategy["paused"]?.boolValue ?? false
    // Its last line says what it is; the rest of a traceback is for status NAME.
    let trouble = SafeText.lines(strategy.text("reason")).last { !$0.isEmpty } ?? ""
    let word = strategy["frozen"]?.boolValue == true ? "frozen" : "paused"
    return [
      strategy.cell("name"),
      isPaused && state != "paused"
        ? Span("\(state), \(word)", StateWord.style(state))
        : Span(isPaused ? word : state, StateWord.style(state)),
      strategy.cell("pid"), Span(page.age(strategy.text("since"))), strategy.cell("restarts"),
      strategy.cell("orders"),
      strategy.cell("fills"), Span(Self.positions(strategy)), profit.cents("realised"),
      profit.cents("unrealised"), next(strategy),
      trouble.isEmpty ? strategy.cell("status") : Span(trouble, .red),
    ]
  }

  /// How long until it is due; nothing without a schedule.
  private func next(_ strategy: JSON) -> Span {
    NextSlot(strategy["schedule"]?["next"]).map { Span("in \($0.length(from: page.now))", .dim) } ?? ""
  }

  static func positions(_ strategy: JSON) -> String {
    strategy.items("position").map { "\($0.text("instrument")) \($0.signed("units").text)" }.joined(
      separator: ", ")
  }
}

/// Where quotes come from, in words; what was made up is always called so.
struct FeedText {
  let span: Span

  /// Nil while the gateway has not said.
  init?(gateway part: JSON) {
    let detail = part["feed_detail"] ?? .null
    let kind = part["feed"]?.stringValue ?? detail.text("kind")
    guard !kind.isEmpty else { return nil }
    let spec = detail.text("spec").isEmpty ? kind : detail.text("spec")
    let isSynthetic =
      kind == "synthetic" || part["synthetic"]?.boolValue == true || detail["synthetic"]?.boolValue == true
    let state = detail.text("state")
    let ended = state.isEmpty || state == "live" ? "" : ", \(state)"
    span =
      isSynthetic ? Span("synthetic data (\(spec)\(ended))", .yellow) : Span("\(spec)\(ended)")
  }
}
