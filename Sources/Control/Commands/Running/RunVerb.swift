import ArgumentParser
import Config
import Wire

struct RunVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a strategy here and now, on paper, until Ctrl-C.",
    discussion: """
      In an rbotd of its own that is gone afterwards; a running daemon is neither needed nor touched. The sandbox and \
      the rules are those of the daemon.

        rbotctl run ./my-bot
        rbotctl run bot.py --param threshold=0.5 --for 30s
        rbotctl run ./my-bot --feed replay:eur_usd.csv@max

      Exits with 0 when it ended well or was stopped, 1 when it failed.
      """)

  static let needsDaemon = false

  @ParentCommand var parent: Rbotctl
  @Argument(help: "A strategy's folder, or a Python file.", completion: .file()) var path: String
  @Option(
    help: ArgumentHelp(
      "Where quotes come from: synthetic[:SEED] or replay:PATH[,PATH…][@SPEED].", valueName: "spec"))
  var feed = "synthetic"
  @Option(help: ArgumentHelp("One of its [params]; may be given again.", valueName: "key=value")) var param:
    [String] = []
  @Option(
    name: .customLong("for"), help: ArgumentHelp("Stop it after that long: 30s, 5m.", valueName: "time"))
  var duration: String?
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    for word in param where !word.contains("=") || word.hasPrefix("=") {
      throw ValidationError("--param takes key=value, not \(word)")
    }
    if let duration, Since.seconds(duration) == nil {
      throw ValidationError("--for takes a length of time such as 30s, 5m or 1h30m, not \(duration)")
    }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    let candidate = try prepared()
    var check = StrategyCheck(
      installation: Installation(strategies: nil), environment: session.surroundings.environment)
    check.calendars = session.calendarFolder(nil)
    let findings = try Candidate(path, name: nil).check(check)
    for finding in findings { session.complain(finding.shown.rendered(inColour: false)) }
    guard findings.errors.isEmpty else {
      throw Failure(.refused, "has_errors", "\(path) was not run: put that right first")
    }
    Interruptions.begin()
    let daemon = try PrivateDaemon.start(
      candidate, feed: feed, environment: session.surroundings.environment)
    let run = ForegroundRun(
      name: candidate.name, daemon: daemon, session: session, seconds: duration.flatMap(Since.seconds))
    let outcome: Result<ExitStatus, any Error>
    do { outcome = .success(try await run.watch(feed: feed)) } catch { outcome = .failure(error) }
    await daemon.end()
    return try outcome.get()
  }

  /// The manifest as it has to be for one run: it starts, ends once, and waits for nobody who is not there.
  private func prepared() throws -> Candidate {
    var candidate = try Candidate(path, name: nil)
    // It runs now, whenever it would be due.
    try candidate.removeSchedule()
    try candidate.set(["enabled"], to: .bool(true))
    try candidate.set(["restart", "policy"], to: .string("never"))
    try candidate.set(["trading", "mode"], to: .string("paper"))
    if !candidate.isFile, let manifest = candidate.unscheduled {
      if manifest.requires.contains(where: { $0 != "gateway" }) {
        try candidate.set(["requires"], to: .array([]))
      }
      if manifest.after != ["gateway"] { try candidate.set(["after"], to: .array([.string("gateway")])) }
      let read = manifest.sandbox.read + [candidate.source]
      try candidate.set(["sandbox", "read"], to: .array(read.map(ConfigValue.string)))
    } else {
      try candidate.set(["sandbox", "read"], to: .array([.string(candidate.source)]))
    }
    for word in param {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      try candidate.set(["params", parts[0]], to: ConfigValue(written: parts[1]))
    }
    return candidate
  }
}
