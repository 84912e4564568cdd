import Wire

/// Where a Python interpreter lives, by its own account.
struct PythonPlace: Equatable, Sendable {
  /// The interpreter itself, whatever shim led to it.
  var executable: String
  /// The folders that it was installed to; more than one in a virtual environment.
  var prefixes: [String]
  /// Its search path: folders and archives, some of which may not be there.
  var paths: [String]

  /// What the interpreter runs to tell. The SDK is imported so that its bytecode is cached before a sandbox keeps it
  /// from being written, and so that a Python that is too old for it shows that here.
  static let question = """
    import json, sys
    path = [entry for entry in sys.path if entry]
    if len(sys.argv) > 1:
        sys.path.insert(0, sys.argv[1])
        import rbot, rbot.__main__
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    print(json.dumps({"executable": sys.executable, "prefixes": sorted(prefixes), "path": path}))
    """

  /// Reads the answer: the last line that was printed, since start files may print too. Nil where it is none.
  init?(answer: String) {
    guard let line = answer.split(separator: "\n").last, let json = try? JSON.parse(String(line)),
      let executable = json["executable"]?.stringValue, executable.hasPrefix("/"),
      let prefixes = json["prefixes"]?.arrayValue, let paths = json["path"]?.arrayValue
    else { return nil }
    self.executable = executable
    self.prefixes = prefixes.compactMap(\.stringValue).filter { $0.hasPrefix("/") }
    self.paths = paths.compactMap(\.stringValue).filter { $0.hasPrefix("/") }
  }

  init(executable: String, prefixes: [String], paths: [String]) {
    self.executable = executable
    self.prefixes = prefixes
    self.paths = paths
  }
}

/// Which interpreter a command means, and whether it may be asked.
enum PythonCommand {
  /// The interpreter to ask for a command, as an absolute path; nil where the command is no Python, or where asking
  /// would run a strategy's own file outside of every sandbox.
  ///
  /// - Parameter program: where the command's first word was found.
  static func interpreter(
    _ program: String, folder: String, _ places: SandboxGround.Places, _ view: FileView
  ) -> String? {
    let name = program.split(separator: "/").last.map(String.init) ?? program
    guard isPython(name) else { return nil }
    // A virtual environment in the strategy's folder: its interpreter is a link, and what that leads to is the
    // system's. One that was copied there is the strategy's own.
    let asked = isOwn(program, folder: folder, places) ? view.resolve(program) ?? program : program
    return isOwn(asked, folder: folder, places) ? nil : asked
  }

  /// Whether a program lies where strategies keep their own things.
  static func isOwn(_ program: String, folder: String, _ places: SandboxGround.Places) -> Bool {
    [folder, places.strategies, places.states].contains { PathText.isWithin(program, $0) }
  }

  /// `python`, `python3`, `python3.12`.
  static func isPython(_ name: String) -> Bool {
    guard name.hasPrefix("python") else { return false }
    return name.dropFirst(6).allSatisfy { $0.isNumber || $0 == "." }
  }

  /// Where a command's first word is found: as `execvp` does it, in the strategy's folder.
  static func find(_ word: String, folder: String, searchPath: String, _ view: FileView) -> String? {
    func isProgram(_ path: String) -> Bool {
      view.facts(path).map { !$0.isFolder && $0.mode & 0o111 != 0 } ?? false
    }
    if word.contains("/") {
      let path = word.hasPrefix("/") ? word : folder + "/" + word
      return isProgram(path) ? path : nil
    }
    return searchPath.split(separator: ":").lazy.map { "\($0)/\(word)" }.first(where: isProgram)
  }
}
