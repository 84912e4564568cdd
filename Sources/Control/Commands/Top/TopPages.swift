import Model
import Wire

/// The pages of `rbotctl top` that are read: help, and all that is known of one strategy. The first line is the
/// title.
struct TopPages {
  let state: TopState
  let page: Page

  init(_ state: TopState, page: Page) {
    self.state = state
    self.page = page
  }

  /// For counting lines alone.
  init(_ state: TopState) {
    self.init(state, page: Page(size: state.size, isColoured: false, now: state.now, localOffset: { _ in 0 }))
  }

  /// Lines of a page that the screen shows below the title.
  static func visible(_ size: Page.Size) -> Int { max(1, size.rows - 2) }

  var lines: [Line] {
    switch state.mode {
    case .help: Self.help
    case .details(let name): details(name)
    default: []
    }
  }

  private static let help: [Line] = {
    var lines = [Line("rbotctl top: keys", .bold), Line("")]
    let keys: [(String, String)] = [
      ("↑ ↓ PgUp PgDn Home End", "move the cursor"), ("l, Enter", "logs of the strategy, as they come"),
      ("i", "details: sandbox, limits, last exit, runs"),
      ("p", "pause, or resume: entries are refused, exits work"),
      ("z", "freeze (asks), or resume: its processes stand still"), ("s", "start"),
      ("k", "stop (asks)"), ("r", "restart (asks)"), ("R", "reset one that has failed"),
      ("/", "show only names and states with that text; Esc clears"), ("v", "reverse the order"),
      ("< >", "sort by the column to the left or right"),
    ]
    for (key, meaning) in keys { lines.append(entry(key, meaning)) }
    lines += [Line(""), Line("sort by (the same key again reverses):", .bold)]
    let sorts = TopSort.allCases.map { "\($0.key) \($0.title)" }
    for start in stride(from: 0, to: sorts.count, by: 3) {
      let row = sorts[start..<min(start + 3, sorts.count)].map { text in
        text + String(repeating: " ", count: max(1, 26 - TextWidth.of(text)))
      }
      lines.append(Line("  " + row.joined()))
    }
    lines += [
      Line(""), entry("Ctrl-L", "draw everything anew"), entry("Ctrl-Z", "suspend"),
      entry("q, Ctrl-C", "quit"), Line(""),
      Line("CPU% is of one processor; CPU and memory are of the process and all that it started.", .dim),
    ]
    return lines
  }()

  private static func entry(_ key: String, _ meaning: String) -> Line {
    let padding = String(repeating: " ", count: max(1, 25 - TextWidth.of(key)))
    return Line([Span("  "), Span(key, .bold), Span(padding + meaning)])
  }

  private func details(_ name: String) -> [Line] {
    guard let data = state.data, let strategy = data.strategies.first(where: { $0.name == name }) else {
      return [Line(name, .bold), Line(""), Line("rbotd knows no such strategy any more", .yellow)]
    }
    var lines = [Line("details of \(name)", .bold)]
    lines += StrategyView(strategy: strategy.json, gateway: data.status["gateway"] ?? .null, page: page).lines
    lines += sandbox(strategy.json) + runs(name)
    return lines
  }

  private func sandbox(_ strategy: JSON) -> [Line] {
    let layers = strategy.items("sandbox")
    guard !layers.isEmpty else { return [] }
    return [Line(""), Line("sandbox", .bold)]
      + layers.map { layer in
        let isOn = layer["in_force"]?.boolValue == true
        let name = layer.text("layer")
        return Line([
          Span("  " + name + String(repeating: " ", count: max(1, 13 - TextWidth.of(name)))),
          Span(isOn ? "on   " : "OFF  ", isOn ? .green : .yellow), layer.cell("detail"),
        ])
      }
  }

  private func runs(_ name: String) -> [Line] {
    guard let runs = state.runs, runs.name == name, !runs.runs.isEmpty else { return [] }
    return [Line(""), Line("runs, newest first", .bold)]
      + runs.runs.map { run in
        let end = run.text("ended")
        var facts = [end.isEmpty ? "runs" : "ended \(page.clock(end))"]
        if !run.text("code").isEmpty { facts.append("code \(run.text("code"))") }
        if !run.text("signal").isEmpty { facts.append("signal \(run.text("signal"))") }
        facts.append(run.text("reason"))
        let isTrouble = !end.isEmpty && run["expected"]?.boolValue == false
        return Line([
          Span("  \(run.text("generation"))  \(page.clock(run.text("started")))  ", .dim),
          Span(StatusView.joined(facts), isTrouble ? .yellow : .plain),
        ])
      }
  }
}
