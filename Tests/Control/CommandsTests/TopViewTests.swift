import Model
import Testing
import Wire

@testable import Commands

@Suite("top: what is drawn") struct TopViewTests {
  private static let now = Page.test().now

  private func state(_ status: JSON, _ columns: Int, _ rows: Int) -> TopState {
    var state = TopState(size: .init(columns: columns, rows: rows), now: Self.now)
    _ = state.handle(.status(status), now: Self.now)
    return state
  }

  private func text(_ state: TopState) -> [String] {
    let page = Page.test(columns: state.size.columns)
    return TopView(state, page: page).rows.map { row in
      row.line.fitted(to: state.size.columns).rendered(inColour: false)
    }
  }

  static let sizes: [(Int, Int)] = [(80, 24), (40, 10), (200, 60)]

  @Test("Every row fits, at any size, with none, one and 300 strategies", arguments: sizes, [0, 1, 300])
  func fits(_ size: (Int, Int), _ count: Int) {
    let rows = text(state(manyStrategies(count), size.0, size.1))
    #expect(rows.count == size.1)
    for row in rows { #expect(TextWidth.of(row) <= size.0, "\(row)") }
    #expect(rows.joined().contains("SYNTHETIC"))
    #expect(rows[0].contains("\(count) strategies"))
    if count > 0 { #expect(rows.contains { $0.hasPrefix("bot-0 ") }) }
  }

  @Test(
    "The last row holds whole hints, and always the ones that lead on", arguments: [40, 60, 79, 80, 81, 120])
  func hints(_ columns: Int) {
    let last = text(state(manyStrategies(3), columns, 24)).last ?? ""
    #expect(last.hasPrefix("? help  q quit") && !last.contains("…"))
    #expect(columns < 120 || last.hasSuffix("z freeze  / filter"))
  }

  @Test("Money stands with its points below each other")
  func aligned() {
    guard case .object(var status) = Sample.status else { return }
    status["strategies"] = .array(
      ["0.0012", "-3.5", "1200", "0"].enumerated().map { index, amount in
        Sample.strategy("bot-\(index)", "ready", units: "1", realised: amount, unrealised: "0")
      })
    let rows = text(state(.object(status), 80, 24)).filter { $0.hasPrefix("bot-") }
    let points = rows.compactMap { row in
      row.lastIndex(of: ".").map { row.distance(from: row.startIndex, to: $0) }
    }
    #expect(points.count == 4 && Set(points).count == 1)
  }

  @Test("When one is scheduled, the table shows how long until each is due, at 80 columns too")
  func scheduled() {
    guard case .object(var status) = Sample.status, var daily = Sample.stopped.objectValue else { return }
    #expect(!text(state(Sample.status, 80, 24)).joined().contains("NEXT"))
    daily["state"] = "scheduled"
    daily["schedule"] = [
      "text": "30 9 * * *", "timezone": "UTC", "next": "2026-11-21T14:05:00Z", "closes": nil,
    ]
    status["strategies"] = [.object(daily)]
    let rows = text(state(.object(status), 80, 24))
    #expect(rows.contains { $0.contains("STATE") && $0.contains("NEXT") })
    #expect(rows.contains { $0.contains("scheduled") && $0.contains("2h 5m") })
  }

  @Test("Long, wide and hostile names neither break rows nor reach the terminal")
  func hostile() {
    let names = [
      String(repeating: "long", count: 50), "日本語の戦略日本語の戦略日本語", "a\u{1B}[2Jb\nc\u{202E}d",
    ]
    let state = state(manyStrategies(3) { names[$0] }, 80, 24)
    for row in text(state) {
      #expect(TextWidth.of(row) <= 80)
      #expect(!row.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
    }
    let frame = TopFrame(
      TopView(state, page: .test(columns: 80)).rows, size: state.size, isColoured: false)
    #expect(!frame.changes(from: nil).contains("\u{1B}[2Jb"))
  }

  @Test("At 80 columns the table shows what matters, each column under its title")
  func at80() throws {
    let rows = text(state(Sample.status, 80, 24))
    let titles = try #require(rows.firstIndex { $0.hasPrefix("NAME▲") })
    #expect(rows[titles].contains("STATE") && rows[titles].contains("CPU%") && rows[titles].hasSuffix("P&L"))
    #expect(rows[titles + 1].hasPrefix("ema-cross        ready"))
    #expect(rows[titles + 1].hasSuffix("+0.85"))
    #expect(rows.contains { $0.hasPrefix("momentum-sniper failed: exited with code 3") })
    #expect(rows[1].contains("PAPER  SYNTHETIC DATA (synthetic:1)"))
  }

  @Test("Orders that are real say so")
  func live() {
    let spans = TopHeader.badge(["mode": "live", "synthetic": false, "feed": "oanda"])
    #expect(spans.map(\.text) == ["LIVE: REAL MONEY", "  ", "oanda"])
    #expect(spans.first?.style == .red)
  }

  @Test("When rbotd does not answer, what is shown fades and tells its age")
  func stale() {
    var state = state(Sample.status, 80, 24)
    _ = state.handle(.lost("the connection broke"), now: Self.now.advanced(seconds: 12))
    let view = TopView(state, page: .test(columns: 80))
    #expect(text(state)[0].contains("NO ANSWER what you see is 12s old"))
    let row = view.rows.first { $0.line.rendered(inColour: false).hasPrefix("grid-bot") }
    #expect(row?.isFaded == true)
    #expect(row?.rendered(width: 80, inColour: true).contains("\u{1B}[2m") == true)
  }

  @Test("Only rows that changed are drawn again")
  func differences() {
    let page = Page.test(columns: 80)
    var state = state(Sample.status, 80, 24)
    let first = TopFrame(TopView(state, page: page).rows, size: state.size, isColoured: false)
    #expect(first.changes(from: nil).contains("\u{1B}[2J"))
    #expect(first.changes(from: first).isEmpty)
    _ = state.handle(.key(.down), now: Self.now)
    let second = TopFrame(TopView(state, page: page).rows, size: state.size, isColoured: false)
    // Two rows: the cursor left one and is on another.
    #expect(second.changes(from: first).split(separator: ";1H").count == 3)
    #expect(!second.changes(from: first).contains("\u{1B}[2J"))
  }

  @Test("Help fits into 80 by 24 but for its end, which can be scrolled to")
  func help() {
    var state = state(Sample.status, 80, 24)
    _ = state.handle(.key(.character("?")), now: Self.now)
    #expect(text(state)[0].hasPrefix("rbotctl top: keys"))
    for _ in 0..<40 { _ = state.handle(.key(.down), now: Self.now) }
    #expect(text(state).contains { $0.contains("Ctrl-C") })
    _ = state.handle(.key(.character("q")), now: Self.now)
    #expect(state.mode == .table)
  }

  @Test("Details show layers, the ones that are off too, and runs")
  func details() {
    guard case .object(var status) = Sample.status,
      var first = status["strategies"]?.arrayValue?[0].objectValue
    else { return }
    first["sandbox"] = [
      ["layer": "files", "in_force": true, "detail": "landlock 7"],
      ["layer": "calls", "in_force": false, "detail": "no seccomp"],
    ]
    status["strategies"] = [.object(first)]
    var state = state(.object(status), 80, 40)
    #expect(state.handle(.key(.character("i")), now: Self.now) == [.askRuns("ema-cross")])
    _ = state.handle(
      .runs(
        "ema-cross",
        [["generation": 3, "started": "2026-11-21T11:00:00Z", "ended": "2026-11-21T11:01:00Z", "code": 3]]),
      now: Self.now)
    let rows = text(state)
    #expect(rows.contains { $0.contains("files") && $0.contains("on") && $0.contains("landlock 7") })
    #expect(rows.contains { $0.contains("calls") && $0.contains("OFF") })
    #expect(rows.contains { $0.contains("ended 12:01:00") && $0.contains("code 3") })
  }

  @Test("Numbers take few cells")
  func numbers() {
    #expect(TopNumber.bytes(28_123_456) == "28.1M" && TopNumber.bytes(812_000) == "812K")
    #expect(TopNumber.percent(0.04) == "0.0" && TopNumber.percent(105.2) == "105")
    #expect(TopNumber.rate(0) == "0" && TopNumber.rate(220.4) == "220" && TopNumber.rate(12_345) == "12k")
    #expect(TopNumber.age(milliseconds: 2_449) == "2.4s" && TopNumber.age(milliseconds: 12) == "12ms")
  }

  @Test("Without a terminal there is a refusal that says what to do, and --once prints text")
  func once() async throws {
    try await withDaemon(["status": Sample.status]) { daemon in
      let refused = await rbotctl("top", "--socket", daemon.path)
      #expect(refused.status == .usage)
      #expect(refused.output.complained.contains("status --watch"))
      let once = await rbotctl("top", "--once", "--socket", daemon.path)
      #expect(once.status == .done)
      #expect(once.output.written.contains("grid-bot"))
      #expect(!once.output.written.contains("\u{1B}"))
    }
  }
}

@Suite("The past of a metric") struct MetricPlotTests {
  @Test("A picture, its bounds and the last points")
  func plot() {
    let points: [JSON] = (0..<8).map { index in
      [.int(1_795_262_400 + index * 10), .int(index), .int(index), .int(index), .int(index), 1]
    }
    let result: JSON = [
      "series": [["name": "signal", "labels": ["side": "buy"], "step_s": 10, "points": .array(points)]],
      "not_shown": 0,
    ]
    let lines = MetricPlot(name: "grid-bot", metric: "signal", result: result, page: .test()).lines
      .map { $0.rendered(inColour: false) }
    #expect(lines[0] == "grid-bot signal side=buy  points of 10s")
    #expect(lines[1] == "▁▂▃▄▅▆▇█")
    #expect(lines[2].contains("least 0  most 7  last 7"))
    #expect(lines.count == 3 + 1 + 8)
    #expect(MetricPlot.number(-0.1234) == "-0.123" && MetricPlot.number(1_000) == "1000")
  }
}
