import ArgumentParser
import Model
import Wire

struct MetricsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Show what a strategy reports of itself, and what its process takes.",
    discussion: "With a metric, shows its past.")

  @ParentCommand var parent: Rbotctl
  @Argument(help: "A strategy, gateway or rbotd.") var name: String
  @Argument(help: "One metric: its past, not its last value.") var metric: String?
  @Option(help: "From then on, with a metric: \(Since.usage).") var since = "1h"
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    if Since.moment(since, now: Timestamp(nanoseconds: 0)) == nil {
      throw ValidationError("--since takes \(Since.usage), not \(since)")
    }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    do {
      guard let metric else {
        let answer = try await session.ask("metrics", ["name": .string(name)])
        try session.show(answer) { MetricsView(result: answer, page: $0).lines }
        return .done
      }
      let from = Since.moment(since, now: session.page.now)
      let answer = try await session.ask(
        "metrics.history",
        ["name": .string(name), "metric": .string(metric), "since": JSON(from?.description)])
      try session.show(answer) {
        MetricPlot(name: name, metric: metric, result: answer, page: $0).lines
      }
      return .done
    } catch {
      throw await session.hinting(error, name)
    }
  }
}
