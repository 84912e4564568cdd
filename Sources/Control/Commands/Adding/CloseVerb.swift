import ArgumentParser
import Wire

struct CloseVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "close", abstract: "Close a strategy's positions at the market, and cancel its entries.",
    discussion: """
      Through the gateway, with reduce-only market orders: also of a strategy that is stopped, paused, or not there \
      any more. What has no quote yet is closed at its first one. One that runs places no entries any more until it \
      is started again.
      """)

  @ParentCommand var parent: Rbotctl
  @Argument(help: "The strategy.", completion: StrategyNames.completion) var name: String
  @Flag(help: "Do not ask.") var yes = false
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    guard let exposure = try await session.exposures(of: name)[name] else {
      return try await nothing(session)
    }
    if !yes { try confirm(exposure, session) }
    let answer = try await session.ask("strategy.close", ["name": .string(name)])
    if session.isJSON {
      try session.write(answer)
    } else {
      try session.write(lines(answer, try await states(session)[name] ?? "", session))
    }
    return answer["left"]?.intValue == 0 ? .done : .refused
  }

  private func nothing(_ session: Session) async throws -> ExitStatus {
    let known = try await states(session)
    guard known[name] != nil else {
      throw Failure(
        .refused, "unknown_strategy",
        "\(NearestName.unknown(name, known: known.keys.sorted())), and nothing is open under that name")
    }
    if session.isJSON {
      try session.write(["closed": 0, "left": 0, "waits_for": nil])
    } else {
      try session.write([Line("\(name) holds nothing and has no working orders")])
    }
    return .done
  }

  /// It is money: without anybody to ask, the command line has to say so.
  private func confirm(_ exposure: Exposure, _ session: Session) throws {
    let question = "\(name) \(exposure.words): close at the market, whatever the price? [y/N] "
    guard !session.isJSON, let answer = session.surroundings.question(question) else {
      throw Failure(.refused, "not_confirmed", "\(name) \(exposure.words): say --yes to close that")
    }
    guard ["y", "yes"].contains(answer.lowercased()) else {
      throw Failure(.refused, "not_confirmed", "nothing was closed")
    }
  }

  private func states(_ session: Session) async throws -> [String: String] {
    let status = try await session.ask("status", ["strategy": nil, "brief": true])
    return Dictionary(status.items("strategies").map { ($0.text("name"), $0.text("state")) }) { $1 }
  }

  private func lines(_ answer: JSON, _ state: String, _ session: Session) -> [Line] {
    let closed = CheckVerb.count(answer["closed"]?.intValue ?? 0, "position")
    var lines = [
      Line([
        Span(name, .bold), "  ", Span(closed.map { "closed \($0)" } ?? "entries cancelled", .green),
      ])
    ]
    if let left = CheckVerb.count(answer["left"]?.intValue ?? 0, "position") {
      let waits = answer.text("waits_for")
      lines.append(Line("\(left) still open\(waits.isEmpty ? "" : ": \(waits)")", .yellow))
    }
    if ["ready", "paused"].contains(state) {
      let again = session.command("restart \(name)")
      lines.append(Line("its entries are refused from now on, until: \(again)", .dim))
    }
    return lines
  }
}
