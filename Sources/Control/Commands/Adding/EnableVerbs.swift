import ArgumentParser
import Config
import Wire

/// Sets the `enabled` key of manifests and nothing else.
protocol EnablingVerb: Verb {
  static var isEnabling: Bool { get }
  var names: [String] { get }
}

extension EnablingVerb {
  func run(_ session: Session) async throws -> ExitStatus {
    let folder = try await session.strategiesFolder()
    // All are found before one is changed.
    let manifests = try names.map { ($0, try session.manifest(of: $0, in: folder)) }
    for (name, path) in manifests { try set(name, path) }
    let answer = try await session.reload()
    let complaints = manifests.flatMap { session.complaints(answer, below: Path.folder($0.1), in: folder) }
    for complaint in complaints where !session.isJSON { session.complain(complaint) }
    var shown: [JSON] = []
    for name in names {
      let strategy = try await session.settled(name)
      shown.append(strategy ?? ["name": .string(name), "state": nil])
      if !session.isJSON { try session.write(lines(name, strategy, session)) }
    }
    if !Self.isEnabling, !session.isJSON {
      let all = try await session.ask("status", ["strategy": nil]).items("strategies")
      let ended = shown.filter { $0["on_exit"] != nil && $0.text("state") == "stopped" }
      let told = ended.map { session.stopped($0, among: all) }
      if !told.isEmpty { try await session.tellConsequences(of: told) }
    }
    if session.isJSON { try session.write(["reload": answer, "strategies": .array(shown)]) }
    let isTrouble = shown.contains { ["failed", "backoff", ""].contains($0.text("state")) }
    return complaints.isEmpty && !(Self.isEnabling && isTrouble) ? .done : .refused
  }

  private func set(_ name: String, _ path: String) throws {
    let before = try TextFile.read(path)
    var text = try ManifestText(path: path, text: before)
    try text.set(["enabled"], to: .bool(Self.isEnabling))
    if text.text != before { try TextFile.replace(path, text.text) }
  }

  private func lines(_ name: String, _ strategy: JSON?, _ session: Session) -> [Line] {
    guard let strategy else {
      return [Line("\(name): rbotd does not run it, since its manifest has errors", .red)]
    }
    var line = session.arrival(strategy)
    line.spans.append(Span(Self.isEnabling ? "  starts with rbotd" : "  starts only when told to", .dim))
    // A stop by hand outlasts the key.
    if Self.isEnabling, ["stopped", "finished"].contains(strategy.text("state")) {
      return [line, Line("it was stopped by hand; start it with: \(session.command("start \(name)"))", .dim)]
    }
    return [line]
  }
}

struct EnableVerb: EnablingVerb {
  static let isEnabling = true
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Have strategies start with rbotd, from now on.",
    discussion: "Sets enabled = true in their manifests, where nothing else is changed, and has them loaded.")
  @ParentCommand var parent: Rbotctl
  @Argument(help: "Strategies.", completion: StrategyNames.completion) var names: [String]
  @OptionGroup var connection: ConnectionOptions
}

struct DisableVerb: EnablingVerb {
  static let isEnabling = false
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Stop strategies, and do not start them with rbotd again.",
    discussion: "Sets enabled = false in their manifests, where nothing else is changed, and has them loaded."
  )
  @ParentCommand var parent: Rbotctl
  @Argument(help: "Strategies.", completion: StrategyNames.completion) var names: [String]
  @OptionGroup var connection: ConnectionOptions
}
