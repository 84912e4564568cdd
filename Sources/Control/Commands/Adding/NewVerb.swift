import ArgumentParser
import Glibc
import Model
import Wire

struct NewVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "new", abstract: "Make a folder with a working strategy, to begin with.",
    discussion: """
        rbotctl new my-bot --python              a Strategy class
        rbotctl new my-bot --python --function   a run() function, the simplest form
        rbotctl new my-bot --swift               a Swift package
        rbotctl new my-bot --c                   C on the wire protocol alone, without a library

      Then try it with rbotctl run, and give it to the daemon with rbotctl add.
      """)

  static let needsDaemon = false

  @ParentCommand var parent: Rbotctl
  @Argument(help: "Its name: \(StrategyName.rule).") var name: String
  @Flag(help: "In Python.") var python = false
  @Flag(help: "In Swift.") var swift = false
  @Flag(help: "In C.") var c = false
  @Flag(help: "With --python: a run() function instead of a class.") var function = false
  @Option(help: ArgumentHelp("Where the folder is made: here, unless said.", valueName: "dir")) var at = "."
  @Option(help: ArgumentHelp("With --swift: the sources of rbotd to build against.", valueName: "dir"))
  var sources: String?
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard [python, swift, c].count(where: { $0 }) == 1 else {
      throw ValidationError("say --python, --swift or --c")
    }
    if function && !python { throw ValidationError("--function goes with --python") }
    if sources != nil && !swift { throw ValidationError("--sources goes with --swift") }
  }

  func run(_ session: Session) async throws -> ExitStatus {
    try Self.check(name)
    var skeleton = Skeleton(
      name: name, form: swift ? .swift : c ? .c : function ? .pythonFunction : .pythonClass)
    if swift { skeleton.sources = try strategyKit() }
    if c { skeleton.example = try example() }
    guard Path.kind(at) == .folder else {
      throw Failure(.refused, "no_such_folder", "there is no folder \(at); make it first, or name another")
    }
    let folder = at == "." ? name : (at.hasSuffix("/") ? at : at + "/") + name
    try make(skeleton, in: folder)
    try tell(skeleton, folder, session)
    return .done
  }

  /// - Throws: ``Failure`` for a name that a strategy cannot have.
  static func check(_ name: String) throws(Failure) {
    if ["rbotd", "gateway", "rbot"].contains(name) {
      throw Failure(.usage, "bad_name", "the name \(name) is taken by rbotd itself; choose another")
    }
    guard StrategyName(name) == nil else { return }
    let proposal = Skeleton.proposal(for: name).map { "; how about \($0)?" } ?? ""
    throw Failure(.usage, "bad_name", "a strategy's name is \(StrategyName.rule), not \"\(name)\"\(proposal)")
  }

  /// The sources that an installed rbotd brings, or a checkout has.
  private func example() throws -> [(path: String, text: String)] {
    guard let folder = Installation(strategies: nil).c else {
      throw Failure(
        .refused, "no_sources",
        "the example in C was not installed with this rbotctl (share/rbotd/c): make install puts it there")
    }
    return try ["main.c", "link.c", "link.h", "json.c", "json.h"].map {
      ($0, try TextFile.read("\(folder)/\($0)"))
    }
  }

  private func strategyKit() throws(Failure) -> String {
    let found = sources ?? Installation(strategies: nil).checkout
    guard let found, let real = Path.real(found), Path.kind("\(real)/Sources/Worker/StrategyKit") == .folder
    else {
      throw Failure(
        .refused, "no_sources",
        "a strategy in Swift is built against rbotd's sources, and there are none at \(sources ?? "hand"); "
          + "get those of version \(Version.text) and say where they are: --sources DIR (it needs Swift 6.2 or later)"
      )
    }
    return real
  }

  private func make(_ skeleton: Skeleton, in folder: String) throws(Failure) {
    guard mkdir(folder, 0o755) == 0 else {
      if errno == EEXIST {
        throw Failure(
          .refused, "exists", "\(folder) is there already; choose another name, or --at another folder")
      }
      throw .system("make \(folder)")
    }
    do throws(Failure) {
      for file in skeleton.files {
        if file.path.contains("/"), mkdir("\(folder)/\(Path.folder(file.path))", 0o755) != 0, errno != EEXIST
        {
          throw .system("make \(folder)/\(Path.folder(file.path))")
        }
        try TextFile.create("\(folder)/\(file.path)", file.text)
      }
    } catch {
      Removal.tree(folder)
      throw error
    }
  }

  private func tell(_ skeleton: Skeleton, _ folder: String, _ session: Session) throws {
    let build = c ? "make -C \(folder)" : "(cd \(folder) && swift build -c release)"
    let next =
      (swift || c ? [(build, "build it")] : []) + [
        (session.command("run \(folder)"), "try it here, on made-up quotes"),
        (session.command("check \(folder)"), "is anything wrong with it?"),
        (session.command("add \(folder)"), "give it to the daemon"),
      ]
    if session.isJSON {
      return try session.write([
        "name": .string(name), "folder": .string(folder),
        "files": .array(skeleton.files.map { .string("\(folder)/\($0.path)") }),
        "next": .array(next.map { .string($0.0) }),
      ])
    }
    try session.write(
      skeleton.files.map { Line([Span("made  ", .dim), Span("\(folder)/\($0.path)")]) } + [""])
    let width = next.map { TextWidth.of($0.0) }.max() ?? 0
    try session.surroundings.output.write(
      next.map { command, why in
        let padding = String(repeating: " ", count: width - TextWidth.of(command) + 2)
        return Line([Span(command, .bold), Span(padding + why, .dim)])
          .rendered(inColour: session.page.isColoured) + "\n"
      }.joined())
  }
}
