import ArgumentParser
import Wire

/// Which strategies a command is about, and whether to wait for it.
struct Names: ParsableArguments {
  @Argument(help: "Strategies.", completion: StrategyNames.completion) var names: [String] = []
  @Flag(help: "All of them.") var all = false
  @Flag(help: "Come back at once, not when it is done.") var noWait = false

  func validate() throws {
    if names.isEmpty && !all { throw ValidationError("name a strategy, or say --all") }
    if !names.isEmpty && all { throw ValidationError("name strategies or say --all, not both") }
  }
}

/// A command to workers.
protocol WorkerVerb: Verb {
  /// The method on the wire, without `strategy.`.
  static var method: String { get }
  var target: Names { get }
  /// What it adds to the parameters.
  var more: JSONObject { get }
}

extension WorkerVerb {
  var more: JSONObject { JSONObject() }

  func run(_ session: Session) async throws -> ExitStatus {
    var params: JSONObject = JSONObject()
    if target.all { params["all"] = true } else { params["names"] = .array(target.names.map(JSON.string)) }
    params["wait"] = .bool(!target.noWait)
    for field in more.fields { params[field.key] = field.value }
    let answer = try await session.ask(
      "strategy.\(Self.method)", .object(params), timeout: Client.commandTimeout)
    let results = answer.items("results")
    let isRefused = results.contains { $0["ok"]?.boolValue != true }
    if session.isJSON {
      try session.write(answer)
    } else if results.isEmpty {
      try session.write([Line("there are no strategies", .dim)])
    } else {
      try await show(results, session)
      let stopped = results.filter { $0["ok"]?.boolValue == true && $0["on_exit"] != nil }
      if !stopped.isEmpty, !target.noWait { try await session.tellConsequences(of: stopped) }
    }
    return isRefused ? .refused : .done
  }

  private func show(_ results: [JSON], _ session: Session) async throws {
    let width = results.map { TextWidth.of($0.cell("name").text) }.max() ?? 0
    for result in results {
      let name = result.cell("name")
      if result["ok"]?.boolValue == true {
        let padding = Span(String(repeating: " ", count: width - TextWidth.of(name.text) + 2))
        let state = result.text("state")
        let message = result.text("message")
        try session.write([
          Line([
            name, padding,
            Span(message.isEmpty ? state : session.options.placing(message), StateWord.style(state)),
          ])
        ])
      } else if result.text("reason") == "unknown_strategy" {
        session.complain(await session.unknown(result.text("name")))
      } else {
        let message = result.text("message")
        session.complain("\(result.text("name")): \(message.isEmpty ? result.text("reason") : message)")
      }
    }
  }
}

struct StartVerb: WorkerVerb {
  static let method = "start"
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Start strategies; done when they are ready.")
  @ParentCommand var parent: Rbotctl
  @OptionGroup var target: Names
  @OptionGroup var connection: ConnectionOptions
}

struct StopVerb: WorkerVerb {
  static let method = "stop"
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stop strategies; done when no process of theirs is left.")
  @ParentCommand var parent: Rbotctl
  @OptionGroup var target: Names
  @OptionGroup var connection: ConnectionOptions
}

struct RestartVerb: WorkerVerb {
  static let method = "restart"
  static let configuration = CommandConfiguration(
    commandName: "restart", abstract: "Stop and start strategies; done when they are ready again.")
  @ParentCommand var parent: Rbotctl
  @OptionGroup var target: Names
  @OptionGroup var connection: ConnectionOptions
}

struct PauseVerb: WorkerVerb {
  static let method = "pause"
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Refuse entries of strategies; they run on, and their exits work.",
    discussion: """
      With --freeze their processes are stopped as well, once the gateway refuses their entries: nothing of theirs \
      runs until rbotctl resume. Their stop losses and take profits are the gateway's and go on working.
      """)
  @ParentCommand var parent: Rbotctl
  @OptionGroup var target: Names
  @Flag(help: "Stop their processes where they are, until resume.") var freeze = false
  @OptionGroup var connection: ConnectionOptions

  var more: JSONObject {
    var more = JSONObject()
    if freeze { more["freeze"] = true }
    return more
  }
}

struct ResumeVerb: WorkerVerb {
  static let method = "resume"
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Allow entries of paused strategies again, and let frozen ones run on.")
  @ParentCommand var parent: Rbotctl
  @OptionGroup var target: Names
  @OptionGroup var connection: ConnectionOptions
}

struct ResetVerb: WorkerVerb {
  static let method = "reset"
  static let configuration = CommandConfiguration(
    commandName: "reset",
    abstract: "Forget the failures of failed strategies; rbotctl start then tries again.")
  @ParentCommand var parent: Rbotctl
  @OptionGroup var target: Names
  @OptionGroup var connection: ConnectionOptions
}
