import ArgumentParser
import Model

/// The whole command line.
struct Rbotctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rbotctl",
    abstract: "Watch and control the strategies that rbotd runs.",
    discussion: """
      Without --home and --socket: $RBOT_HOME, else ./.rbot where a daemon has its socket there, else the home \
      that rbotd itself chooses (~/.local/state/rbotd; /run/rbotd for root).

      \(ExitStatus.explained)
      """,
    version: Version.text,
    subcommands: [
      StatusVerb.self, StartVerb.self, StopVerb.self, RestartVerb.self, PauseVerb.self, ResumeVerb.self,
      LogsVerb.self, TopVerb.self,
      MetricsVerb.self, OrdersVerb.self, FillsVerb.self, PositionsVerb.self, EventsVerb.self, ReloadVerb.self,
      ScheduleVerb.self, VersionVerb.self,
    ])

  @OptionGroup var connection: ConnectionOptions
}

/// One command of rbotctl.
protocol Verb: ParsableCommand {
  var parent: Rbotctl { get }
  var connection: ConnectionOptions { get }
  func run(_ session: Session) async throws -> ExitStatus
}
