@testable import Runtime

/// A file system of a few lines, and a home on it.
struct Machine {
  var files: [String: FileFacts] = [:]
  /// Symbolic links: their path, and where they lead.
  var links: [String: String] = [:]
  var ground = SandboxGround(
    ownUser: 0, mayChangeUser: true, wantsUsers: true, controllers: nil,
    places: .init(
      state: "/srv/bot", runtime: "/srv/bot/run", settings: "/srv/bot/rbotd.toml",
      strategies: "/srv/strategies", programs: ["/usr/local/libexec/rbotd"],
      searchPath: "/usr/local/libexec/rbotd:/usr/bin", sdk: "/srv/strategies/rbot",
      gatewaySocket: "/srv/bot/run/gateway.sock"))

  init() {
    for folder in ["/", "/usr", "/usr/bin", "/usr/lib", "/etc", "/etc/ssl", "/opt", "/proc", "/srv"] {
      add(folder, folder: true)
    }
    for folder in ["/srv/bot", "/srv/bot/run", "/srv/bot/state"] { add(folder, folder: true, mode: 0o711) }
    for folder in ["/srv/bot/run/python", "/srv/strategies", "/srv/strategies/rbot", "/srv/strategies/grid"] {
      add(folder, folder: true)
    }
    for file in [
      "/etc/passwd", "/proc/self", "/proc/cpuinfo", "/dev/null", "/srv/strategies/grid/strategy.toml",
    ] {
      add(file)
    }
    add("/usr/bin/python3.11", mode: 0o755)
    add("/usr/bin/true", mode: 0o755)
    links["/usr/bin/python3"] = "/usr/bin/python3.11"
    links["/lib"] = "/usr/lib"
    links["/bin"] = "/usr/bin"
  }

  mutating func add(_ path: String, folder: Bool = false, owner: UInt32 = 0, mode: UInt32? = nil) {
    files[path] = FileFacts(
      user: owner, group: owner, mode: mode ?? (folder ? 0o755 : 0o644), isFolder: folder)
  }

  mutating func addStrategy(_ name: String) {
    add("/srv/strategies/\(name)", folder: true)
    add("/srv/strategies/\(name)/strategy.toml")
  }

  var view: FileView {
    let (files, links) = (files, links)
    @Sendable func follow(_ path: String) -> String {
      var real = ""
      for part in path.split(separator: "/") where part != "." {
        real += "/" + part
        if let target = links[real] { real = target }
      }
      return real.isEmpty ? "/" : real
    }
    return FileView(
      facts: { files[follow($0)] },
      resolve: { path in
        let real = follow(path)
        return files[real] == nil ? nil : real
      })
  }

  /// The plan of the strategy "grid"; its own user is 60600.
  func plan(
    _ wish: SandboxWish = SandboxWish(),
    command: [String] = ["true"], folder: String = "/srv/strategies/grid", python: PythonPlace? = nil,
    choice: PythonChoice? = nil, user: UInt32? = 60_600
  ) throws(SandboxMistake) -> SandboxPlan {
    try SandboxPlan(
      name: "grid", folder: folder, command: command, wish: wish,
      python: choice ?? python.map { PythonChoice(place: $0) }, user: user, ground: ground, view: view)
  }
}

/// A wish of a manifest, with a few words.
func wish(_ change: (inout SandboxWish) -> Void) -> SandboxWish {
  var wish = SandboxWish()
  change(&wish)
  return wish
}
