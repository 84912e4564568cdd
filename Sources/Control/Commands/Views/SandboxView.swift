import Wire

/// What confines a strategy: the layers in force, those that could not be had, and what was refused so far.
struct SandboxView {
  let strategy: JSON

  var lines: [Line] {
    let layers = strategy.items("sandbox")
    var lines: [Line] = []
    if !layers.isEmpty {
      let missing = layers.filter { !Self.isInForce($0) }
      let summary =
        missing.isEmpty
        ? Span("all \(layers.count) layers in force", .green)
        : Span("\(layers.count - missing.count) of \(layers.count) layers in force", .yellow)
      lines.append(Line([StrategyView.label("sandbox"), summary]))
      let width = layers.map { TextWidth.of($0.cell("layer").text) }.max() ?? 0
      lines += layers.map { layer($0, width) }
    }
    if let refused = strategy["refused"]?.intValue, refused > 0 {
      let what =
        refused == 1
        ? "1 call that its sandbox does not allow" : "\(refused) calls that its sandbox does not allow"
      lines.append(Line([StrategyView.label("refused"), Span(what, .yellow)]))
    }
    return lines
  }

  private static func isInForce(_ layer: JSON) -> Bool { layer["in_force"]?.boolValue == true }

  private func layer(_ layer: JSON, _ width: Int) -> Line {
    let name = layer.cell("layer").text
    let padding = String(repeating: " ", count: max(0, width - TextWidth.of(name)))
    let isInForce = Self.isInForce(layer)
    return Line([
      StrategyView.label(""), isInForce ? Span("on   ", .green) : Span("off  ", .yellow),
      Span(name + padding + "  "),
      Span(layer.text("detail"), isInForce ? .dim : .yellow),
    ])
  }
}
