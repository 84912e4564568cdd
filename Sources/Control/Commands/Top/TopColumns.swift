import Model
import Wire

/// The columns of the table. Their widths don't depend on the values, so that nothing moves while one looks.
struct TopColumns {
  private struct Column: Sendable {
    let title: String
    var width: Int
    /// What is left out first when there is no room, highest first; nil stays.
    let dropRank: Int?
    var isRight = true
    var sort: TopSort?
    let cell: @Sendable (TopData.Strategy, Page) -> Span
  }

  private static let nameMax = 40
  private static let positionMax = 40

  private static let nextTitle = "NEXT"

  private let columns: [Column]

  init(width: Int, rows: [TopData.Strategy]) {
    var columns = Self.all
    if rows.allSatisfy(\.next.isEmpty) { columns.removeAll { $0.title == Self.nextTitle } }
    func needed() -> Int { columns.reduce(0) { $0 + $1.width } + columns.count - 1 }
    while needed() > width {
      guard let rank = columns.compactMap(\.dropRank).max() else { break }
      columns.removeAll { $0.dropRank == rank }
    }
    var room = width - needed()
    // Names first, then positions; on a very small screen the name gives way.
    for (sort, most) in [(TopSort.name, Self.nameMax), (.profit, Self.positionMax)] {
      let title = sort == .name ? "NAME" : "POSITION"
      guard let index = columns.firstIndex(where: { $0.title == title }) else { continue }
      let longest = rows.reduce(0) { most, row in
        max(most, TextWidth.of(sort == .name ? row.name : row.position))
      }
      let wanted = max(columns[index].width, min(longest, most))
      let extra = max(room < 0 ? room : 0, min(room, wanted - columns[index].width))
      columns[index].width = max(6, columns[index].width + extra)
      room -= extra
    }
    self.columns = columns
  }

  func titles(_ sort: TopSort, isReversed: Bool) -> Line {
    line { column in
      guard column.sort == sort else { return Span(column.title) }
      // Words rise, numbers fall, unless reversed.
      let rises = (sort == .name || sort == .state) != isReversed
      return Span(column.title + (rises ? "▲" : "▼"), .bold)
    }
  }

  func line(_ row: TopData.Strategy, _ page: Page) -> Line { line { $0.cell(row, page) } }

  private func line(_ cell: (Column) -> Span) -> Line {
    var spans: [Span] = []
    for (index, column) in columns.enumerated() {
      let piece = cell(column).truncated(to: column.width)
      let padding = Span(String(repeating: " ", count: max(0, column.width - TextWidth.of(piece.text))))
      spans += column.isRight ? [padding, piece] : [piece, padding]
      if index < columns.count - 1 { spans.append(" ") }
    }
    return Line(spans.filter { !$0.text.isEmpty })
  }

  private static let all: [Column] = [
    Column(title: "NAME", width: 16, dropRank: nil, isRight: false, sort: .name) { row, _ in Span(row.name) },
    Column(title: "STATE", width: 9, dropRank: nil, isRight: false, sort: .state) { row, _ in
      if row.isFrozen { return Span("frozen", StateWord.style("frozen")) }
      let isPausing = row.isPaused && row.state != "paused"
      // The pause may have to wait for the rest: that it is asked for is what a person must see.
      let word = isPausing ? row.state.prefix(7) + "+p" : row.state[...]
      return Span(String(word), StateWord.style(row.state))
    },
    Column(title: nextTitle, width: 7, dropRank: 1) { row, page in
      Timestamp(row.next).map { Span(Page.duration(seconds: $0.seconds(since: page.now))) } ?? ""
    },
    Column(title: "PID", width: 7, dropRank: 12) { row, _ in Span(row.pid) },
    Column(title: "UP", width: 7, dropRank: 5, sort: .uptime) { row, page in Span(page.age(row.since)) },
    Column(title: "RST", width: 4, dropRank: 7, sort: .restarts) { row, _ in
      Span(TopNumber.count(row.restarts), row.restarts > 0 ? .yellow : .dim)
    },
    Column(title: "CPU%", width: 5, dropRank: 2, sort: .cpu) { row, _ in
      Span(row.cpu.map(TopNumber.percent) ?? "")
    },
    Column(title: "MEM", width: 6, dropRank: 4, sort: .memory) { row, _ in
      Span(row.memory.map(TopNumber.bytes) ?? "")
    },
    Column(title: "BEAT", width: 5, dropRank: 6, sort: .heartbeat) { row, _ in
      Span(
        row.beatAge.map { TopNumber.age(milliseconds: $0) } ?? "", row.beatAge ?? 0 > 6_000 ? .yellow : .plain
      )
    },
    Column(title: "LOG/s", width: 6, dropRank: 8, sort: .logs) { row, _ in
      Span(row.lines.map(TopNumber.rate) ?? "")
    },
    Column(title: "MSG/s", width: 6, dropRank: 10, sort: .messages) { row, _ in
      Span(row.messages.map(TopNumber.rate) ?? "")
    },
    Column(title: "ORD", width: 5, dropRank: 9, sort: .orders) { row, _ in
      Span(row.orders.map(TopNumber.count) ?? "")
    },
    Column(title: "FILL", width: 5, dropRank: 11, sort: .fills) { row, _ in
      Span(row.fills.map(TopNumber.count) ?? "")
    },
    Column(title: "POSITION", width: 14, dropRank: 3, isRight: false) { row, _ in Span(row.position) },
    Column(title: "P&L", width: 10, dropRank: 1, sort: .profit) { row, _ in
      row.profit.map { (["p": .string("\($0)")] as JSON).cents("p") } ?? ""
    },
  ]
}
