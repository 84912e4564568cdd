import ArgumentParser
import Model
import Wire

struct ReloadVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "reload", abstract: "Read the manifests again; only strategies that changed are touched.",
    discussion: "Exits with 1 when a manifest has errors; the others are taken all the same.")

  @ParentCommand var parent: Rbotctl
  @Flag(help: "Show what would change, and do nothing.") var dryRun = false
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.reload(dryRun: dryRun)
    let view = ReloadView(result: answer, isDryRun: dryRun)
    try session.show(answer) { _ in view.lines }
    if !session.isJSON {
      for warning in view.warnings { session.complain("warning: \(warning)") }
      for error in view.errors { session.complain(error) }
    }
    return view.errors.isEmpty ? .done : .refused
  }
}

struct VersionVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Show the versions of rbotctl and of the daemon.")

  @ParentCommand var parent: Rbotctl
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    if !session.isJSON { try session.write([Line("rbotctl  \(Version.text)")]) }
    let answer = try await session.ask("version")
    if session.isJSON {
      try session.write(["rbotctl": ["version": .string(Version.text)], "rbotd": answer])
    } else {
      try session.write([
        Line(
          "rbotd    \(answer.text("version"))  protocol \(answer.text("protocol"))  Swift \(answer.text("swift"))"
        )
      ])
    }
    return .done
  }
}
