import ArgumentParser
import Config
import Wire

struct CheckVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Say everything that is wrong with strategies, without starting them.",
    discussion: """
      Manifests, what they are to each other, programs and Python files; a running daemon is asked what it knows, and \
      none is needed.

        rbotctl check                     all strategies of the daemon
        rbotctl check grid-bot            one of them
        rbotctl check ./my-bot bot.py     folders and files, wherever they are

      Exits with 0 when nothing is wrong (warnings do not count), 1 when something is.
      """)

  static let needsDaemon = false

  @ParentCommand var parent: Rbotctl
  @Argument(
    help: "Names of strategies, or paths: a strategy's folder, its manifest, a Python file.",
    completion: StrategyNames.completion)
  var targets: [String] = []
  @Option(help: ArgumentHelp("The folder with one folder per strategy.", valueName: "dir")) var strategies:
    String?
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let folder = await StrategiesFolder.find(strategies, session)
    var check = StrategyCheck(
      installation: Installation(strategies: folder?.path), environment: session.surroundings.environment)
    check.interpreter = folder?.python ?? "python3"
    check.instruments = folder?.instruments
    check.calendars = session.calendarFolder(folder?.status)
    var names: [String] = []
    for target in targets {
      if let place = Self.place(target) {
        if place.hasSuffix(".py") { check.script(place) } else { check.manifest(place) }
      } else if Path.looksLikeOne(target) {
        throw Failure(.usage, "no_such_file", "\(target): \(Self.missing(target))")
      } else {
        names.append(target)
      }
    }
    if targets.isEmpty || !names.isEmpty {
      guard let folder else {
        throw Failure(.usage, "no_folder", "there is no folder of strategies; name one with --strategies DIR")
      }
      check.folder(folder.path, only: names)
    }
    check.finish()
    var isComplete = false
    if folder?.status != nil, let verdict = try await session.verdicts(on: check.manifests.map(\.path)) {
      check.settle(verdict)
      isComplete = true
    }
    try show(check, folder: targets.isEmpty || !names.isEmpty ? folder?.path : nil, session)
    if !isComplete, !check.manifests.isEmpty, !session.isJSON {
      session.complain(
        "no rbotd answers, so what only it can tell was left out: its PATH, what a sandbox may open, required strategies"
      )
    }
    return check.findings.errors.isEmpty ? .done : .refused
  }

  /// The manifest or Python file that a path means; nil where it means none.
  static func place(_ target: String) -> String? {
    switch Path.kind(target) {
    case .file where target.hasSuffix(".py") || target.hasSuffix(".toml"): target
    case .folder where Path.kind("\(target)/strategy.toml") != .nothing: "\(target)/strategy.toml"
    default: nil
    }
  }

  private static func missing(_ target: String) -> String {
    switch Path.kind(target) {
    case .nothing: "there is no such file or folder"
    case .folder: "there is no strategy.toml in it"
    default: "is neither a strategy.toml nor a Python file"
    }
  }

  private func show(_ check: StrategyCheck, folder: String?, _ session: Session) throws {
    let (errors, warnings) = (check.findings.errors, check.findings.warnings)
    if session.isJSON {
      try session.write([
        "folder": JSON(folder), "strategies": .array(check.manifests.map { .string($0.name) }),
        "errors": .array(errors.map(\.json)), "warnings": .array(warnings.map(\.json)),
      ])
      return
    }
    // Nothing of a finding is cut off.
    for finding in errors + warnings {
      try session.surroundings.output.write(
        finding.shown.rendered(inColour: session.page.isColoured) + "\n")
    }
    let count = check.manifests.count
    let subject = folder.map { "\(count) \(count == 1 ? "strategy" : "strategies") in \($0)" } ?? "checked"
    let trouble = [Self.count(errors.count, "error"), Self.count(warnings.count, "warning")].compactMap { $0 }
    try session.write([
      Line(
        "\(subject): " + (trouble.isEmpty ? "in order" : trouble.joined(separator: ", ")),
        errors.isEmpty ? .green : .red)
    ])
  }

  static func count(_ count: Int, _ word: String) -> String? {
    count == 0 ? nil : "\(count) \(word)\(count == 1 ? "" : "s")"
  }
}
