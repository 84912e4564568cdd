import Testing
import Wire

@testable import Commands

@Suite struct CommandLineTests {
  @Test func aWrongCommandLineEndsWith2() async {
    for arguments in [
      ["frobnicate"], ["start"], ["start", "a", "--all"], ["logs", "--level", "loud"],
      ["logs", "--since", "soon"],
      ["logs", "-n", "-1"], ["orders", "-n", "0"], ["metrics"], ["status", "--no-such-option"],
      ["events", "--after", "x"],
      [],
    ] {
      let output = Capture()
      let surroundings = Surroundings(
        environment: [:], user: 1_000, output: output, page: { .test() }, untilInterrupted: { _ in })
      let status = await Program.run(arguments, in: surroundings)
      #expect(status == .usage, "\(arguments)")
      #expect(output.written.isEmpty)
      #expect(output.complained.contains("rbotctl"), "\(arguments)")
    }
  }

  @Test func helpNamesTheExitStatuses() async {
    let (status, output) = await rbotctl("--help")
    #expect(status == .done)
    for line in ["0  done", "1  refused", "2  the command line", "3  status NAME", "4  the daemon"] {
      #expect(output.written.contains(line))
    }
  }

  @Test func aDaemonThatIsNotThereEndsWith4AndSaysWhatToDo() async {
    let (status, output) = await rbotctl("status", "--home", "/nonexistent")
    #expect(status == .unreachable)
    #expect(output.complained.contains("/nonexistent/run/control.sock"))
    #expect(output.complained.contains("rbotd --home /nonexistent\n"))
    #expect(!output.complained.contains("make run"))
  }

  @Test(arguments: [
    ("/opt/x/.build/debug/rbotctl", "make run"), ("/usr/bin/rbotctl", "systemctl start rbotd"),
  ])
  func theAdviceFitsWhatRuns(_ executable: String, _ advice: String) {
    let options = ConnectionOptions.Values(home: nil, socket: nil, json: false)
    #expect(StartAdvice(options, [:], executable: executable).text.contains(advice))
    let own = ConnectionOptions.Values(home: "/srv/my bots", socket: nil, json: false)
    #expect(
      StartAdvice(own, [:], executable: "/usr/bin/rbotctl").text.hasSuffix(": rbotd --home '/srv/my bots'"))
    let other = ConnectionOptions.Values(home: nil, socket: "/tmp/x.sock", json: false)
    #expect(StartAdvice(other, [:], executable: executable).text.isEmpty)
  }

  @Test func whatTheDaemonSaysToTypeReachesTheSameDaemon() {
    let options = ConnectionOptions.Values(home: "/srv/bots", socket: nil, json: false)
    #expect(
      options.placing("broken; after mending it: rbotctl start a")
        == "broken; after mending it: rbotctl --home /srv/bots start a")
  }

  @Test(arguments: [
    (["stauts"], "there is no command rbotctl stauts; did you mean status?"),
    (["--home", "/x", "pasue", "a"], "there is no command rbotctl pasue; did you mean pause?"),
    (["schedule", "nxet"], "there is no command rbotctl schedule nxet; did you mean next?"),
    (["xyzzy"], "there is no command rbotctl xyzzy; rbotctl --help lists those that there are"),
  ])
  func aMistypedCommandIsGuessed(_ arguments: [String], _ message: String) async {
    let (status, output) = await run(arguments)
    #expect(status == .usage)
    #expect(output.complained == "rbotctl: \(message)\n")
  }

  @Test func onlyAnOptionThatIsNearIsProposed() async {
    #expect(await run(["metrics", "a", "--sicne", "1h"]).1.complained.contains("Did you mean '--since'?"))
    #expect(!(await run(["status", "--foo"]).1.complained.contains("Did you mean")))
  }

  @Test(arguments: [
    ["stauts", "--json"], ["--json", "logs", "-n", "abc"], ["logs", "-n", "2000000", "--json"], ["--json"],
  ])
  func withJSONAWrongCommandLineIsOneObject(_ arguments: [String]) async throws {
    let (status, output) = await run(arguments)
    #expect(status == .usage)
    let lines = output.complained.split(separator: "\n")
    #expect(lines.count == 1)
    let error = try JSON.parse(String(lines[0]))["error"]
    #expect(error?["reason"] == "usage" && error?["message"]?.stringValue?.isEmpty == false)
  }

  private func run(_ arguments: [String]) async -> (Commands.ExitStatus, Capture) {
    let output = Capture()
    let surroundings = Surroundings(
      environment: [:], user: 1_000, output: output, page: { .test() }, untilInterrupted: { _ in })
    return (await Program.run(arguments, in: surroundings), output)
  }

  @Test func withJSONComplaintsAreJSONToo() async {
    let (status, output) = await rbotctl("--json", "--home", "/nonexistent", "status")
    #expect(status == .unreachable)
    #expect(output.complained.hasPrefix(#"{"error":{"reason":"unreachable","message":"cannot reach"#))
  }
}
