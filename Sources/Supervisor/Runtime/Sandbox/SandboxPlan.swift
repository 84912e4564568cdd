import Platform

/// One strategy's cell: what it may reach, as whom, within which limits, and which part of that is not to be had.
///
/// Worked out from what is known of the machine and from the manifest alone; nothing here acts.
struct SandboxPlan: Equatable, Sendable {
  var sandbox: Sandbox
  var limits: SpawnLimits
  /// The command with a Python's own path in the place of whatever led to it.
  var command: [String]
  /// What its cgroup holds it to; only what a controller is there for.
  var cgroup: CgroupLimits
  /// What rbotd puts in force itself; rbot-exec tells the others.
  var layers: [SandboxLayer]
  /// What could be expected here and is not in force: a sentence for each.
  var warnings: [String]
  /// What is worth knowing of its user and nothing to mend: a sentence.
  var note: String?

  /// Makes the plan of one strategy.
  ///
  /// - Parameters:
  ///   - folder: the strategy's, absolute.
  ///   - python: the command's interpreter, if it has one and could be asked.
  ///   - user: the user id that is the strategy's own; nil where there is none left or none to have.
  /// - Throws: ``SandboxMistake``: the manifest asks for what may not be given, or requires what cannot be had.
  init(
    name: String, folder: String, command: [String], wish: SandboxWish, python choice: PythonChoice?,
    user: UInt32?, ground: SandboxGround, view: FileView
  ) throws(SandboxMistake) {
    let python = choice?.place
    var command = command
    let program = PythonCommand.find(
      command[0], folder: folder, searchPath: ground.places.searchPath, view)
    // A virtual environment is known by the name that its interpreter is called by: whoever calls what the link leads
    // to gets none of its packages.
    let isOwn = program.map { PythonCommand.isOwn($0, folder: folder, ground.places) } ?? false
    if let python, !isOwn { command[0] = python.executable }
    self.command = command
    let paths = try SandboxReach(
      name: name, folder: folder, command: command, wish: wish, python: python, ground: ground, view: view)
    let cell = SandboxUser(
      user, needs: paths.needed, runs: python?.executable, ground: ground, state: ground.places.states, view)
    let terms = SandboxTerms(wish, user: cell.user, ground: ground)
    sandbox = Sandbox(
      user: cell.user.map { .init(uid: $0, gid: $0) }, readable: paths.readable, writable: paths.writable,
      shared: ground.shared, allowsNetwork: wish.network, sockets: [ground.places.gatewaySocket],
      tasksMax: wish.processes, countsTasks: terms.countsTasks, isRequired: wish.isRequired)
    note = cell.user == nil ? nil : choice?.reason
    limits = terms.limits
    cgroup = terms.cgroup
    layers = (cell.user == nil ? [cell.layer] : []) + terms.layers
    let closed = cell.user.map { Self.closed(paths.wished, to: $0, view) } ?? []
    warnings = (cell.warning.map { [$0] } ?? []) + closed + terms.warnings
    if wish.isRequired, let first = warnings.first {
      throw SandboxMistake("sandbox.required: \(first)", isFinal: true)
    }
  }
}

extension SandboxPlan {
  /// A sentence for each path that the manifest opens and the strategy's own user cannot get at all the same.
  private static func closed(_ paths: [String], to user: UInt32, _ view: FileView) -> [String] {
    paths.compactMap { path in
      Reach.obstacle(path, user: user, view).map {
        "\(path) stays closed to it, because \($0) is closed to its user, uid \(user): open that, or leave the path out"
      }
    }
  }
}

/// What a strategy may read and write.
struct SandboxReach: Equatable, Sendable {
  var readable: [String]
  var writable: [String]
  /// Those that a user of its own must be able to get at by owner and mode as well.
  var needed: [String]
  /// What the manifest names beyond that.
  var wished: [String]

  init(
    name: String, folder: String, command: [String], wish: SandboxWish, python: PythonPlace?,
    ground: SandboxGround, view: FileView
  ) throws(SandboxMistake) {
    let places = ground.places
    let home = view.resolve(folder) ?? folder
    if let why = SandboxPaths.exposes(home, places) {
      throw SandboxMistake("its folder \(home) \(why)", isFinal: true)
    }
    let read = try Self.given(wish.read, "read", name: name, folder: folder, places, view)
    let write = try Self.given(wish.write, "write", name: name, folder: folder, places, view)
    let program = PythonCommand.find(command[0], folder: folder, searchPath: places.searchPath, view)
    let own = [program.flatMap(view.resolve), home, places.python, places.sdk].compactMap { $0 }
    let runtime = python.map { Self.folders($0, places, view) } ?? []
    let system = SandboxPaths.machine(places, view)
    let network = wish.network ? SandboxPaths.network.compactMap(view.resolve) : []
    // procfs is named as it is: "self" is somebody else at the time of asking.
    let kernel = SandboxPaths.kernel.filter(view.exists)
    readable = SandboxPaths.outermost(system + network + own + runtime + read, view) + kernel
    writable = [places.state(of: name)] + SandboxPaths.devices.filter(view.exists) + write
    needed = [python?.executable ?? program, folder, places.sdk].compactMap { $0 } + runtime
    // Not needed: what a manifest names is no reason to give up the strategy's own user, whose rights it would widen.
    wished = read + write
    guard readable.count <= Sandbox.readableMax, writable.count <= Sandbox.writableMax else {
      throw SandboxMistake(
        "its sandbox would open \(readable.count) folders and files for reading and \(writable.count) for writing, "
          + "and \(Sandbox.readableMax) and \(Sandbox.writableMax) are the most: name fewer", isFinal: true)
    }
    guard let shared = ground.shared?.paths else { return }
    readable.removeAll { shared.contains($0) }
    writable.removeAll { shared.contains($0) }
  }

  /// The paths of a manifest's key, absolute and without links.
  static func given(
    _ paths: [String], _ key: String, name: String, folder: String, _ places: SandboxGround.Places,
    _ view: FileView
  ) throws(SandboxMistake) -> [String] {
    var found: [String] = []
    for path in paths {
      let full = PathText.normal(path, in: folder)
      let real = view.resolve(full) ?? full
      let home = view.resolve(folder) ?? folder
      if let why = SandboxPaths.refusal(real, writing: key == "write", name: name, folder: home, places, view)
      {
        throw SandboxMistake("sandbox.\(key): \(path) \(why)", isFinal: true)
      }
      found.append(real)
    }
    return found
  }

  /// An interpreter's folders, without what must stay closed.
  static func folders(
    _ python: PythonPlace, _ places: SandboxGround.Places, _ view: FileView
  ) -> [String] {
    let prefixes = python.prefixes.compactMap(view.resolve).flatMap { SandboxPaths.open($0, places, view) }
    let paths = python.paths.compactMap(view.resolve).filter { SandboxPaths.exposes($0, places) == nil }
    return SandboxPaths.outermost(
      prefixes + paths + [view.resolve(python.executable)].compactMap { $0 }, view)
  }
}
