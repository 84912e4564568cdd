/// Rows of cells under titles, fitted to a width.
struct Table: Sendable {
  struct Column: Sendable {
    var title: String
    var isRight = false
    /// May be shortened, with an ellipsis, when the table is too wide.
    var isFlexible = false
    /// What it is shortened to at the most.
    var widthMin = 8
    /// What is left out first, highest first, when shortening is not enough; nil stays.
    var dropRank: Int?
    /// Left out when no row has anything in it.
    var isOptional = false
  }

  private static let gap = 2

  var columns: [Column]
  var rows: [[Span]]

  /// The table's lines, at most that wide where a width is given.
  func lines(width: Int?) -> [Line] {
    var shown = columns.indices.filter { index in
      !columns[index].isOptional || rows.contains { index < $0.count && !$0[index].text.isEmpty }
    }
    let natural = columns.indices.map { index in
      rows.reduce(TextWidth.of(columns[index].title)) { max($0, TextWidth.of(cell($1, index).text)) }
    }
    var widths = natural
    if let width {
      while true {
        widths = natural
        if Self.shrink(&widths, shown, columns, to: width) { break }
        guard let next = dropped(from: shown) else { break }
        shown.removeAll { $0 == next }
      }
    }
    let header = columns.map { Span($0.title, .dim) }
    return ([header] + rows).map { line($0, shown, widths) }
  }

  private func cell(_ row: [Span], _ index: Int) -> Span { index < row.count ? row[index] : "" }

  private func dropped(from shown: [Int]) -> Int? {
    shown.filter { columns[$0].dropRank != nil }.max { columns[$0].dropRank ?? 0 < columns[$1].dropRank ?? 0 }
  }

  /// Takes from the widest flexible column until it fits; false when it cannot.
  private static func shrink(_ widths: inout [Int], _ shown: [Int], _ columns: [Column], to width: Int)
    -> Bool
  {
    var excess = shown.reduce(0) { $0 + widths[$1] } + gap * max(0, shown.count - 1) - width
    let flexible = shown.filter { columns[$0].isFlexible }
    while excess > 0 {
      let shrinkable = flexible.filter { widths[$0] > columns[$0].widthMin }
      guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { return false }
      // Down to the next widest in one step, so that a very long text costs no more than a short one.
      let second = shrinkable.filter { $0 != widest }.map { widths[$0] }.max() ?? 0
      let floor = max(columns[widest].widthMin, min(second, widths[widest] - 1))
      let step = min(excess, widths[widest] - floor)
      widths[widest] -= step
      excess -= step
    }
    return true
  }

  private func line(_ row: [Span], _ shown: [Int], _ widths: [Int]) -> Line {
    var spans: [Span] = []
    for (position, index) in shown.enumerated() {
      let piece = cell(row, index).truncated(to: widths[index])
      let padding = Span(String(repeating: " ", count: max(0, widths[index] - TextWidth.of(piece.text))))
      let isLast = position == shown.count - 1
      if columns[index].isRight {
        spans += [padding, piece]
      } else {
        spans += isLast ? [piece] : [piece, padding]
      }
      if !isLast { spans.append("  ") }
    }
    spans.removeAll { $0.text.isEmpty }
    while let last = spans.last, last.text.allSatisfy({ $0 == " " }) { spans.removeLast() }
    return Line(spans)
  }
}
