import Wire

/// `rbotctl metrics NAME`: what its process takes, and what the strategy reports.
struct MetricsView {
  let result: JSON
  let page: Page

  var lines: [Line] {
    var lines = [Line([Span(result.text("name"), .bold), "  ", Span(process)])]
    let metrics = result.items("metrics")
    if metrics.isEmpty {
      lines.append(Line("it has reported no metrics", .dim))
    } else {
      lines.append("")
      lines += table(metrics).lines(width: page.width)
    }
    if let count = result["not_shown"]?.intValue, count > 0 {
      lines.append(Line("\(count) more are not shown", .yellow))
    }
    if let count = result["dropped"]?.intValue, count > 0 {
      lines.append(Line("\(count) values were dropped: a strategy may have 1000 names with labels", .yellow))
    }
    if let count = result["lost"]?.intValue, count > 0 {
      lines.append(Line("\(count) values were lost", .red))
    }
    return lines
  }

  private var process: String {
    guard let process = result["process"], !process.isNull else { return "no process" }
    return StatusView.joined([
      process["memory_bytes"]?.intValue.map(StrategyView.megabytes) ?? "",
      process["cpu_percent"]?.doubleValue.map { "\($0) % CPU" } ?? "",
      process["cpu_s"]?.doubleValue.map { "\(StrategyView.hundredths($0)) s of CPU" } ?? "",
      process["threads"]?.intValue.map { "\($0) \($0 == 1 ? "thread" : "threads")" } ?? "",
      process["processes"]?.intValue.map { $0 > 1 ? "\($0) processes" : "" } ?? "",
      process["fds"]?.intValue.map { "\($0) open files" } ?? "",
      process["messages_per_s"]?.doubleValue.map { "\($0) messages/s" } ?? "",
      process["log_lines_per_s"]?.doubleValue.map { "\($0) log lines/s" } ?? "",
    ])
  }

  private func table(_ metrics: [JSON]) -> Table {
    Table(
      columns: [
        .init(title: "METRIC", isFlexible: true),
        .init(title: "LABELS", isFlexible: true, dropRank: 2, isOptional: true),
        .init(title: "VALUE", isRight: true), .init(title: "AGE", isRight: true, dropRank: 3),
        .init(title: "COUNT", isRight: true, dropRank: 4),
      ],
      rows: metrics.map { metric in
        let labels = metric["labels"]?.objectValue?.fields ?? []
        return [
          metric.cell("name"), Span(labels.map { "\($0.key)=\($0.value.shown)" }.joined(separator: " ")),
          metric.cell("value"), Span(page.age(metric.text("time"))), metric.cell("count"),
        ]
      })
  }
}
