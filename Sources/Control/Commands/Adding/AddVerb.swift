import ArgumentParser
import Config
import Glibc
import Platform
import Wire

struct AddVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Give a strategy to the daemon, when nothing is wrong with it.",
    discussion: """
      Copies the folder (or the Python file, with a manifest made for it) into the daemon's folder of strategies, whole \
      or not at all, and has it loaded. What rbotctl check would refuse is refused.

        rbotctl add ./my-bot            a copy of the folder
        rbotctl add ./my-bot --link     a link to it: what you change is what runs after the next restart
        rbotctl add bot.py --name dip   a single file
      """)

  @ParentCommand var parent: Rbotctl
  @Argument(help: "A strategy's folder, or a Python file.", completion: .file()) var path: String
  @Option(help: "Another name than it has.") var name: String?
  @Flag(help: "Leave it where it is, and put a link to it.") var link = false
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let folder = try await session.strategiesFolder()
    let candidate = try Candidate(path, name: name)
    if link && candidate.isFile {
      throw Failure(
        .usage, "link_of_file", "--link needs a folder with a strategy.toml: rbotctl new makes one")
    }
    if link && candidate.isRenamed {
      throw Failure(
        .usage, "link_of_name",
        "with --link the name stands in the folder's own strategy.toml: change it there")
    }
    try await check(candidate, folder, await session.calendarFolder(), session)
    let known = StrategyFolders(folder)
    if let owner = known.manifests[candidate.name] {
      throw Failure(
        .refused, "exists",
        "there is a strategy \(candidate.name) already (\(owner)); add this one with --name, or remove that one: "
          + session.command("remove \(candidate.name)"))
    }
    let target = "\(folder)/\(candidate.name)"
    var status = stat()
    guard lstat(target, &status) != 0 else {
      throw Failure(.refused, "exists", "\(target) is there already; move it away, or choose another --name")
    }
    try put(candidate, target)
    guard lstat(target, &status) == 0 else { throw Failure.system("look at \(target)") }
    let answer: JSON
    do {
      answer = try await session.reload()
    } catch {
      throw Failure(
        .refused, "not_loaded",
        "rbotd did not say whether it takes it: \(error); \(target) stays, and is tried again by: "
          + session.command("reload"))
    }
    let complaints = session.complaints(answer, below: target, in: folder)
    guard complaints.isEmpty else {
      let rest = await takeBack(target, (status.st_dev, status.st_ino), session)
      throw Failure(
        .refused, "has_errors", "rbotd does not take it: \(complaints.joined(separator: "; "))\(rest)")
    }
    do {
      return try await arrived(candidate.name, target, answer, session)
    } catch {
      throw Failure(
        .refused, "unknown_state",
        "\(target) is added, and what became of it is not known: \(error); see \(session.command("status"))")
    }
  }

  /// Removes what this command has put there, and nothing that somebody has put in its place since.
  ///
  /// - Returns: what is left of it, for the end of a sentence.
  private func takeBack(_ target: String, _ own: (dev_t, ino_t), _ session: Session) async -> String {
    var status = stat()
    guard lstat(target, &status) == 0, (status.st_dev, status.st_ino) == own else {
      return "; \(target) is another's by now, and stays"
    }
    if link { unlink(target) } else { Removal.tree(target) }
    _ = try? await session.reload()
    return ""
  }

  /// Everything at once, before anything is copied.
  private func check(_ candidate: Candidate, _ folder: String, _ calendars: String?, _ session: Session)
    async throws
  {
    var check = StrategyCheck(
      installation: Installation(strategies: folder), environment: session.surroundings.environment)
    check.calendars = calendars
    var findings = candidate.check(check)
    if !candidate.isFile,
      let verdict = try await session.verdicts(on: ["\(candidate.source)/strategy.toml"])
    {
      findings.settle(verdict)
    }
    if !session.isJSON {
      for finding in findings { session.complain(finding.shown.rendered(inColour: false)) }
    }
    let count = findings.errors.count
    guard count > 0 else { return }
    let first = session.isJSON ? ": \(findings.errors[0].shown.rendered(inColour: false))" : ""
    throw Failure(
      .refused, "has_errors",
      "\(path) was not added: \(CheckVerb.count(count, "error") ?? "") to put right first\(first)")
  }

  /// A hidden folder beside the others first: the daemon passes it over, and the rename is one step.
  private func put(_ candidate: Candidate, _ target: String) throws(Failure) {
    if link {
      guard symlink(Path.real(candidate.source) ?? candidate.source, target) == 0 else {
        throw .system("make \(target)")
      }
      return
    }
    let fresh = "\(Path.folder(target))/.adding-\(candidate.name)-\(getpid())"
    try candidate.copy(to: fresh)
    // A folder that came there meanwhile is not empty and stays.
    guard rename(fresh, target) == 0 else {
      let failure = Failure.system("put \(target) in its place")
      Removal.tree(fresh)
      throw failure
    }
  }

  private func arrived(_ name: String, _ target: String, _ answer: JSON, _ session: Session) async throws
    -> ExitStatus
  {
    let strategy = try await session.settled(name)
    let isTrouble = ["failed", "backoff"].contains(strategy?.text("state") ?? "failed")
    if session.isJSON {
      try session.write([
        "name": .string(name), "folder": .string(target), "reload": answer, "strategy": strategy ?? .null,
      ])
    } else {
      try session.write([
        Line("added \(target)\(link ? ", a link" : "")", .dim),
        strategy.map(session.arrival) ?? Line("rbotd does not know \(name) after the reload", .red),
      ])
      if isTrouble {
        session.complain("it is added and does not run; see why: \(session.command("logs \(name)"))")
      }
    }
    return isTrouble ? .refused : .done
  }
}
