import ArgumentParser
import Model
import Platform
import Schedule
import Wire

/// `rbotctl schedule …`: time tables.
struct ScheduleVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Work with schedules: what is due when, what became of it, what an expression means.",
    subcommands: [
      ScheduleListVerb.self, SchedulePreviewVerb.self, ScheduleExplainVerb.self, ScheduleHistoryVerb.self,
      ScheduleRunVerb.self, ScheduleCalendarVerb.self, ScheduleNextVerb.self,
    ])

  @ParentCommand var root: Rbotctl
}

/// When an expression comes next; asks no daemon.
struct ScheduleNextVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "next", abstract: "Show when a cron expression comes next; needs no daemon.",
    discussion: """
      An expression is five fields, minute hour day-of-month month day-of-week, or a nickname such as @daily.

        rbotctl schedule next "30 9 * * MON-FRI" --timezone America/New_York --count 10

      With --batch each line of standard input is a question, {"expr":…,"timezone":…,"from":…,"count":…}, and is \
      answered by one line: the array that --json prints, or {"error":…}.
      """)

  static let needsDaemon = false

  @ParentCommand var group: ScheduleVerb
  @Argument(help: "The expression, in quotes.") var expression: String?
  @OptionGroup var clock: ScheduleClock
  @Option(help: ArgumentHelp("From when on (RFC 3339); now without it.", valueName: "time")) var from: String?
  @Option(help: "How many times to show, at most 10000.") var count = FiringQuestion.countByDefault
  @Flag(help: "Answer questions from standard input, a JSON object a line.") var batch = false
  @OptionGroup var connection: ConnectionOptions

  var parent: Rbotctl { group.root }

  func validate() throws {
    if batch == (expression != nil) {
      throw ValidationError(
        batch ? "--batch takes its expressions from standard input" : "an expression is missing")
    }
    try FiringQuestion.check(count: count)
    if let from, Timestamp(from) == nil {
      throw ValidationError("--from takes a time like 2026-03-08T00:00:00Z, not \(from)")
    }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    if batch { return try answerLines(session) }
    let question = FiringQuestion(
      expression: expression ?? "", hasSeconds: clock.seconds, zone: clock.timezone,
      from: from.flatMap { Timestamp($0) } ?? session.page.now, count: count)
    let firings: [Firing]
    do {
      var zones = ZoneCache()
      firings = try question.answer(&zones)
    } catch {
      throw Failure(.usage, "bad_schedule", "\(error)")
    }
    if session.isJSON {
      try session.write(.array(firings.map(\.json)))
    } else {
      try session.write(FiringView(firings: firings, page: session.page).lines)
    }
    return .done
  }

  private func answerLines(_ session: Session) throws -> ExitStatus {
    var zones = ZoneCache()
    while let line = readLine() {
      let answer: JSON
      do {
        answer = .array(try FiringQuestion(line: line, now: session.page.now).answer(&zones).map(\.json))
      } catch {
        answer = ["error": .string("\(error)")]
      }
      try session.write(answer)
    }
    return .done
  }
}

/// What a schedule means; asks no daemon for it.
struct ScheduleExplainVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say a strategy's schedule, or a cron expression, in words; needs no daemon.",
    discussion: """
        rbotctl schedule explain opening-range
        rbotctl schedule explain "30 9 * * MON-FRI" --timezone America/New_York
      """)
  static let needsDaemon = false

  @ParentCommand var group: ScheduleVerb
  @Argument(
    help: "A strategy, the path of its folder or manifest, or an expression in quotes.",
    completion: StrategyNames.completion)
  var subject: String
  @OptionGroup var clock: ScheduleClock
  @OptionGroup var connection: ConnectionOptions

  var parent: Rbotctl { group.root }

  func run(_ session: Session) async throws -> ExitStatus {
    let isExpression = subject.contains(where: \.isWhitespace) || subject.hasPrefix("@")
    if let trigger = ["@reboot": Timetable.Trigger.reboot, "@start": .start][subject.lowercased()] {
      let words = Timetable(trigger).explanation.joined()
      try session.show(["expr": .string(subject), "explanation": .string(words)]) { _ in [Line(words)] }
      return .done
    }
    if isExpression || subject.isEmpty { return try explain(expression: subject, session) }
    let found = try await NamedTimetable.find(subject, session)
    let lines = found.timetable.explanation
    try session.show([
      "name": .string(found.name), "definition": .string(found.timetable.trigger.text),
      "explanation": .array(lines.map(JSON.string)), "timezone": .string(found.timetable.zoneName),
      "calendar": JSON(found.timetable.calendar?.name),
    ]) { _ in
      [Line([Span(found.name, .bold), Span("  \(found.timetable.trigger.text)")])] + lines.map { Line($0) }
    }
    return .done
  }

  private func explain(expression: String, _ session: Session) throws -> ExitStatus {
    let words: String
    do {
      words = try CronExpression(expression, seconds: clock.seconds).explanation
      var zones = ZoneCache()
      _ = try zones.rules(clock.timezone)
    } catch {
      throw Failure(.usage, "bad_schedule", "\(error)")
    }
    let zone = clock.timezone == "UTC" ? "UTC" : "the time of \(clock.timezone)"
    try session.show([
      "expr": .string(expression), "explanation": .string(words), "timezone": .string(clock.timezone),
    ]) {
      _ in [Line("\(words) (\(zone))")]
    }
    return .done
  }
}

/// How an expression is read.
struct ScheduleClock: ParsableArguments {
  @Option(help: ArgumentHelp("The time zone, by its IANA name.", valueName: "zone")) var timezone = "UTC"
  @Flag(help: "The expression begins with a sixth field, for seconds.") var seconds = false
}
