import Wire

/// `rbotctl reload`: what changed, or would.
struct ReloadView {
  let result: JSON
  let isDryRun: Bool

  var lines: [Line] {
    var lines: [Line] = []
    for (key, style) in [("added", Style.green), ("changed", .yellow), ("removed", .red)] {
      for name in result.items(key) { lines.append(Line([Span(label(key), style), Span(name.shown)])) }
    }
    let unchanged = result.items("unchanged").count
    lines.append(
      Line("\(unchanged) unchanged\(isDryRun ? "; nothing was done, this was a dry run" : "")", .dim))
    return lines
  }

  private func label(_ key: String) -> String {
    let text = isDryRun ? "would be \(key)" : key
    return text + String(repeating: " ", count: max(1, (isDryRun ? 18 : 9) - text.count))
  }

  /// A sentence for each manifest that is wrong.
  var errors: [String] {
    result.items("errors").map { error in
      error.text("path") + (error["line"]?.intValue.map { ":\($0)" } ?? "") + ": " + error.text("message")
    }
  }
}
