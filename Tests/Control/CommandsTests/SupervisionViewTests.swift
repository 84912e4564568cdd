import Testing
import Wire

@testable import Commands

/// What rbotctl shows of supervision.
@Suite struct SupervisionViewTests {
  private let page = Page.test(columns: 80)

  private func shown(_ strategy: JSON) -> [String] {
    page.text(
      StrategyView(strategy: strategy, gateway: .null, page: page, command: { "rbotctl --home /h \($0)" })
        .lines
    ).split(separator: "\n").map(String.init)
  }

  @Test func aTracebackIsShownInItsLines() {
    let lines = shown([
      "name": "bot", "state": "failed", "reason": "Traceback:\n  File \"x.py\"\nValueError: no",
    ])
    #expect(lines[1] == "trouble      Traceback:")
    #expect(lines[2] == "               File \"x.py\"")
    #expect(lines[3] == "             ValueError: no")
  }

  @Test func whatToTypeNextWorksWhereThisWasTyped() {
    let lines = shown(["name": "bot", "state": "failed", "orders": 0])
    #expect(
      lines.suffix(2) == [
        "next         rbotctl --home /h logs bot", "             rbotctl --home /h start bot",
      ])
  }

  @Test func layersThatCouldNotBeHadAreSaid() {
    let lines = shown([
      "name": "bot", "state": "ready", "refused": 12,
      "sandbox": [
        ["layer": "files", "in_force": true, "detail": "landlock 7"],
        ["layer": "memory", "in_force": false, "detail": "no delegated cgroup"],
      ],
    ])
    #expect(lines.contains("sandbox      1 of 2 layers in force"))
    #expect(lines.contains("             on   files   landlock 7"))
    #expect(lines.contains("             off  memory  no delegated cgroup"))
    #expect(lines.contains("refused      12 calls that its sandbox does not allow"))
  }

  @Test func dependenciesAndWhatItWaitsForAreSaid() {
    let lines = shown([
      "name": "bot", "state": "waiting", "after": ["gateway", "feeder"], "requires": ["feeder"],
      "waiting_for": ["feeder"], "frozen": true,
    ])
    #expect(lines.contains("waits for    feeder"))
    #expect(lines.contains("after        gateway, feeder"))
    #expect(lines.contains("requires     feeder"))
    #expect(lines.contains { $0.hasPrefix("paused       frozen") })
  }

  @Test func aBrokenManifestShowsItsErrorsAndHowToMendIt() {
    let lines = shown([
      "name": "bot", "state": "failed",
      "manifest_errors": [["path": "bot/strategy.toml", "line": 3, "message": "unknown key"]],
    ])
    #expect(lines.contains("manifest     bot/strategy.toml:3: unknown key"))
    #expect(lines.contains("next         rbotctl --home /h edit bot"))
  }

  @Test func theOverviewShowsTheLastLineOfATracebackAndFitsTheTerminal() {
    let status: JSON = [
      "strategies": [["name": "bot", "state": "failed", "reason": "Traceback:\n  x\nValueError: no\n"]],
      "warnings": [["path": "bot/strategy.toml", "line": 4, "message": "it trades on paper"]],
    ]
    let wide = Page.test()
    let text = wide.text(StatusView(status: status, page: wide).lines)
    #expect(text.contains("ValueError: no\n") && !text.contains("Traceback"))
    #expect(text.contains("warning  bot/strategy.toml:4: it trades on paper\n"))
    for line in page.text(StatusView(status: status, page: page).lines).split(separator: "\n") {
      #expect(TextWidth.of(String(line)) <= 80)
    }
  }

  @Test func aPlanSaysWhatWouldBeDoneAndWhy() {
    let plan: JSON = [
      "plan": [
        ["name": "grid-bot", "action": "restart", "because": ["limits.memory", "command"]],
        ["name": "x", "action": "start", "because": ["new"]],
        ["name": "broken", "action": "none", "because": ["its manifest is wrong"]],
      ], "unchanged": ["broken", "c"],
    ]
    #expect(
      ReloadView(result: plan, isDryRun: true).lines.map { $0.rendered(inColour: false) } == [
        "would be restarted  grid-bot  limits.memory, command", "would be started    x         new",
        "2 unchanged; nothing was done, this was a dry run",
      ])
    #expect(
      ReloadView(result: plan, isDryRun: false).lines.first?.rendered(inColour: false)
        == "restarted  grid-bot  limits.memory, command")
  }
}
