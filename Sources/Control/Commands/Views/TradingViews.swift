import Wire

/// `rbotctl orders`, newest first.
struct OrdersView {
  let orders: [JSON]
  let page: Page

  var lines: [Line] {
    guard !orders.isEmpty else { return [Line("no orders", .dim)] }
    return Table(
      columns: [
        .init(title: "CREATED", dropRank: 6), .init(title: "ORDER", isFlexible: true),
        .init(title: "STRATEGY", isFlexible: true, widthMin: 16, dropRank: 3),
        .init(title: "INSTRUMENT", isFlexible: true, widthMin: 10),
        .init(title: "SIDE"), .init(title: "TYPE", dropRank: 7), .init(title: "ROLE", dropRank: 5),
        .init(title: "UNITS", isRight: true, dropRank: 1), .init(title: "FILLED", isRight: true, dropRank: 9),
        .init(title: "PRICE", isRight: true, dropRank: 2),
        .init(title: "STOP", isRight: true, dropRank: 10, isOptional: true),
        .init(title: "TARGET", isRight: true, dropRank: 11, isOptional: true), .init(title: "STATE"),
        .init(title: "REASON", isFlexible: true, dropRank: 4, isOptional: true),
        .init(title: "MODE", dropRank: 8),
      ], rows: orders.map(row)
    ).lines(width: page.width)
  }

  private func row(_ order: JSON) -> [Span] {
    let filledAt = order.text("average_price")
    return [
      Span(page.clock(order.text("created"))), order.cell("order_id"), order.cell("strategy"),
      order.cell("instrument"),
      order.cell("side"), order.cell("type"), order.cell("role"), order.cell("units"),
      order.cell("filled_units"),
      filledAt.isEmpty ? order.cell("price") : Span(filledAt), order.cell("stop_loss"),
      order.cell("take_profit"),
      StateWord.span(order.text("state")), order.cell("reason"),
      Span(order.text("mode"), StatusView.style(mode: order.text("mode"))),
    ]
  }
}

/// `rbotctl fills`, newest first.
struct FillsView {
  let fills: [JSON]
  let page: Page

  var lines: [Line] {
    guard !fills.isEmpty else { return [Line("no fills", .dim)] }
    return Table(
      columns: [
        .init(title: "TIME", dropRank: 6), .init(title: "FILL", isRight: true, dropRank: 5),
        .init(title: "ORDER", isFlexible: true, dropRank: 4),
        .init(title: "STRATEGY", isFlexible: true, widthMin: 16, dropRank: 3),
        .init(title: "INSTRUMENT", isFlexible: true, widthMin: 10), .init(title: "SIDE"),
        .init(title: "ROLE", dropRank: 2),
        .init(title: "UNITS", isRight: true), .init(title: "PRICE", isRight: true),
        .init(title: "FEE", isRight: true, dropRank: 7), .init(title: "REALISED", isRight: true, dropRank: 1),
      ],
      rows: fills.map { fill in
        [
          Span(page.clock(fill.text("time"))), fill.cell("fill_id"), fill.cell("order_id"),
          fill.cell("strategy"),
          fill.cell("instrument"), fill.cell("side"), fill.cell("role"), fill.cell("units"),
          fill.cell("price"),
          fill.cell("fee"), fill.money("realised"),
        ]
      }
    ).lines(width: page.width)
  }
}

/// `rbotctl positions`.
struct PositionsView {
  let positions: [JSON]
  let page: Page

  var lines: [Line] {
    guard !positions.isEmpty else { return [Line("no positions", .dim)] }
    return Table(
      columns: [
        .init(title: "STRATEGY", isFlexible: true, widthMin: 16),
        .init(title: "INSTRUMENT", isFlexible: true, widthMin: 10),
        .init(title: "UNITS", isRight: true), .init(title: "PRICE", isRight: true, dropRank: 2),
        .init(title: "REALISED", isRight: true, dropRank: 1), .init(title: "OPEN P&L", isRight: true),
        .init(title: "TRADES", isRight: true, dropRank: 3), .init(title: "BROKER", dropRank: 4),
      ],
      rows: positions.map { position in
        [
          position.cell("strategy"), position.cell("instrument"), position.signed("units"),
          position.cell("average_price"), position.money("realised"), position.money("unrealised"),
          Span("\(position.items("trades").count)"), position.cell("broker"),
        ]
      }
    ).lines(width: page.width)
  }
}
