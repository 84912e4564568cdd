import Testing
import Wire

@testable import Commands

@Suite struct SafeTextTests {
  private static let attack = "\u{1B}[2J\u{1B}]0;owned\u{07}\u{9B}31m\u{202E}\u{2028}\u{7F}\r\nfake"

  @Test func controlCharactersAreSpelledOut() {
    #expect(
      SafeText.escaped(Self.attack) == "\\x1b[2J\\x1b]0;owned\\x07\\x9b31m\\u202e\\u2028\\x7f\\r\\nfake")
    #expect(SafeText.escaped("Zürich 日本 👍") == "Zürich 日本 👍")
  }

  @Test func nothingThatAStrategySaysReachesTheTerminalUnescaped() {
    let bad = JSON.string(Self.attack)
    let hostile: JSON = [
      "name": bad, "state": bad, "since": bad, "status": bad, "reason": bad, "message": bad, "strategy": bad,
      "time": bad, "ts": bad, "level": bad, "stream": bad, "order_id": bad, "instrument": bad, "type": bad,
      "payload": [Self.attack: bad], "fields": [Self.attack: bad],
      "metrics": [["name": bad, "labels": [Self.attack: bad]]],
      "position": [["instrument": bad, "units": bad]], "pnl": ["realised": bad, "unrealised": bad],
      "last_exit": ["reason": bad, "time": bad], "listen": bad, "mode": bad, "feed": bad, "version": bad,
      "added": [bad], "errors": [["path": bad, "message": bad]],
    ]
    let status: JSON = [
      "supervisor": hostile, "gateway": hostile, "strategies": [hostile], "errors": [hostile],
    ]
    let page = Page.test(columns: 200)
    let lines =
      StatusView(status: status, page: page).lines
      + StrategyView(strategy: hostile, gateway: hostile, page: page).lines
      + LogView(item: hostile, page: page).lines + [EventView(item: hostile, page: page).line]
      + MetricsView(result: hostile, page: page).lines + OrdersView(orders: [hostile], page: page).lines
      + FillsView(fills: [hostile], page: page).lines + PositionsView(positions: [hostile], page: page).lines
      + ReloadView(result: hostile, isDryRun: true).lines
    for line in lines {
      let text = line.rendered(inColour: false)
      #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
      #expect(!text.contains("\u{202E}") && !text.contains("\u{2028}"))
    }
  }

  @Test func aMessageOfSeveralLinesKeepsThemIndented() {
    let item: JSON = [
      "time": "2026-11-21T11:55:27.021050Z", "strategy": "grid-bot", "level": "error", "stream": "log",
      "message": "Traceback:\n\tline 3\n12:00:00.000 rbotd all is well\n", "fields": ["k": "v"],
    ]
    let page = Page.test()
    #expect(
      page.text(LogView(item: item, page: page).lines) == """
        12:55:27.021 grid-bot error: Traceback: k=v
                line 3
            12:00:00.000 rbotd all is well

        """)
  }

  @Test func jsonKeepsItsMeaningAndHasNoRawControls() throws {
    let json: JSON = ["a": .string(Self.attack)]
    let text = SafeText.escapedJSON(json.description)
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
    #expect(try JSON.parse(text) == json)
  }
}
