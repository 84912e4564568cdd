import ArgumentParser
import Config
import Glibc
import Wire

struct EditVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Change a strategy's manifest in an editor, and have it loaded.",
    discussion: """
      $VISUAL or $EDITOR gets a copy. It takes the manifest's place only when nothing is wrong with it; then the plan \
      of the reload is shown, and carried out.
      """)

  @ParentCommand var parent: Rbotctl
  @Argument(help: "The strategy.", completion: StrategyNames.completion) var name: String
  @Flag(help: "Do not ask before the reload.") var yes = false
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let folder = try await session.strategiesFolder()
    let path = try session.manifest(of: name, in: folder)
    let before = try TextFile.read(path)
    guard let after = try edited(before, path, await session.calendarFolder(), session) else {
      throw Failure(.refused, "discarded", "discarded; \(path) is as it was")
    }
    guard after != before else {
      try session.write([Line("unchanged", .dim)])
      return .done
    }
    guard try TextFile.read(path) == before else {
      throw Failure(
        .refused, "changed_meanwhile", "\(path) was changed by somebody else meanwhile; nothing was done")
    }
    try TextFile.replace(path, after)
    let plan = try await session.reload(dryRun: true)
    if !session.isJSON { try session.write(ReloadView(result: plan, isDryRun: true).lines.dropLast()) }
    let complaints = session.complaints(plan, below: Path.folder(path), in: folder)
    if !complaints.isEmpty || !isConfirmed(session) {
      try TextFile.replace(path, before)
      let why = complaints.isEmpty ? "" : complaints.joined(separator: "; ") + "; "
      throw Failure(.refused, "discarded", "\(why)\(path) is as it was")
    }
    return try await apply(session)
  }

  private func isConfirmed(_ session: Session) -> Bool {
    guard !yes, !session.isJSON, let answer = session.surroundings.question("do it? [Y/n] ") else {
      return true
    }
    return !["n", "no"].contains(answer.lowercased())
  }

  private func apply(_ session: Session) async throws -> ExitStatus {
    let answer = try await session.reload()
    let strategy = try await session.settled(name)
    try session.show(["reload": answer, "strategy": strategy ?? .null]) { _ in
      strategy.map { [session.arrival($0)] } ?? ReloadView(result: answer, isDryRun: false).lines
    }
    return ["failed", "backoff"].contains(strategy?.text("state") ?? "") ? .refused : .done
  }

  /// The text as the person left it, with nothing wrong in it; nil when it was given up.
  private func edited(_ text: String, _ path: String, _ calendars: String?, _ session: Session) throws
    -> String?
  {
    var template = Array("/tmp/rbotctl-edit-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure.system("make a folder in /tmp") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { Removal.tree(folder) }
    let copy = "\(folder)/strategy.toml"
    try TextFile.create(copy, text, mode: 0o600)
    while true {
      try openEditor(copy, session)
      let text = try TextFile.read(copy)
      let issues = Self.issues(text, path, calendars)
      if issues.isEmpty { return text }
      for issue in issues { session.complain(issue.description) }
      let answer = session.surroundings.question("(e)dit again, or (d)iscard? [e] ") ?? "d"
      if ["d", "discard", "q"].contains(answer.lowercased()) { return nil }
    }
  }

  private static func issues(_ text: String, _ path: String, _ calendars: String?) -> [ConfigIssue] {
    do {
      _ = try StrategyManifest(
        path: path, text: text, schedules: ScheduleSources(calendars: calendars))
      return []
    } catch {
      return error.issues
    }
  }

  private func openEditor(_ file: String, _ session: Session) throws {
    let environment = session.surroundings.environment
    let editor =
      [environment["VISUAL"], environment["EDITOR"]].compactMap { $0 }.first { !$0.isEmpty } ?? "vi"
    // What the variables hold may have arguments of its own.
    let end = try ChildProgram.onTerminal(
      ["/bin/sh", "-c", "exec \(editor) \"$1\"", "sh", file], environment: environment)
    guard end.code == 0 else {
      throw Failure(
        .refused, "editor", "the editor \(editor) ended with code \(end.code); nothing was changed")
    }
  }
}
