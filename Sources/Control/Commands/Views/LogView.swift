import Wire

/// One item of `rbotctl logs`: time, who, level, message and fields.
struct LogView {
  let item: JSON
  let page: Page

  /// A message of several lines keeps them; those after the first are indented, so that none can pass for an
  /// item of its own.
  var lines: [Line] {
    var pieces = SafeText.lines(item.text("message"))
    let first = pieces.removeFirst()
    var head = Line([
      Span(page.clock(item.text("time"), milliseconds: true) + " ", .dim), Span(item.text("strategy"), .bold),
      " ",
      level, Span(first, messageStyle),
    ])
    for field in item["fields"]?.objectValue?.fields ?? [] {
      head.spans.append(Span(" \(field.key)=\(field.value.shown)", .dim))
    }
    return [head] + pieces.map { Line("    " + $0) }
  }

  /// Only what is not usual is said: a level other than info, a stream other than the structured one.
  private var level: Span {
    let stream = item.text("stream")
    switch item.text("level") {
    case "info" where stream == "stdout" || stream == "stderr": return Span("[\(stream)] ", .dim)
    case "info": return ""
    case "debug": return Span("debug: ", .dim)
    case "warning": return Span("warning: ", .yellow)
    case let level: return Span(level + ": ", .red)
    }
  }

  private var messageStyle: Style {
    item.text("stream") == "supervisor" ? .cyan : item.text("level") == "debug" ? .dim : .plain
  }
}

/// One item of `rbotctl events`: number, time, source, type and what it says.
struct EventView {
  let item: JSON
  let page: Page

  var line: Line {
    Line([
      Span("\(item.text("seq")) ", .dim), Span(page.clock(item.text("ts"), milliseconds: true) + " ", .dim),
      Span(item.text("source") + " "), Span(item.text("type"), .bold), Span(payload),
    ])
  }

  private var payload: String {
    guard let fields = item["payload"]?.objectValue?.fields else { return "" }
    return fields.filter { !$0.value.isNull }.map { " \($0.key)=\($0.value.shown)" }.joined()
  }
}
