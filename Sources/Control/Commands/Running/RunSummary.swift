import Model
import Wire

/// What a strategy did in one run.
struct RunSummary {
  private static let fillsMax = 10

  let why: String
  let seconds: Int
  let orders: [JSON]
  /// Newest first.
  let fills: [JSON]
  let positions: [JSON]
  let page: Page

  var lines: [Line] {
    var lines = [Line("")]
    if !fills.isEmpty {
      lines += FillsView(fills: Array(fills.prefix(Self.fillsMax)), page: page).lines
      if fills.count > Self.fillsMax {
        lines.append(Line("… and \(fills.count - Self.fillsMax) before them", .dim))
      }
      lines.append("")
    }
    lines.append(
      Line([
        Span(why, .bold), Span(" after \(Page.duration(seconds: Double(seconds))): "), Span(counts),
      ]))
    for position in positions {
      lines.append(
        Line([
          Span("position \(position.text("instrument")) "), position.signed("units"), Span(", realised "),
          position.money("realised"), Span(", open "), position.money("unrealised"),
        ]))
    }
    return lines
  }

  /// `4 orders (3 filled, 1 cancelled), 3 fills`.
  private var counts: String {
    guard !orders.isEmpty else { return "no orders" }
    var states: [(String, Int)] = []
    for order in orders {
      let state = order.text("state")
      if let index = states.firstIndex(where: { $0.0 == state }) {
        states[index].1 += 1
      } else {
        states.append((state, 1))
      }
    }
    let parts = states.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    return (CheckVerb.count(orders.count, "order") ?? "") + " (\(parts)), "
      + (CheckVerb.count(fills.count, "fill") ?? "no fills")
  }
}
