import Model
import Wire

/// `rbotctl runs NAME`: one row for each life of the process, newest first.
struct RunsView {
  let result: JSON
  let page: Page

  var lines: [Line] {
    let runs = result.items("runs")
    if runs.isEmpty { return [Line("it has never run", .dim)] }
    let table = Table(
      columns: [
        .init(title: "RUN", isRight: true), .init(title: "GENERATION", isRight: true, dropRank: 3),
        .init(title: "PID", isRight: true, dropRank: 4), .init(title: "STARTED"),
        .init(title: "LASTED", isRight: true), .init(title: "EXIT"), .init(title: "REASON", isFlexible: true),
      ],
      rows: runs.map { run in
        [
          run.cell("run"), run.cell("generation"), run.cell("pid"), Span(page.clock(run.text("started"))),
          Span(lasted(run)), exit(run), run.cell("reason"),
        ]
      })
    return table.lines(width: page.width)
  }

  private func lasted(_ run: JSON) -> String {
    guard let started = Timestamp(run.text("started")) else { return "" }
    if let ended = Timestamp(run.text("ended")) { return Self.length(ended.seconds(since: started)) }
    // One whose end nobody saw did not last until now.
    return run.text("reason").isEmpty ? Page.duration(seconds: page.now.seconds(since: started)) : "?"
  }

  /// Short ones in thousandths: how fast something fails says why.
  private static func length(_ seconds: Double) -> String {
    if seconds >= 10 { return Page.duration(seconds: seconds) }
    let thousandths = Int(max(0, seconds) * 1_000)
    return thousandths < 1_000 ? "\(thousandths)ms" : "\(thousandths / 1_000).\(thousandths / 100 % 10)s"
  }

  private func exit(_ run: JSON) -> Span {
    let style: Style = run["expected"]?.boolValue == false ? .red : .plain
    if let signal = run["signal"]?.intValue { return Span("signal \(signal)", style) }
    if let code = run["code"]?.intValue { return Span("\(code)", style) }
    if !run.text("ended").isEmpty { return Span("not started", style) }
    return run.text("reason").isEmpty ? Span("runs", .green) : Span("unknown", .yellow)
  }
}
