/// How a piece of text looks on a terminal that shows colour.
enum Style: String, Sendable {
  case plain = ""
  case bold = "1"
  case dim = "2"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case cyan = "36"
}

/// Text that is safe to print: control characters are spelled out when it is made.
struct Span: Hashable, Sendable {
  let text: String
  var style: Style

  init(_ text: String, _ style: Style = .plain) {
    self.text = SafeText.escaped(text)
    self.style = style
  }

  /// Cut to that many cells.
  func truncated(to width: Int) -> Span { Span(TextWidth.truncated(text, to: width), style) }

  func rendered(inColour: Bool) -> String {
    inColour && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }
}

extension Span: ExpressibleByStringInterpolation {
  init(stringLiteral value: String) { self.init(value) }
}

/// One line of output.
struct Line: Hashable, Sendable {
  var spans: [Span]

  init(_ spans: [Span]) { self.spans = spans }
  init(_ text: String, _ style: Style = .plain) { spans = [Span(text, style)] }

  var width: Int { spans.reduce(0) { $0 + TextWidth.of($1.text) } }

  /// Cut to that many cells; as it is without a width.
  func fitted(to width: Int?) -> Line {
    guard let width, self.width > width else { return self }
    var room = width
    var kept: [Span] = []
    for span in spans where room > 0 {
      let isLast = TextWidth.of(span.text) >= room
      let piece = isLast ? Span(TextWidth.truncated(span.text + "…", to: room), span.style) : span
      kept.append(piece)
      room -= TextWidth.of(piece.text)
      if isLast { break }
    }
    return Line(kept)
  }

  func rendered(inColour: Bool) -> String {
    spans.map { $0.rendered(inColour: inColour) }.joined()
  }
}

extension Line: ExpressibleByStringInterpolation {
  init(stringLiteral value: String) { self.init(value) }
}
