import Platform

/// As whom a strategy runs.
struct SandboxUser: Equatable, Sendable {
  /// Nil: as rbotd itself.
  var user: UInt32?
  /// Told where there is no user of its own.
  var layer = SandboxLayer(name: "user", isInForce: false, detail: "")
  /// Where one could be expected and cannot be had.
  var warning: String?

  /// - Parameters:
  ///   - own: the user id that is the strategy's own.
  ///   - needed: files and folders that it must get at.
  ///   - interpreter: the Python that it runs with.
  init(
    _ own: UInt32?, needs needed: [String], runs interpreter: String?, ground: SandboxGround, state: String,
    _ view: FileView
  ) {
    if let why = ground.whyNoUsers {
      layer.detail = why
      return
    }
    let why: String? =
      if !ground.hasListener {
        "this kernel does not let rbotd connect in a worker's name, and the gateway's socket is closed to other "
          + "users"
      } else if own == nil {
        "no user id of sandbox.uids is free: widen it in rbotd.toml"
      } else {
        own.flatMap { Self.obstacle($0, needed, interpreter, ground, state, view) }
      }
    if let why {
      layer.detail = why
      warning = "it runs as rbotd's own user: \(why)"
    } else {
      user = own
    }
  }

  private static func obstacle(
    _ user: UInt32, _ needed: [String], _ interpreter: String?, _ ground: SandboxGround, _ state: String,
    _ view: FileView
  ) -> String? {
    for path in needed {
      guard let stop = Reach.obstacle(path, user: user, view) else { continue }
      if path == interpreter {
        return "\(path) cannot be reached by uid \(user), since \(stop) is closed to it: "
          + "set supervisor.python = \"/usr/bin/python3\", or open the folder"
      }
      return
        "\(path) cannot be reached by uid \(user), since \(stop) is closed to it: open the folder, or move it"
    }
    for folder in [state, ground.places.python] {
      if let stop = Reach.obstacle(through: folder, user: user, view) {
        return
          "\(folder) cannot be reached by uid \(user), since \(stop) is closed to it: choose another --home, "
          + "or open the folder"
      }
    }
    return nil
  }
}
