import Model
import Wire

/// `rbotctl mode`.
struct CharterView {
  let charter: JSON
  let page: Page

  var lines: [Line] {
    let mode = charter.text("mode")
    var first = Line([Span("mode         ", .bold), Span(mode, StatusView.style(mode: mode))])
    if !charter.text("by").isEmpty {
      first.spans.append(Span("  set by \(charter.text("by")), \(page.clock(charter.text("since")))", .dim))
    }
    let real = charter["execution_enabled"]?.boolValue == true ? "enabled" : "not enabled"
    return [
      first,
      Line([Span("at most      ", .bold), charter.cell("mode_max"), Span("  real orders are \(real)", .dim)]),
    ] + KillView(kill: charter["kill_switch"] ?? .null, page: page).lines
  }
}

/// The kill switch, with what is left where it could not close everything yet.
struct KillView {
  let kill: JSON
  let page: Page

  var lines: [Line] {
    let state = kill.text("state")
    guard state != "released" else { return [Line([Span("kill switch  ", .bold), "released"])] }
    var facts = ["since \(page.clock(kill.text("engaged")))", "by \(kill.text("by"))"]
    if !kill.text("reason").isEmpty { facts.append(kill.text("reason")) }
    var lines = [
      Line([Span("kill switch  ", .bold), Span("engaged", .red), Span("  " + StatusView.joined(facts), .dim)]
      ),
      Line(
        "             \(kill.text("cancelled")) orders cancelled, \(kill.text("closed")) positions closed"),
    ]
    if let milliseconds = kill["time_to_flat_ms"]?.doubleValue {
      lines.append(Line("             flat after \(Page.duration(seconds: milliseconds / 1_000))", .green))
    }
    for held in kill.items("left") {
      lines.append(
        Line(
          "             left: \(held.text("strategy")) \(held.text("instrument")) \(held.signed("units").text)",
          .red))
    }
    if !kill.text("waits_for").isEmpty {
      lines.append(Line("             \(kill.text("waits_for"))", .yellow))
    }
    return lines
  }
}

/// `rbotctl risk`.
struct RiskView {
  let risk: JSON
  let page: Page

  var lines: [Line] {
    let rows =
      [(strategy: "all together", mode: "", limits: risk.items("total"))]
      + risk.items("accounts").map {
        (strategy: $0.text("strategy"), mode: $0.text("mode"), limits: $0.items("limits"))
      }
    let table = Table(
      columns: [
        .init(title: "STRATEGY", isFlexible: true, widthMin: 12), .init(title: "MODE"), .init(title: "LIMIT"),
        .init(title: "USED", isRight: true), .init(title: "OF", isRight: true),
      ],
      rows: rows.flatMap { row in
        row.limits.enumerated().map { index, limit in
          [
            Span(index == 0 ? row.strategy : ""), Span(index == 0 ? row.mode : ""), limit.cell("name"),
            Span(Self.amount(limit, "used"), Self.style(limit)), Span(Self.amount(limit, "limit")),
          ]
        }
      })
    return table.lines(width: page.width)
  }

  private static func amount(_ limit: JSON, _ key: String) -> String {
    guard let amount = Amount(limit.text(key)) else { return "–" }
    return "\(amount.rounded(decimals: 2))"
  }

  private static func style(_ limit: JSON) -> Style {
    guard let most = Amount(limit.text("limit")), let used = Amount(limit.text("used")), most.isPositive
    else {
      return .plain
    }
    if used >= most { return .red }
    // Four fifths are a warning.
    return used.raw >= most.raw / 5 * 4 ? .yellow : .plain
  }
}
