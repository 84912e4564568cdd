import ArgumentParser
import Wire

/// `rbotctl risk`: every limit with what is used of it.
struct RiskVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "risk", abstract: "Show every limit of each strategy, and what is used of it.")

  @ParentCommand var parent: Rbotctl
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("risk")
    try session.show(answer) { RiskView(risk: answer, page: $0).lines }
    return .done
  }
}
