import ArgumentParser
import Wire

struct ScheduleListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show what is scheduled, by its next time.")

  @ParentCommand var group: ScheduleVerb
  @OptionGroup var connection: ConnectionOptions

  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.ask("schedule.list")
    try session.show(answer) { ScheduleListView(result: answer, page: $0).lines }
    return .done
  }
}

struct ScheduleHistoryVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show what became of slots: fired, skipped, missed, caught up, and why; the newest first.")

  @ParentCommand var group: ScheduleVerb
  @Argument(help: "A strategy; all of them without it.", completion: StrategyNames.completion) var name:
    String?
  @Option(
    help: ArgumentHelp("Only of that kind: \(SlotOutcome.words.joined(separator: ", ")).", valueName: "word"))
  var outcome: String?
  @Option(name: [.customShort("n"), .long], help: "How many, at the most.") var limit = 20
  @OptionGroup var connection: ConnectionOptions

  var parent: Rbotctl { group.root }

  func validate() throws {
    if limit < 1 { throw ValidationError("-n must be at least 1") }
    if let outcome, !SlotOutcome.words.contains(outcome) {
      let known = SlotOutcome.words.joined(separator: ", ")
      throw ValidationError("--outcome is one of \(known), not \(outcome)")
    }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    do {
      let rows = try await rows(session)
      try session.show(["slots": .array(rows)]) {
        ScheduleHistoryView(rows: rows, isOne: name != nil, page: $0).lines
      }
      return .done
    } catch {
      throw await session.hinting(error, name)
    }
  }

  /// Page by page.
  private func rows(_ session: Session) async throws -> [JSON] {
    let client = try await session.connect()
    defer { client.close() }
    var found: [JSON] = []
    var before = JSON.null
    while found.count < limit {
      let answer = try await client.request(
        "schedule.history",
        [
          "name": JSON(name), "limit": .int(min(limit - found.count, 1_000)), "before": before,
          "outcome": JSON(outcome),
        ])
      let rows = answer.items("slots")
      found += rows
      guard answer["more"]?.boolValue == true, let last = rows.last?["id"], !last.isNull else { break }
      before = last
    }
    return found
  }
}

struct ScheduleRunVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a scheduled strategy now, besides its times; done when it is ready.",
    discussion: """
      It is a slot like others, in the history as manual, and what the schedule says about overlaps holds for it. A \
      strategy that is stopped is run this once and stays stopped.
      """)

  @ParentCommand var group: ScheduleVerb
  @Argument(help: "A strategy.", completion: StrategyNames.completion) var name: String
  @OptionGroup var connection: ConnectionOptions

  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let answer: JSON
    do {
      answer = try await session.ask(
        "schedule.run", ["name": .string(name)], timeout: Client.commandTimeout)
    } catch {
      throw await session.hinting(error, name)
    }
    let result = answer.items("results").first ?? answer
    if result["ok"]?.boolValue == false {
      let message = result.text("message")
      throw Failure(
        .refused, result.text("reason").isEmpty ? "refused" : result.text("reason"),
        "\(name): \(message.isEmpty ? result.text("reason") : message)")
    }
    try session.show(answer) { _ in
      let state = result.text("state")
      let message = result.text("message")
      return [
        Line([Span(name, .bold), Span("  \(message.isEmpty ? state : message)", StateWord.style(state))])
      ]
    }
    return .done
  }
}
