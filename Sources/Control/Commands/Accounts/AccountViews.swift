import Wire

/// `rbotctl user list`.
struct UsersView {
  let users: [JSON]
  let page: Page

  var lines: [Line] {
    if users.isEmpty { return [Line("nobody can log in yet: rbotctl user add EMAIL --role admin", .dim)] }
    let table = Table(
      columns: [.init(title: "EMAIL", isFlexible: true), .init(title: "ROLE"), .init(title: "SINCE")],
      rows: users.map { [$0.cell("email"), $0.cell("role"), Span(page.clock($0.text("created")))] })
    return table.lines(width: page.width)
  }
}

/// `rbotctl token list`.
struct TokensView {
  let tokens: [JSON]
  let page: Page

  var lines: [Line] {
    if tokens.isEmpty {
      return [Line("there is no token: rbotctl token create NAME --scope read", .dim)]
    }
    let table = Table(
      columns: [
        .init(title: "NAME", isFlexible: true), .init(title: "SCOPES", isFlexible: true),
        .init(title: "EXPIRES"),
        .init(title: "LAST USED", dropRank: 1), .init(title: "CREATED", dropRank: 2),
      ],
      rows: tokens.map { token in
        let scopes = token.items("scopes").compactMap(\.stringValue).joined(separator: " ")
        return [
          token.cell("name"), Span(scopes), Span(time(token, "expires", "never")),
          Span(time(token, "last_used", "never")), Span(time(token, "created", "")),
        ]
      })
    return table.lines(width: page.width)
  }

  private func time(_ token: JSON, _ key: String, _ otherwise: String) -> String {
    let text = token.text(key)
    return text.isEmpty ? otherwise : page.clock(text)
  }

  /// What is shown of a secret, once.
  static func secret(_ answer: JSON) -> [Line] {
    [Line(answer.text("secret")), Line("this is shown once: keep it where its program reads it", .dim)]
  }
}

/// `rbotctl audit list`.
struct AuditView {
  let rows: [JSON]
  let page: Page

  var lines: [Line] {
    if rows.isEmpty { return [Line("nothing has happened yet", .dim)] }
    let table = Table(
      columns: [
        .init(title: "ID", isRight: true, dropRank: 3), .init(title: "TIME"),
        .init(title: "WHO", isFlexible: true),
        .init(title: "FROM", dropRank: 1, isOptional: true), .init(title: "WHAT"),
        .init(title: "ON", isFlexible: true, isOptional: true), .init(title: "OUTCOME"),
        .init(title: "DETAIL", isFlexible: true, dropRank: 2, isOptional: true),
      ],
      rows: rows.map { row in
        let outcome = row.text("outcome")
        return [
          row.cell("id"), Span(page.clock(row.text("time"))), row.cell("actor"), row.cell("origin"),
          row.cell("action"), row.cell("subject"), Span(outcome, outcome == "ok" ? .plain : .yellow),
          row.cell("detail"),
        ]
      })
    return table.lines(width: page.width)
  }
}
