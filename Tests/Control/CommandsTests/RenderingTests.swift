import Testing
import Wire

@testable import Commands

@Suite struct RenderingTests {
  private func shown(_ columns: Int?, isColoured: Bool = false) -> [String] {
    let page = Page.test(columns: columns, isColoured: isColoured)
    return page.text(StatusView(status: Sample.status, page: page).lines).split(
      separator: "\n", omittingEmptySubsequences: false
    ).map(String.init)
  }

  @Test func withoutATerminalNothingIsCut() {
    #expect(
      shown(nil) == [
        "rbotd    ready  0.1.0 · up 3m · pid 1",
        "gateway  ready  paper · synthetic data (synthetic:1) · http://127.0.0.1:8787 · pid 2", "",
        "STRATEGY         STATE   PID     FOR  RESTARTS  ORDERS  FILLS  POSITION       REALISED  OPEN P&L  SAYS",
        "ema-cross        ready    31      3m         0       4      3  EUR_USD +1000     +1.20     -0.35  "
          + "waiting for 20 candles of EUR_USD before the first decision",
        "grid-bot         paused   31      3m         0       4      3  EUR_USD -2500      0.00    +12.50  "
          + "waiting for 20 candles of EUR_USD before the first decision",
        "momentum-sniper  failed       2h 30m         5       0                                            "
          + "exited with code 3 before it was ready", "",
      ])
  }

  @Test(arguments: [40, 60, 80, 100, 200]) func everyLineFitsTheTerminal(_ columns: Int) {
    for line in shown(columns) { #expect(TextWidth.of(line) <= columns, "\(line)") }
  }

  @Test func at80ColumnsTheLeastImportantColumnsAreLeftOut() {
    let lines = shown(80)
    #expect(lines[3] == "STRATEGY         STATE      FOR  ORDERS  POSITION       REALISED  OPEN P&L")
    #expect(lines[4] == "ema-cross        ready       3m       4  EUR_USD +1000     +1.20     -0.35")
  }

  @Test func at40ColumnsNameStateAndResultAreLeft() {
    let lines = shown(40)
    #expect(lines[1].contains("synthetic data"))
    #expect(lines[3].hasPrefix("STRATEGY"))
    #expect(lines[3].hasSuffix("REALISED"))
    #expect(lines[6].hasPrefix("momentum-sniper  failed"))
  }

  @Test func statesAndProfitsAreColouredOnlyWhenAskedFor() {
    let lines = shown(nil, isColoured: true)
    #expect(lines[4].contains("\u{1B}[32mready\u{1B}[0m"))
    #expect(lines[4].contains("\u{1B}[31m-0.35\u{1B}[0m"))
    #expect(lines[5].contains("\u{1B}[33mpaused\u{1B}[0m"))
    #expect(lines[6].contains("\u{1B}[31mfailed\u{1B}[0m"))
    #expect(!shown(nil).joined().contains("\u{1B}"))
  }

  @Test func theWidestFlexibleColumnIsShortenedFirst() {
    let table = Table(
      columns: [.init(title: "A", isFlexible: true), .init(title: "B", isFlexible: true), .init(title: "C")],
      rows: [["0123456789", "012345678901234567890123456789", "end"]])
    let lines = table.lines(width: 30).map { $0.rendered(inColour: false) }
    #expect(lines[1] == "0123456789  012345678901…  end")
  }

  @Test func wideAndCombiningCharactersCountAsTheTerminalDrawsThem() {
    #expect(TextWidth.of("日本") == 4)
    #expect(TextWidth.of("e\u{301}") == 1)
    #expect(TextWidth.truncated("日本語", to: 4) == "日…")
    #expect(TextWidth.truncated("short", to: 5) == "short")
  }

  @Test func agesAndTimesAreLocalAndShort() {
    let page = Page.test()
    #expect(page.clock("2026-11-21T11:59:59.5Z") == "12:59:59")
    #expect(page.clock("2026-11-20T11:59:59.021Z", milliseconds: true) == "2026-11-20 12:59:59.021")
    #expect(page.clock("no time") == "no time")
    #expect(page.age("2026-11-21T11:59:48Z") == "12s")
    #expect(page.age("2026-11-21T12:00:09Z") == "0s")
    #expect(Page.duration(seconds: 7_500) == "2h 5m")
    #expect(Page.duration(seconds: 4 * 86_400 + 3 * 3_600) == "4d 3h")
    #expect(Page.duration(seconds: .nan) == "0s")
  }

  @Test(arguments: [
    ("0", "0.00"), ("1.2", "+1.20"), ("-0.143861874", "-0.1439"), ("0.2", "+0.20"), ("1234.5651", "+1234.57"),
    ("-0.00004", "0.00"), ("-1.995", "-2.00"), ("0.99999", "+1.00"), ("nonsense", "nonsense"), ("", ""),
  ])
  func moneyIsRoundedAndSigned(_ exact: String, _ shown: String) {
    #expect((["pnl": .string(exact)] as JSON).money("pnl").text == shown)
  }

  @Test func aStrategyInDetailSaysWhyItFailed() {
    let page = Page.test()
    let text = page.text(StrategyView(strategy: Sample.stopped, gateway: .null, page: page).lines)
    #expect(text.hasPrefix("momentum-sniper  failed since 10:30:00 (2h 30m)\n"))
    #expect(text.contains("\nlast exit    code 3 · exited with code 3\n"))
    #expect(!StrategyView.isRunning(Sample.stopped))
  }

  @Test func viewsOfNonsenseShowSomethingAndDoNotStop() {
    let page = Page.test(columns: 80)
    for nonsense in [JSON.null, 1, "x", [[]], ["strategies": [1, nil, ["name": 3]], "gateway": []]] as [JSON]
    {
      _ = page.text(StatusView(status: nonsense, page: page).lines)
      _ = page.text(StrategyView(strategy: nonsense, gateway: nonsense, page: page).lines)
      _ = page.text(LogView(item: nonsense, page: page).lines)
      _ = page.text([EventView(item: nonsense, page: page).line])
      _ = page.text(MetricsView(result: nonsense, page: page).lines)
      _ = page.text(OrdersView(orders: [nonsense], page: page).lines)
      _ = page.text(ReloadView(result: nonsense, isDryRun: false).lines)
    }
  }
}
