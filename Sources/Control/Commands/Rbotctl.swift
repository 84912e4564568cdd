import ArgumentParser
import Model

/// The whole command line.
struct Rbotctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rbotctl",
    abstract: "Watch and control the strategies that rbotd runs.",
    discussion: """
      Begin with: rbotctl status. A strategy of your own: rbotctl new my-bot --python

      Without --home and --socket: $RBOT_HOME, else the first of these where a daemon answers: ./.rbot, the home that \
      rbotd itself chooses (~/.local/state/rbotd), the service (/run/rbotd).

      \(ExitStatus.explained)
      """,
    version: Version.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Watch",
        subcommands: [
          StatusVerb.self, TopVerb.self, LogsVerb.self, RunsVerb.self, EventsVerb.self, OrdersVerb.self,
          FillsVerb.self, PositionsVerb.self, RiskVerb.self, MetricsVerb.self,
        ]),
      CommandGroup(
        name: "Control",
        subcommands: [
          StartVerb.self, StopVerb.self, RestartVerb.self, PauseVerb.self, ResumeVerb.self, ResetVerb.self,
          CloseVerb.self, KillVerb.self, ModeVerb.self, ReloadVerb.self, VersionVerb.self,
        ]),
      CommandGroup(
        name: "Strategies",
        subcommands: [
          NewVerb.self, CheckVerb.self, RunVerb.self, AddVerb.self, RemoveVerb.self, EnableVerb.self,
          DisableVerb.self, EditVerb.self, ScheduleVerb.self,
        ]),
      CommandGroup(
        name: "Accounts", subcommands: [UserVerb.self, TokenVerb.self, PINVerb.self, AuditVerb.self]),
    ])

  @OptionGroup var connection: ConnectionOptions
}

/// One command of rbotctl.
protocol Verb: ParsableCommand {
  var parent: Rbotctl { get }
  var connection: ConnectionOptions { get }
  /// Whether it is of no use without a daemon.
  static var needsDaemon: Bool { get }
  func run(_ session: Session) async throws -> ExitStatus
}

extension Verb {
  static var needsDaemon: Bool { true }
}
