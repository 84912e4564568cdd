import ArgumentParser
import Wire

struct RunsVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Show the lives of a strategy's process: when, how long, and how each ended.")

  @ParentCommand var parent: Rbotctl
  @Argument(help: "A strategy, or gateway.") var name: String
  @Option(name: [.customShort("n"), .long], help: "How many, at the most.") var limit = 20
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("-n must be at least 1") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    do {
      let answer = try await session.ask("runs", ["name": .string(name), "limit": .int(limit)])
      try session.show(answer) { RunsView(result: answer, page: $0).lines }
      return .done
    } catch {
      throw await session.hinting(error, name)
    }
  }
}
