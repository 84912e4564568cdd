import Model
import Wire

/// `rbotctl metrics NAME METRIC`: the past of a metric as a small picture and a table, for each of its series.
struct MetricPlot {
  let name: String
  let metric: String
  let result: JSON
  let page: Page

  /// Rows of the table of each series: the last ones.
  private static let tableRows = 12
  private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// One stretch of time.
  private struct Point {
    let time: Int64
    let minimum: Double
    let mean: Double
    let maximum: Double
    let last: Double
    let count: Int

    init?(_ json: JSON) {
      guard let parts = json.arrayValue, parts.count == 6, let time = parts[0].intValue,
        let minimum = parts[1].doubleValue, let mean = parts[2].doubleValue,
        let maximum = parts[3].doubleValue, let last = parts[4].doubleValue, let count = parts[5].intValue
      else { return nil }
      (self.time, self.minimum, self.mean) = (Int64(time), minimum, mean)
      (self.maximum, self.last, self.count) = (maximum, last, count)
    }
  }

  var lines: [Line] {
    let series = result.items("series")
    guard !series.isEmpty else {
      return [Line("\(name) has no history of \(metric) since then; its metrics: leave \(metric) out", .dim)]
    }
    var lines: [Line] = []
    for (index, item) in series.enumerated() {
      if index > 0 { lines.append("") }
      lines += picture(of: item)
    }
    if let count = result["not_shown"]?.intValue, count > 0 {
      lines.append(Line("\(count) more series are not shown", .yellow))
    }
    return lines
  }

  private func picture(of series: JSON) -> [Line] {
    let labels = (series["labels"]?.objectValue?.fields ?? []).map { " \($0.key)=\($0.value.shown)" }
    let points = series.items("points").compactMap(Point.init)
    let step = series["step_s"]?.intValue ?? 0
    var lines = [
      Line([
        Span("\(name) \(metric)", .bold), Span(labels.joined()),
        Span("  points of \(Page.duration(seconds: Double(step)))", .dim),
      ])
    ]
    guard let first = points.first, let last = points.last else {
      return lines + [Line("nothing in that time", .dim)]
    }
    let low = points.reduce(first.minimum) { min($0, $1.minimum) }
    let high = points.reduce(first.maximum) { max($0, $1.maximum) }
    lines.append(Line(Self.sparkline(points, low, high, step: step, width: min(page.width ?? 80, 120))))
    lines.append(
      Line(
        "\(clock(first.time)) to \(clock(last.time))  least \(Self.number(low))  most \(Self.number(high))  "
          + "last \(Self.number(last.last))", .dim))
    return lines + table(points)
  }

  /// One cell for each stretch of time, its height the mean's between the least and the most; a blank where
  /// nothing was told.
  private static func sparkline(_ points: [Point], _ low: Double, _ high: Double, step: Int, width: Int)
    -> String
  {
    guard let first = points.first, let last = points.last else { return "" }
    let stretches = Int(last.time - first.time) / max(1, step) + 1
    let cells = max(1, min(width, stretches))
    var sums = [(sum: Double, count: Int)](repeating: (0, 0), count: cells)
    for point in points {
      let stretch = Int(point.time - first.time) / max(1, step)
      let cell = min(cells - 1, stretch * cells / stretches)
      sums[cell].sum += point.mean * Double(point.count)
      sums[cell].count += point.count
    }
    return String(
      sums.map { cell -> Character in
        guard cell.count > 0 else { return " " }
        let share = high > low ? (cell.sum / Double(cell.count) - low) / (high - low) : 0
        return bars[max(0, min(bars.count - 1, Int(share * Double(bars.count))))]
      })
  }

  private func table(_ points: [Point]) -> [Line] {
    Table(
      columns: [
        .init(title: "TIME"), .init(title: "LEAST", isRight: true, dropRank: 2),
        .init(title: "MEAN", isRight: true), .init(title: "MOST", isRight: true, dropRank: 3),
        .init(title: "LAST", isRight: true), .init(title: "COUNT", isRight: true, dropRank: 4),
      ],
      rows: points.suffix(Self.tableRows).map { point in
        [
          Span(clock(point.time)), Span(Self.number(point.minimum)), Span(Self.number(point.mean)),
          Span(Self.number(point.maximum)), Span(Self.number(point.last)), Span("\(point.count)"),
        ]
      }
    ).lines(width: page.width)
  }

  private func clock(_ seconds: Int64) -> String {
    page.clock(Timestamp(nanoseconds: seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue))
  }

  /// At most three decimals: what a person compares.
  static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    let thousandths = Int64((abs(value) * 1_000).rounded())
    var fraction = String(thousandths % 1_000 + 1_000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    let sign = value < 0 && thousandths > 0 ? "-" : ""
    return "\(sign)\(thousandths / 1_000)" + (fraction.isEmpty ? "" : ".\(fraction)")
  }
}
