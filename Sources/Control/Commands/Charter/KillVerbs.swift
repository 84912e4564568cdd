import ArgumentParser
import Wire

/// `rbotctl kill`: the end of everything that trades, at once.
struct KillVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kill", abstract: "Cancel every order, close every position, and admit no entry any more.",
    subcommands: [KillEngageVerb.self, KillReleaseVerb.self, KillStatusVerb.self],
    defaultSubcommand: KillEngageVerb.self)

  @ParentCommand var root: Rbotctl
}

struct KillEngageVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "engage", abstract: "Engage the kill switch; it is not asked whether you are sure.",
    discussion: """
      Every working order of every strategy is cancelled and every position closed with reduce-only market orders; \
      what has no quote is closed at its first one, and keeps its exits until then. Entries are refused, also after a \
      restart, until a person releases it: rbotctl kill release. Exits with 1 while something is left.
      """)

  @ParentCommand var group: KillVerb
  @Option(help: "Why, for whoever sees that nothing trades.") var reason: String?
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("kill.engage", ["reason": JSON(reason)])
    let kill = answer["kill_switch"] ?? .null
    try session.show(answer) { KillView(kill: kill, page: $0).lines }
    return kill.text("state") == "flat" ? .done : .refused
  }
}

struct KillReleaseVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Admit entries again.",
    discussion: "The PIN is asked for at the terminal, or read as one line of standard input.")

  @ParentCommand var group: KillVerb
  @Option(help: "Why, for the audit log.") var reason: String?
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.asking(
      "kill.release", ["reason": JSON(reason)], prompt: "PIN, to release the kill switch")
    try session.show(answer) { _ in [Line("the kill switch is released: entries are admitted again")] }
    return .done
  }
}

struct KillStatusVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show whether it is engaged, and what is left.")

  @ParentCommand var group: KillVerb
  @OptionGroup var connection: ConnectionOptions
  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("kill")
    let kill = answer["kill_switch"] ?? .null
    try session.show(["kill_switch": kill]) { KillView(kill: kill, page: $0).lines }
    return .done
  }
}
