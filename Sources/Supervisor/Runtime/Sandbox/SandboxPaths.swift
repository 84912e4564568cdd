/// What every strategy may read, and what no manifest may open.
enum SandboxPaths {
  /// Programs and libraries of the system. Neither `/etc` nor `/var`, where settings and other people's data are,
  /// nor a home.
  static let system = ["/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/opt"]

  /// Single files and folders of `/etc` that libraries look at.
  static let settings =
    [
      "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "localtime", "timezone", "passwd",
      "group",
      "nsswitch.conf", "os-release", "ssl", "ca-certificates", "pki", "alternatives", "mime.types",
      "inputrc", "terminfo", "fonts", "python3",
    ].map { "/etc/" + $0 } + (9...15).map { "/etc/python3.\($0)" }

  /// Those that a program needs to find hosts.
  static let network = ["hosts", "resolv.conf", "host.conf", "gai.conf", "services", "protocols"].map {
    "/etc/" + $0
  }

  /// What the kernel tells of the machine and of the process itself.
  static let kernel =
    [
      ownProcess, "/sys/devices/system/cpu", "/sys/devices/system/node",
      "/sys/kernel/mm/transparent_hugepage",
    ] + pinned

  private static let ownProcess = "/proc/self"

  /// Files of procfs that are not the process's own. A Landlock rule holds for an inode, and procfs makes a new one
  /// whenever the old is dropped from the cache: whoever gives a rule on one must keep it open (``ProcPins``).
  static let pinned =
    [
      "cpuinfo", "meminfo", "stat", "uptime", "loadavg", "version", "filesystems",
      "sys/vm/overcommit_memory", "sys/vm/max_map_count", "sys/kernel/osrelease", "sys/kernel/pid_max",
      "sys/kernel/random/boot_id",
    ].map { "/proc/" + $0 }

  static let devices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]

  /// Programs, libraries and settings, as far as they are there and hold nothing that must stay closed.
  static func machine(_ places: SandboxGround.Places, _ view: FileView) -> [String] {
    system.compactMap(view.resolve).flatMap { open($0, places, view) } + settings.compactMap(view.resolve)
  }

  /// What is the same for every strategy: all of it may be read, the devices written too.
  static func shared(_ places: SandboxGround.Places, _ view: FileView) -> (
    readable: [String], writable: [String]
  ) {
    (
      readable: outermost(machine(places, view), view)
        + kernel.filter { $0 != ownProcess && view.exists($0) },
      writable: devices.filter(view.exists)
    )
  }

  /// Roots that hold everyone's things at once.
  private static let wholes = ["/", "/proc", "/sys", "/dev", "/run", "/var", "/etc", "/home", "/root"]

  /// Why a manifest may not open a path, as a sentence without the path; nil where it may.
  ///
  /// - Parameters:
  ///   - path: absolute, without symbolic links.
  ///   - folder: the strategy's own folder, likewise.
  static func refusal(
    _ path: String, writing: Bool, name: String, folder: String, _ places: SandboxGround.Places,
    _ view: FileView
  ) -> String? {
    if wholes.contains(path) { return "is far too much: name what the strategy needs in it" }
    let own = [folder, places.state(of: name)]
    for (what, secret) in secrets(places) where touches(path, secret) && !isOwn(path, own) {
      return "would open \(what), \(secret)"
    }
    if PathText.isWithin(path, places.strategies), path != places.strategies, !isOwn(path, own) {
      // A folder without a manifest is nobody's: data that strategies share, say.
      let part = path.dropFirst(places.strategies.count + 1).prefix { $0 != "/" }
      let other = places.strategies + "/" + part
      if view.exists(other + "/strategy.toml") {
        return "would open the folder of another strategy, \(other)"
      }
    }
    if let why = reserved(path, writing: writing), !isOwn(path, own + [places.strategies]) { return why }
    guard writing else { return nil }
    // What is trusted must not be changed by whom it is trusted about.
    let programs = places.programs.map { ("rbotd's programs", $0) } + [("the system's programs", "/usr")]
    let sdk = places.sdk.map { [("the SDK", $0)] } ?? []
    for (what, trusted) in programs + sdk where touches(path, trusted) {
      return "would let it change \(what), \(trusted)"
    }
    if PathText.isWithin(folder + "/strategy.toml", path) { return "would let it change its own manifest" }
    return nil
  }

  /// What of the system no manifest has any business with, whatever rbotd's own user may do there.
  private static func reserved(_ path: String, writing: Bool) -> String? {
    let secret = ["/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/etc/ssl/private"]
    if path.split(separator: "/").contains(".ssh") || secret.contains(where: { PathText.isWithin(path, $0) })
    {
      return "would open keys and passwords"
    }
    if PathText.isWithin(path, "/proc"), !kernel.contains(path) { return "would show it other processes" }
    guard writing else { return nil }
    let system = ["/etc", "/boot", "/proc", "/sys", "/bin", "/sbin", "/lib", "/lib32", "/lib64"]
    let changed = system.first { PathText.isWithin(path, $0) }
    return changed.map { "would let it change the system, \($0)" }
  }

  /// Why a folder may not be opened to a strategy as a whole, whoever asks for it; nil where it may.
  static func exposes(_ folder: String, _ places: SandboxGround.Places) -> String? {
    if wholes.contains(folder) { return "is far too much to open" }
    for (what, secret) in secrets(places) where touches(folder, secret) {
      return "would open \(what), \(secret)"
    }
    return nil
  }

  /// A folder of programs and libraries; where a home or the strategies lie in it, the parts of it that programs
  /// look at and that hold none of those.
  static func open(_ folder: String, _ places: SandboxGround.Places, _ view: FileView, depth: Int = 0)
    -> [String]
  {
    if exposes(folder, places) == nil { return [folder] }
    guard depth < 3 else { return [] }
    return parts.compactMap { view.resolve((folder == "/" ? "" : folder) + "/" + $0) }
      .filter { PathText.isWithin($0, folder) }
      .flatMap { open($0, places, view, depth: depth + 1) }
  }

  private static let parts = [
    "bin", "sbin", "lib", "lib32", "lib64", "libexec", "include", "local", "share", "pyvenv.cfg", "zoneinfo",
    "ca-certificates", "python3", "locale", "misc", "mime",
  ]

  /// What no strategy may reach.
  private static func secrets(_ places: SandboxGround.Places) -> [(what: String, path: String)] {
    [
      ("the supervisor's database", places.state + "/supervisor.sqlite"),
      ("the gateway's database", places.state + "/trading.sqlite"),
      ("rbotd's sockets", places.runtime), ("rbotd's settings", places.settings),
      ("the state of other strategies", places.states),
    ] + (places.strategies == "/" ? [] : [("the folders of other strategies", places.strategies + "/")])
  }

  private static func touches(_ path: String, _ secret: String) -> Bool {
    // The folder of strategies: opened by what holds it, not by what lies in it.
    if secret.hasSuffix("/") { return PathText.isWithin(String(secret.dropLast()), path) }
    // A database has its companions beside it: the same name with more behind it.
    return PathText.isWithin(secret, path) || PathText.isWithin(path, secret)
      || path.hasPrefix(secret + "-")
  }

  private static func isOwn(_ path: String, _ own: [String]) -> Bool {
    own.contains { PathText.isWithin(path, $0) }
  }

  /// Without those that lie in another that is there as well.
  static func outermost(_ paths: [String], _ view: FileView) -> [String] {
    var kept: [String] = []
    for path in paths where !paths.contains(where: { $0 != path && PathText.isWithin(path, $0) }) {
      if !kept.contains(path) { kept.append(path) }
    }
    return kept
  }
}
