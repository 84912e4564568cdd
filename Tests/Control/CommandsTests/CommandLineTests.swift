import Testing

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
    #expect(output.complained.contains("make run"))
    #expect(output.complained.contains("systemctl start rbotd"))
  }

  @Test func withJSONComplaintsAreJSONToo() async {
    let (status, output) = await rbotctl("--json", "--home", "/nonexistent", "status")
    #expect(status == .unreachable)
    #expect(output.complained.hasPrefix(#"{"error":{"reason":"unreachable","message":"cannot reach"#))
  }
}
