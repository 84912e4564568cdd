import Model
import Wire

/// The first lines of `rbotctl top`: the daemon, the gateway with its mode and feed, what they take.
struct TopHeader {
  let state: TopState
  let page: Page

  init(_ state: TopState, page: Page) {
    self.state = state
    self.page = page
  }

  var lines: [Line] {
    guard let data = state.data else {
      return [first, Line(""), Line("")]
    }
    let status = data.status
    return [first, gateway(status["gateway"] ?? .null), totals(data)]
  }

  /// What is at the end of a line is cut off first, so the counts come before versions.
  private var first: Line {
    switch state.link {
    case .connecting: return Line("connecting to rbotd …", .yellow)
    case .lost(let why):
      guard let data = state.data else { return Line("rbotd is not there, trying again: \(why)", .red) }
      let age = Page.duration(seconds: state.now.seconds(since: data.at))
      return Line([
        Span("NO ANSWER ", .red), Span("what you see is \(age) old; trying again: \(why)", .red),
      ])
    case .up: break
    }
    guard let data = state.data else { return "" }
    let part = data.status["supervisor"] ?? .null
    var line = Line([Span("rbotd ", .bold), StateWord.span(part.text("state"))])
    if let seconds = part["uptime_s"]?.doubleValue {
      line.spans.append(Span("  up \(Page.duration(seconds: seconds))"))
    }
    line.spans.append(Span("   \(data.strategies.count) strategies", .bold))
    for (index, item) in data.counts.enumerated() {
      line.spans += [
        Span(index == 0 ? ": " : ", "), Span("\(item.count) \(item.state)", StateWord.style(item.state)),
      ]
    }
    line.spans.append(Span("   \(part.text("version"))", .dim))
    return line
  }

  private func gateway(_ part: JSON) -> Line {
    var line = Line([Span("gateway ", .bold), StateWord.span(part.text("state")), "  "])
    line.spans += Self.badge(part)
    if let restarts = part["restarts"]?.intValue, restarts > 0 {
      line.spans.append(Span("  \(restarts) \(restarts == 1 ? "restart" : "restarts")", .yellow))
    }
    if !part.text("listen").isEmpty { line.spans.append(Span("  http://\(part.text("listen"))", .dim)) }
    return line
  }

  /// What the orders are and whether the prices are any: nobody may mistake it.
  static func badge(_ part: JSON) -> [Span] {
    var spans: [Span] = []
    let mode = part.text("mode")
    if !mode.isEmpty {
      let isReal = mode == "live" || mode == "canary"
      let word = mode.uppercased()
      spans.append(isReal ? Span("\(word): REAL MONEY", .red) : Span(word, .green))
    }
    guard let feed = FeedText(gateway: part) else { return spans }
    let isSynthetic = feed.span.text.hasPrefix("synthetic data")
    let text = isSynthetic ? "SYNTHETIC DATA" + feed.span.text.dropFirst(14) : feed.span.text
    spans += ["  ", Span(text, feed.span.style)]
    return spans
  }

  private func totals(_ data: TopData) -> Line {
    let lines = data.strategies.reduce(0.0) { $0 + ($1.lines ?? 0) }
    let messages = data.strategies.reduce(0.0) { $0 + ($1.messages ?? 0) }
    let profit = data.strategies.compactMap(\.profit).reduce(Amount.zero) { sum, next in
      let (raw, overflow) = sum.raw.addingReportingOverflow(next.raw)
      return overflow ? sum : Amount(raw: raw)
    }
    let total: JSON = ["profit": .string("\(profit)")]
    return Line([
      Span("rbotd ", .dim), Span(Self.use(data.status["supervisor"])), Span("  gateway ", .dim),
      Span(Self.use(data.status["gateway"])), Span("  p&l ", .dim), total.money("profit"),
      Span("  log/s ", .dim), Span(TopNumber.rate(lines)), Span("  msg/s ", .dim),
      Span(TopNumber.rate(messages)),
    ])
  }

  private static func use(_ part: JSON?) -> String {
    let cpu = part?["cpu_percent"]?.doubleValue.map { TopNumber.percent($0) + "%" } ?? "-"
    return "\(cpu) \(part?["memory_bytes"]?.intValue.map(TopNumber.bytes) ?? "-")"
  }
}

/// Numbers in few cells.
enum TopNumber {
  /// `0.3`, `12.5`, `105`.
  static func percent(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    return value >= 99.95 ? "\(Int(min(value, 1e6).rounded()))" : tenths(value)
  }

  /// `28.1M`, `1.4G`, `812K`.
  static func bytes(_ value: Int) -> String {
    let units = [("G", 1_000_000_000.0), ("M", 1_000_000), ("K", 1_000)]
    for (name, size) in units where Double(value) >= size {
      let scaled = Double(value) / size
      return (scaled >= 99.95 ? "\(Int(scaled.rounded()))" : tenths(scaled)) + name
    }
    return "\(value)"
  }

  /// `0`, `1.5`, `220`, `12k`.
  static func rate(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    if value >= 9_999.5 { return "\(Int(min(value / 1_000, 1e6).rounded()))k" }
    if value >= 99.95 { return "\(Int(value.rounded()))" }
    return value < 0.05 ? "0" : tenths(value)
  }

  /// `12ms`, `2.4s`, `3m`.
  static func age(milliseconds: Int) -> String {
    if milliseconds < 1_000 { return "\(max(0, milliseconds))ms" }
    if milliseconds < 60_000 { return tenths(Double(milliseconds) / 1_000) + "s" }
    return Page.duration(seconds: Double(milliseconds) / 1_000)
  }

  /// `3`, `1200`, `12k`, `3M`.
  static func count(_ value: Int) -> String {
    if value >= 10_000_000 { return "\(value / 1_000_000)M" }
    return value >= 100_000 ? "\(value / 1_000)k" : "\(value)"
  }

  private static func tenths(_ value: Double) -> String {
    let scaled = Int((value * 10).rounded())
    return "\(scaled / 10).\(abs(scaled % 10))"
  }
}
