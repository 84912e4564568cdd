import ArgumentParser
import Glibc
import Model
import Wire

struct RemoveVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Stop a strategy and take it out of the daemon's folder.",
    discussion: """
      Nothing is deleted: its folder is moved to .removed beside the strategies, and what it has logged and traded \
      stays in the databases. One that holds a position or has working orders is refused without --force.
      """)

  @ParentCommand var parent: Rbotctl
  @Argument(help: "The strategy.", completion: StrategyNames.completion) var name: String
  @Flag(help: "Also with an open position or working orders, which stay as they are.") var force = false
  @Flag(help: "Do not ask.") var yes = false
  @OptionGroup var connection: ConnectionOptions

  func run(_ session: Session) async throws -> ExitStatus {
    let folder = try await session.strategiesFolder()
    let home = Path.folder(try session.manifest(of: name, in: folder))
    let strategy = try await session.settled(name, seconds: 0)
    if strategy != nil && !force { try await refuseExposure(session) }
    if !yes, !session.isJSON, !isConfirmed(strategy, session) {
      throw Failure(.refused, "not_confirmed", "\(name) stays as it is")
    }
    let others = try await session.ask("status", ["strategy": nil]).items("strategies")
    if strategy != nil { try await stop(session) }
    let target = try move(home, folder, session.page.now)
    let answer = try await session.reload()
    if session.isJSON {
      try session.write(["name": .string(name), "moved": .string(target), "reload": answer])
    } else {
      try session.write([
        Line([Span(name, .bold), "  ", Span("removed", .green)]), Line("its folder is now \(target)", .dim),
      ])
      if let strategy { try await session.tellConsequences(of: [session.stopped(strategy, among: others)]) }
    }
    return .done
  }

  /// What it would leave behind at the broker, unwatched.
  private func refuseExposure(_ session: Session) async throws {
    let exposure: Exposure?
    do {
      exposure = try await session.exposures(of: name)[name]
    } catch let error as RPCError {
      throw Failure(
        .refused, error.reason ?? "gateway_down",
        "whether \(name) holds a position cannot be told: \(error.message); --force removes it all the same")
    }
    guard let exposure else { return }
    throw Failure(
      .refused, "exposed",
      "\(name) \(exposure.words); close that first (\(session.command("close \(name)"))), or say --force to "
        + "leave it as it is")
  }

  /// Where nobody can be asked, whoever wrote the command line has decided.
  private func isConfirmed(_ strategy: JSON?, _ session: Session) -> Bool {
    let state = strategy.map { ", which is \($0.text("state"))," } ?? ""
    guard let answer = session.surroundings.question("remove \(name)\(state) from the daemon? [y/N] ") else {
      return true
    }
    return ["y", "yes"].contains(answer.lowercased())
  }

  private func stop(_ session: Session) async throws {
    let answer = try await session.ask(
      "strategy.stop", ["names": [.string(name)], "wait": true], timeout: Client.commandTimeout)
    guard let result = answer.items("results").first, result["ok"]?.boolValue != true else { return }
    throw Failure(
      .refused, result.text("reason"), "\(name) was not stopped and stays: \(result.text("message"))")
  }

  private func move(_ home: String, _ folder: String, _ now: Timestamp) throws(Failure) -> String {
    let attic = "\(folder)/.removed"
    guard mkdir(attic, 0o700) == 0 || errno == EEXIST else { throw .system("make \(attic)") }
    let time = now.description.prefix(19).filter { $0.isNumber || $0 == "T" }
    for attempt in 1..<100 {
      let target = "\(attic)/\(name)-\(time)" + (attempt > 1 ? "-\(attempt)" : "")
      var status = stat()
      if lstat(target, &status) == 0 { continue }
      guard rename(home, target) == 0 else { throw .system("move \(home) to \(target)") }
      return target
    }
    throw Failure(.refused, "exists", "\(attic) is full of folders of that name")
  }
}
