/// One row of the screen.
struct TopRow: Hashable, Sendable {
  var line: Line
  /// Shown in reverse over the whole width: the cursor, titles.
  var isReversed = false
  /// What is old looks old.
  var isFaded = false

  /// The row as a terminal takes it, cut to the width.
  func rendered(width: Int, inColour: Bool) -> String {
    let line = line.fitted(to: width)
    guard isReversed || isFaded else { return line.rendered(inColour: inColour) }
    var text = ""
    for span in line.spans where !span.text.isEmpty {
      let colour = inColour && !isFaded && span.style != .dim ? span.style.rawValue : ""
      let codes = [isFaded ? "2" : "", isReversed ? "7" : "", colour].filter { !$0.isEmpty }
      text += "\u{1B}[\(codes.joined(separator: ";"))m\(span.text)\u{1B}[0m"
    }
    if isReversed, line.width < width {
      text += "\u{1B}[7m\(String(repeating: " ", count: width - line.width))\u{1B}[0m"
    }
    return text
  }
}

/// What is on the screen, row by row.
struct TopFrame: Hashable, Sendable {
  let rows: [String]

  init(_ rows: [TopRow], size: Page.Size, isColoured: Bool) {
    let shown = rows.prefix(max(0, size.rows))
    self.rows = shown.map { row in
      // After the last column the cursor is still on it, and clearing from there would take it away.
      let isFull = row.isReversed || row.line.width >= size.columns
      return row.rendered(width: size.columns, inColour: isColoured) + (isFull ? "" : "\u{1B}[K")
    }
  }

  /// What turns `old` into this: only rows that differ are written, in one piece.
  ///
  /// - Parameter old: nil where nothing is known of the screen.
  func changes(from old: TopFrame?) -> String {
    var text = ""
    if old == nil { text += "\u{1B}[2J" }
    for index in 0..<max(rows.count, old?.rows.count ?? 0) {
      let row = index < rows.count ? rows[index] : "\u{1B}[K"
      if let old, index < old.rows.count, old.rows[index] == row { continue }
      text += "\u{1B}[\(index + 1);1H\(row)"
    }
    // A terminal that knows how shows it all at once.
    return text.isEmpty ? "" : "\u{1B}[?2026h\(text)\u{1B}[?2026l"
  }
}
