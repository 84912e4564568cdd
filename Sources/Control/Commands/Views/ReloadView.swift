import Wire

/// `rbotctl reload`: what changed, or would, and why.
struct ReloadView {
  let result: JSON
  let isDryRun: Bool

  var lines: [Line] {
    let steps = result["plan"]?.arrayValue == nil ? changes : plan
    return steps + [
      Line("\(unchanged) unchanged\(isDryRun ? "; nothing was done, this was a dry run" : "")", .dim)
    ]
  }

  private var unchanged: Int { result.items("unchanged").count }

  /// Each step with its reasons: `restart  grid-bot  limits.memory, command`.
  private var plan: [Line] {
    let unchanged = Set(result.items("unchanged").map(\.shown))
    let steps = result.items("plan").filter {
      $0.text("action") != "none" || !unchanged.contains($0.text("name"))
    }
    let width = steps.map { TextWidth.of($0.cell("name").text) }.max() ?? 0
    return steps.map { step in
      let action = step.text("action")
      let name = step.cell("name")
      let why = step.items("because").map(\.shown).joined(separator: ", ")
      let padding = String(repeating: " ", count: why.isEmpty ? 0 : width - TextWidth.of(name.text) + 2)
      return Line([
        Span(label(word(action)), Self.style(action)), name, Span(padding), Span(why, .dim),
      ])
    }
  }

  private func word(_ action: String) -> String {
    switch action {
    case "start": isDryRun ? "be started" : "started"
    case "stop": isDryRun ? "be stopped" : "stopped"
    case "restart": isDryRun ? "be restarted" : "restarted"
    case "update": isDryRun ? "be updated" : "updated"
    // It is not to run, and does not.
    case "none": isDryRun ? "be noted" : "noted"
    default: action
    }
  }

  private static func style(_ action: String) -> Style {
    switch action {
    case "start": .green
    case "stop": .red
    case "none": .dim
    default: .yellow
    }
  }

  /// What a daemon that gives no plan says.
  private var changes: [Line] {
    [("added", Style.green), ("changed", .yellow), ("removed", .red)].flatMap { key, style in
      result.items(key).map {
        Line([Span(label(isDryRun ? "be \(key)" : key), style), Span($0.shown)])
      }
    }
  }

  private func label(_ word: String) -> String {
    let text = isDryRun ? "would \(word)" : word
    return text + String(repeating: " ", count: max(1, (isDryRun ? 20 : 11) - text.count))
  }

  /// A sentence for each manifest that is wrong.
  var errors: [String] { issues("errors") }
  /// And for what is probably not meant.
  var warnings: [String] { issues("warnings") }

  func issues(_ key: String) -> [String] {
    result.items(key).map { issue in
      issue.text("path") + (issue["line"]?.intValue.map { ":\($0)" } ?? "") + ": " + issue.text("message")
    }
  }
}
