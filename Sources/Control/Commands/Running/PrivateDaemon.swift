import Config
import Glibc
import Platform

/// An rbotd of our own, with one strategy, in a folder that is gone afterwards.
///
/// Between it and us stands a shell that holds the other end of a pipe. When we let go of ours, be it because we were
/// killed, the shell tells rbotd to stop, waits for it, and removes the folder.
struct PrivateDaemon {
  /// The folder of everything.
  let folder: String
  private let guardian: pid_t
  private let leash: CInt
  private let log: CInt

  var socket: String { "\(folder)/home/run/control.sock" }

  private static let script = """
    folder=$1; shift
    "$@" & pid=$!
    while read -r _; do :; done
    kill -TERM "$pid" 2>/dev/null
    wait "$pid"; code=$?
    rm -rf -- "$folder"
    exit "$code"
    """

  /// Makes the folder and starts rbotd in it.
  ///
  /// - Throws: ``Failure``; nothing is left then.
  static func start(_ candidate: Candidate, feed: String, environment: [String: String]) throws
    -> PrivateDaemon
  {
    guard let program = Executable.sibling("rbotd") else {
      let places = Executable.candidates("rbotd").joined(separator: " or ")
      throw Failure(.refused, "no_daemon", "rbotd is missing: it must be \(places)")
    }
    var template = Array("\(temporary(environment))/rbot-run-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure.system("make a temporary folder") }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
      try furnish(folder, candidate)
      let command = [
        program, "--home", "\(folder)/home", "--config", "\(folder)/rbotd.toml", "--strategies",
        "\(folder)/strategies", "--feed", feed,
      ]
      return try launch(command, folder, environment)
    } catch {
      Removal.tree(folder)
      throw error
    }
  }

  private static func launch(_ command: [String], _ folder: String, _ environment: [String: String])
    throws(Failure) -> PrivateDaemon
  {
    let ends = try ChildProgram.pipeEnds()
    let log = open("\(folder)/output", O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
    guard log >= 0 else { throw .system("make \(folder)/output") }
    var environment = environment
    for name in [
      "RBOT_HOME", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "CONFIGURATION_DIRECTORY",
      "RUNTIME_DIRECTORY",
      "STATE_DIRECTORY",
    ] { environment[name] = nil }
    defer { close(ends[0]) }
    do throws(Failure) {
      // A session of its own: Ctrl-C on the terminal is for us alone, and we tell it.
      let pid = try ChildProgram.start(
        ["/bin/sh", "-c", script, "sh", folder] + command, environment: environment,
        descriptors: [ends[0], log, log], inOwnSession: true)
      return PrivateDaemon(folder: folder, guardian: pid, leash: ends[1], log: log)
    } catch {
      close(ends[1])
      close(log)
      throw error
    }
  }

  /// A long path would be too long for a socket.
  private static func temporary(_ environment: [String: String]) -> String {
    let wanted = environment["TMPDIR"] ?? ""
    return wanted.hasPrefix("/") && wanted.utf8.count <= 40 && Path.kind(wanted) == .folder ? wanted : "/tmp"
  }

  /// The strategy's folder is one of links to what is in the real one, with a manifest of its own.
  private static func furnish(_ folder: String, _ candidate: Candidate) throws {
    let place = "\(folder)/strategies/\(candidate.name)"
    for path in ["\(folder)/home", "\(folder)/strategies", place] {
      guard mkdir(path, 0o755) == 0 else { throw Failure.system("make \(path)") }
    }
    // A worker with a user of its own has to get to its folder.
    chmod(folder, 0o711)
    let names = candidate.isFile ? [Path.name(candidate.source)] : Path.names(in: candidate.source) ?? []
    for name in names where name != "strategy.toml" {
      let target = candidate.isFile ? candidate.source : "\(candidate.source)/\(name)"
      guard symlink(target, "\(place)/\(name)") == 0 else { throw Failure.system("make \(place)/\(name)") }
    }
    try TextFile.create("\(place)/strategy.toml", candidate.manifest.text)
    try TextFile.create("\(folder)/rbotd.toml", settings(candidate.source))
  }

  private static func settings(_ source: String) -> String {
    let text = """
      [supervisor]
      shutdown_timeout = "20s"
      [gateway]
      listen = "127.0.0.1:0"

      """
    // What only we can reach is out of reach for a user of its own.
    guard geteuid() == 0, !isOpenToAll(source) else { return text }
    return text + "[sandbox]\nusers = false\n"
  }

  private static func isOpenToAll(_ path: String) -> Bool {
    var partial = ""
    for part in path.split(separator: "/") {
      partial += "/" + part
      var status = stat()
      guard stat(partial, &status) == 0 else { return false }
      let needed: mode_t = status.st_mode & S_IFMT == S_IFDIR ? 0o001 : 0o004
      if status.st_mode & needed == 0 { return false }
    }
    return true
  }

  /// What rbotd has written, for when it does not start.
  var said: String {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    let count = pread(log, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// Lets go, and waits until nothing is left. A further Ctrl-C does not wait.
  func end() async {
    close(leash)
    defer { close(log) }
    let before = Interruptions.count
    for _ in 0..<300 {
      if ChildProgram.ended(guardian) != nil { return }
      if Interruptions.count > before { break }
      try? await Task.sleep(for: .milliseconds(100))
    }
    // Its workers do not outlive it.
    kill(-guardian, SIGKILL)
    _ = ChildProgram.wait(for: guardian)
    for _ in 0..<40 {
      Removal.tree(folder)
      if Path.kind(folder) == .nothing { return }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }
}
