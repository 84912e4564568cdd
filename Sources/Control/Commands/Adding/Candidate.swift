import Config
import Glibc
import Platform

/// What somebody wants to add or to try: a folder with a manifest, or a Python file alone.
struct Candidate {
  /// As given, absolute.
  let source: String
  let isFile: Bool
  /// The name that it will have.
  let name: String
  /// The manifest's text under that name.
  private(set) var manifest: ManifestText
  let isRenamed: Bool

  /// - Throws: ``Failure``, ``Config/ConfigErrors``: nothing there, no manifest, a name that cannot be.
  init(_ path: String, name: String?) throws {
    source = HomeLayout.absolute(path)
    if let name { try NewVerb.check(name) }
    switch Path.kind(path) {
    case .file where path.hasSuffix(".py"):
      isFile = true
      let stem = String(Path.name(path).dropLast(3))
      guard let chosen = name ?? Skeleton.proposal(for: stem) else {
        throw Failure(
          .usage, "bad_name", "\(path) has no name that a strategy can have; give it one with --name")
      }
      self.name = chosen
      isRenamed = false
      manifest = try ManifestText(
        path: "\(source).toml", text: Self.manifest(name: chosen, file: Path.name(path)))
    case .folder where Path.kind("\(path)/strategy.toml") == .file:
      isFile = false
      let file = "\(source)/strategy.toml"
      var text = try ManifestText(path: file, text: TextFile.read(file))
      let own = ManifestDirectory.name(in: file) ?? ""
      if let name, name != own { try text.set(["name"], to: .string(name)) }
      self.name = name ?? own
      isRenamed = name != nil && name != own
      manifest = text
    case .folder:
      throw Failure(
        .refused, "no_manifest",
        "there is no strategy.toml in \(path); it needs one (rbotctl new shows how), or name its Python file")
    case .file where path.hasSuffix("strategy.toml"):
      throw Failure(.usage, "not_a_folder", "name the folder: \(Path.folder(path))")
    case .nothing: throw Failure(.refused, "no_such_file", "there is no file or folder \(path)")
    default: throw Failure(.refused, "not_a_strategy", "\(path) is neither a folder nor a Python file (.py)")
    }
  }

  /// The daemon names a file without a manifest one; whoever wants more of it adds the keys.
  private static func manifest(name: String, file: String) -> String {
    """
    # Made by rbotctl for \(file). Every key: man 5 strategy.toml
    name = "\(name)"
    run = \(ConfigValue.string(file).toml)
    enabled = true

    [trading]
    mode = "paper"

    """
  }

  /// Sets a key of the manifest as it will be.
  mutating func set(_ key: [String], to value: ConfigValue) throws { try manifest.set(key, to: value) }

  /// Takes its schedule away: it is to run now.
  mutating func removeSchedule() throws { try manifest.remove(table: "schedule") }

  /// What the manifest says, but for the schedule, whose calendar may be the daemon's own; nil where it is wrong.
  var unscheduled: StrategyManifest? {
    var plain = manifest
    try? plain.remove(table: "schedule")
    return try? StrategyManifest(path: "\(source)/strategy.toml", text: plain.text)
  }

  /// Everything that is wrong with it where it is.
  func check(_ check: StrategyCheck) -> [Finding] {
    var check = check
    if isFile { check.script(source) } else { check.manifest("\(source)/strategy.toml") }
    check.finish()
    var findings = check.findings
    let local = check.python[source]?.local ?? []
    if isFile, !local.isEmpty {
      findings.append(
        Finding(
          .error, source,
          "needs \(local.joined(separator: ", ")) beside it: put them into a folder with a strategy.toml, and name that"
        ))
    }
    return findings
  }

  /// Makes a folder of its own at a path where nothing is.
  func copy(to target: String) throws(Failure) {
    if isFile {
      guard mkdir(target, 0o755) == 0 else { throw .system("make \(target)") }
      do throws(Failure) {
        try TextFile.create("\(target)/\(Path.name(source))", TextFile.read(source))
        try TextFile.create("\(target)/strategy.toml", manifest.text)
      } catch {
        Removal.tree(target)
        throw error
      }
      return
    }
    let programs = programs
    if let program = programs.first(where: { $0.hasPrefix(".venv/") }) {
      throw Failure(
        .refused, "virtual_environment",
        "\(program) is of a virtual environment, which works only where it was made: leave the folder where it is "
          + "with --link, or name another interpreter")
    }
    var copy = FolderCopy(from: source, to: target, besides: programs)
    try copy.run()
    guard isRenamed else { return }
    do throws(Failure) {
      try TextFile.replace("\(target)/strategy.toml", manifest.text)
    } catch {
      Removal.tree(target)
      throw error
    }
  }

  /// Programs that it brings in folders that are not copied.
  private var programs: [String] {
    guard let manifest = unscheduled, case .command(let words) = manifest.entry, let program = words.first,
      program.contains("/"),
      !program.hasPrefix("/")
    else { return [] }
    return [program.hasPrefix("./") ? String(program.dropFirst(2)) : program]
  }
}
