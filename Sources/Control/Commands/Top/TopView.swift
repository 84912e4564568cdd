import Model
import Wire

/// Draws a ``TopState``.
struct TopView {
  let state: TopState
  let page: Page

  init(_ state: TopState, page: Page) {
    self.state = state
    self.page = page
  }

  private var width: Int { state.size.columns }

  /// As many rows as the screen has.
  var rows: [TopRow] {
    var rows: [TopRow]
    switch state.mode {
    case .logs, .searching: rows = logRows
    case .details, .help: rows = pageRows
    case .table, .filtering, .asking: rows = tableRows
    }
    rows = Array(rows.prefix(max(0, state.size.rows - 1)))
    while rows.count < state.size.rows - 1 { rows.append(TopRow(line: "")) }
    rows.append(lastRow)
    return rows
  }

  private var isStale: Bool { state.link != .up }

  // MARK: The table

  private var tableRows: [TopRow] {
    let layout = TopLayout(state)
    var rows = TopHeader(state, page: page).lines.map { TopRow(line: $0) }
    let alerts = state.data?.alerts ?? []
    for (index, alert) in alerts.prefix(layout.alerts).enumerated() {
      let rest = alerts.count - layout.alerts
      let more = index == layout.alerts - 1 && rest > 0 ? " (+\(rest) more)" : ""
      // The count is never cut off.
      let room = max(0, width - TextWidth.of(more))
      rows.append(
        TopRow(line: Line([alert.truncated(to: room), Span(more, alert.style)]), isFaded: isStale))
    }
    let columns = TopColumns(width: width, rows: state.rows)
    rows.append(TopRow(line: columns.titles(state.sort, isReversed: state.isReversed), isReversed: true))
    let shown = state.rows.dropFirst(state.scrolled).prefix(layout.tableRows)
    for row in shown {
      rows.append(
        TopRow(
          line: columns.line(row, page), isReversed: row.name == state.selected, isFaded: isStale))
    }
    if state.rows.isEmpty { rows += empty.map { TopRow(line: $0) } }
    return rows
  }

  private var empty: [Line] {
    guard let data = state.data else {
      return [Line("waiting for rbotd …", .dim)]
    }
    if data.strategies.isEmpty {
      return [
        Line("There are no strategies: put a folder with a strategy.toml where rbotd looks for them,", .dim),
        Line("then: rbotctl reload", .dim),
      ]
    }
    return [Line("no strategy matches \(state.filter)", .dim)]
  }

  // MARK: Logs

  private var logRows: [TopRow] {
    guard let logs = state.logs else { return [] }
    let visible = max(0, state.size.rows - 2)
    var facts = [logs.isFollowing ? "following" : "scrolled back"]
    if logs.level != .debug { facts.append("\(logs.level.rawValue) and above") }
    if !logs.search.isEmpty { facts.append("with \"\(logs.search)\"") }
    if logs.dropped > 0 { facts.append("\(logs.dropped) dropped") }
    if let ended = logs.ended { facts.append(ended) }
    let title = Line([Span("logs of \(logs.name)", .bold), Span("  \(facts.joined(separator: " · "))")])
    let lines = logs.lines
    let end = max(0, lines.count - logs.below)
    let part = lines[max(0, end - visible)..<end]
    var rows = [TopRow(line: title, isReversed: true)] + part.map { TopRow(line: $0) }
    if lines.isEmpty {
      let why = logs.entries.isEmpty ? "nothing was said yet" : "nothing of it is to be seen"
      rows.append(TopRow(line: Line(why, .dim)))
    }
    return rows
  }

  // MARK: Details and help

  private var pageRows: [TopRow] {
    let lines = TopPages(state, page: page).lines
    let part = lines.dropFirst(1).dropFirst(state.pageScrolled).prefix(TopPages.visible(state.size))
    return lines.prefix(1).map { TopRow(line: $0, isReversed: true) } + part.map { TopRow(line: $0) }
  }

  // MARK: The last row

  private var lastRow: TopRow {
    switch state.mode {
    case .asking(let question):
      return TopRow(
        line: Line([Span("\(question.verb) \(question.name)? ", .bold), "y = yes, n = no"]), isReversed: true)
    case .filtering:
      return prompt("show only names and states with: ", state.filter)
    case .searching:
      return prompt("show only lines with: ", state.logs?.search ?? "")
    case .table, .logs, .details, .help: break
    }
    if let notice = state.notice {
      return TopRow(line: Line(notice.text, notice.isTrouble ? .red : .bold))
    }
    return TopRow(line: hints)
  }

  private func prompt(_ question: String, _ text: String) -> TopRow {
    TopRow(line: Line([Span(question, .bold), Span(text + "_")]))
  }

  private var hints: Line {
    let keys: [(String, String)] =
      switch state.mode {
      case .logs:
        [("q", "back"), ("↑↓", "scroll"), ("End", "follow"), ("/", "search"), ("d i w e", "level")]
      case .details, .help: [("q", "back"), ("↑↓", "scroll")]
      default:
        [
          ("?", "help"), ("q", "quit"), ("l", "logs"), ("p", "pause"), ("k", "stop"), ("s", "start"),
          ("r", "restart"), ("i", "details"), ("z", "freeze"), ("/", "filter"),
        ]
      }
    var spans: [Span] = []
    if case .table = state.mode, !state.filter.isEmpty {
      spans.append(Span("filter: \(state.filter) (Esc clears)", .yellow))
    }
    // Whole words or nothing: the first ones tell where to find the others.
    for (key, meaning) in keys {
      let piece = [Span(spans.isEmpty ? "" : "  "), Span(key, .bold), Span(" \(meaning)", .dim)]
      guard Line(spans + piece).width <= width else { break }
      spans += piece
    }
    return Line(spans)
  }
}
