import Config
import Glibc
import Platform
import Runtime

/// Where things are, from the command line, the settings and the environment; all paths absolute.
struct Layout {
  let home: String
  let config: String
  let runtime: String

  init(_ arguments: Arguments) {
    let isService = geteuid() == 0 && arguments.home == nil
    let user = environment("HOME") ?? "/"
    home = absolute(arguments.home ?? (isService ? "/var/lib/rbotd" : "\(user)/.local/state/rbotd"))
    config = absolute(arguments.config ?? (isService ? "/etc/rbotd/rbotd.toml" : "\(home)/rbotd.toml"))
    runtime = isService ? environment("RUNTIME_DIRECTORY") ?? "/run/rbotd" : home
  }

  /// Where the strategies are: said, or beside the settings.
  func strategies(_ arguments: Arguments, _ settings: DaemonSettings) -> String {
    let beside = config.split(separator: "/").dropLast().joined(separator: "/")
    if let said = arguments.strategies { return absolute(said) }
    if let said = settings.supervisor.strategies { return said.hasPrefix("/") ? said : "/\(beside)/\(said)" }
    return "/\(beside)/strategies"
  }

  /// Makes the folders that nobody else makes.
  func makeFolders() throws(SystemError) {
    for folder in [home, runtime, home + "/state"] { try makeFolder(folder) }
  }

  func options(_ arguments: Arguments, _ settings: DaemonSettings) throws -> SupervisorOptions {
    let strategies = strategies(arguments, settings)
    var options = SupervisorOptions(home: home, config: config, strategies: strategies, settings: settings)
    options.feed = arguments.feed
    options.controlSocket = runtime + "/control.sock"
    options.gatewaySocket = runtime + "/gateway.sock"
    options.helper = try program("rbot-exec")
    options.gateway = try program("rbot-gateway")
    let bin = Executable.path.split(separator: "/").dropLast().joined(separator: "/")
    options.searchPath = "/\(bin):" + (environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin")
    options.pythonPath = [strategies, "/\(bin)/../lib/rbotd/python", "/\(bin)/../share/rbotd/python"]
      .first { access($0 + "/rbot/__init__.py", R_OK) == 0 }
    if let name = settings.supervisor.controlGroup {
      guard let group = getgrnam(name) else {
        throw Refused("the group \(name) of [supervisor] control_group does not exist")
      }
      options.controlGroup = group.pointee.gr_gid
    }
    return options
  }

  private func program(_ name: String) throws -> String {
    guard let path = Executable.sibling(name) else {
      throw Refused(
        "\(name) is missing; it must be one of \(Executable.candidates(name).joined(separator: ", "))")
    }
    return path
  }
}

/// Why rbotd does not start.
struct Refused: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

private func absolute(_ path: String) -> String {
  if path.hasPrefix("/") { return path }
  guard let folder = getcwd(nil, 0) else { return path }
  defer { free(folder) }
  let clean = path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  return String(cString: folder) + (clean.isEmpty ? "" : "/" + clean)
}

private func makeFolder(_ path: String) throws(SystemError) {
  var made = ""
  for part in path.split(separator: "/") {
    made += "/" + part
    guard mkdir(made, 0o700) == 0 || errno == EEXIST || errno == EROFS || access(made, F_OK) == 0 else {
      throw SystemError("make the folder \(made)")
    }
  }
  guard access(path, W_OK) == 0 else { throw SystemError("write in the folder \(path)") }
}
