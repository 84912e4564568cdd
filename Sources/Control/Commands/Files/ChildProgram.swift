import Glibc

/// Runs another program and waits for it.
enum ChildProgram {
  /// How it ended.
  struct End: Sendable {
    /// Its exit code, or 128 and the signal's number.
    var code: Int32
    /// What it wrote, where that was kept.
    var output: String
  }

  private static let outputBytesMax = 4 << 20

  /// Runs a program with its output kept, standard error with it when that is wanted.
  ///
  /// - Parameter arguments: the program's path, or its name where it is to be looked for, and its arguments.
  static func output(of arguments: [String], environment: [String: String], keepsErrors: Bool = false)
    throws(Failure) -> End
  {
    let ends = try pipeEnds()
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(null) }
    let pid: pid_t
    do throws(Failure) {
      pid = try start(
        arguments, environment: environment, descriptors: [null, ends[1], keepsErrors ? ends[1] : null])
    } catch {
      close(ends[0])
      close(ends[1])
      throw error
    }
    close(ends[1])
    defer { close(ends[0]) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      if bytes.count < outputBytesMax { bytes += buffer[..<count] }
    }
    return End(code: wait(for: pid), output: String(decoding: bytes, as: UTF8.self))
  }

  /// The reading and the writing end of a pipe, neither of which a program inherits.
  static func pipeEnds() throws(Failure) -> [CInt] {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .system("make a pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  /// Runs a program on the person's own terminal.
  static func onTerminal(_ arguments: [String], environment: [String: String]) throws(Failure) -> End {
    let pid = try start(
      arguments, environment: environment, descriptors: [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO])
    return End(code: wait(for: pid), output: "")
  }

  /// Starts a program with these as its standard input, output and error.
  static func start(
    _ arguments: [String], environment: [String: String], descriptors: [CInt], inOwnSession: Bool = false
  ) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, CInt(target))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    // POSIX_SPAWN_SETSID, which Swift does not see.
    let session: Int32 = inOwnSession ? 0x80 : 0
    posix_spawnattr_setflags(
      &attributes, Int16(Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | session))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + settings { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &words, &settings)
    guard code == 0 else {
      throw Failure(.refused, "program", "cannot run \(arguments[0]): \(String(cString: strerror(code)))")
    }
    return pid
  }

  static func wait(for pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 { if errno != EINTR { return 127 } }
    return code(of: status)
  }

  /// Nil while it runs.
  static func ended(_ pid: pid_t) -> Int32? {
    var status: Int32 = 0
    return waitpid(pid, &status, WNOHANG) == pid ? code(of: status) : nil
  }

  private static func code(of status: Int32) -> Int32 {
    status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }
}
