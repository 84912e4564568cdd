/// The interpreter that a strategy runs with.
struct PythonChoice: Equatable, Sendable {
  var place: PythonPlace
  /// Why it is not the first that the command's name leads to, as a sentence; nil where it is.
  var reason: String?
}

extension PythonCommand {
  /// The most interpreters that are asked for one command.
  private static let candidatesMax = 4

  /// The interpreters that a command may mean, the first that is found first. A path means that one alone; a name means
  /// each of that name on the `PATH`, and plain `python3` the system's own too, wherever the `PATH` leads.
  ///
  /// - Parameter word: the command's first.
  static func candidates(
    _ word: String, folder: String, _ places: SandboxGround.Places, _ view: FileView
  ) -> [String] {
    guard let first = find(word, folder: folder, searchPath: places.searchPath, view) else { return [] }
    var found = [first]
    if !word.contains("/"), isPython(word) {
      let more = ["python", "python3"].contains(word) ? ["/usr/bin/python3"] : []
      let named = places.searchPath.split(separator: ":").map { "\($0)/\(word)" } + more
      found += named.compactMap { find($0, folder: folder, searchPath: "", view) }
    }
    var seen: Set<String> = []
    return found.compactMap { interpreter($0, folder: folder, places, view) }
      .filter { seen.insert(view.resolve($0) ?? $0).inserted }.prefix(candidatesMax).map { $0 }
  }
}

extension PythonPlace {
  /// The first file or folder that keeps a user from running it; nil where nothing does.
  func obstacle(for user: UInt32, _ places: SandboxGround.Places, _ view: FileView) -> String? {
    ([executable] + SandboxReach.folders(self, places, view)).lazy
      .compactMap { Reach.obstacle($0, user: user, view) }.first
  }
}

extension Supervisor {
  /// The interpreter of a command; nil where the command is no Python. One that the strategy's own user can run is
  /// taken before one that it would have to give up that user for.
  ///
  /// - Parameter found: the candidates.
  func choosePython(_ found: [PythonBook.Key], user: UInt32?) async -> Result<PythonChoice, SandboxMistake>? {
    let places = options.places
    guard let first = found.first else { return nil }
    let answer = await python(first)
    guard let user, case .success(let place) = answer, found.count > 1 else {
      return answer.map { PythonChoice(place: $0) }
    }
    let obstacle = await SandboxDriver.away { place.obstacle(for: user, places, SandboxDriver.view) }
    guard let obstacle else { return .success(PythonChoice(place: place)) }
    for other in found.dropFirst() {
      guard case .success(let place) = await python(other) else { continue }
      let isOpen = await SandboxDriver.away {
        place.obstacle(for: user, places, SandboxDriver.view) == nil
      }
      guard isOpen else { continue }
      let reason =
        "it runs with \(place.executable) and not with \(first.path), since \(obstacle) is closed to its user: "
        + "open that, or name the interpreter by its path (supervisor.python) to have it run as rbotd's own user"
      return .success(PythonChoice(place: place, reason: reason))
    }
    return .success(PythonChoice(place: place))
  }
}
