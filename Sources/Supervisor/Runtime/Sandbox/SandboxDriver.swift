import Glibc
import Platform
import Synchronization

/// Answers that hold for a second; as many as there are different questions.
private final class Recent<Answer: Sendable>: Sendable {
  private static var nanoseconds: UInt64 { 1_000_000_000 }
  private let known = Mutex<[String: (answer: Answer, until: UInt64)]>([:])

  func value(_ question: String, _ ask: (String) -> Answer) -> Answer {
    let now = MonotonicClock.nanoseconds
    if let found = known.withLock({ $0[question] }), found.until > now { return found.answer }
    let answer = ask(question)
    known.withLock { $0[question] = (answer, now + Self.nanoseconds) }
    return answer
  }
}

/// The system's answers to what a plan asks, and the folders that workers need; everything here may wait for a disk.
enum SandboxDriver {
  /// Many, since a file system that does not answer holds whoever looks at it.
  private static let threads = WorkThreads(named: "looks", atOnce: 2...16)

  /// Runs `body` where waiting keeps nobody else waiting.
  static func away<Result: Sendable>(
    isolation: isolated (any Actor)? = #isolation, _ body: @escaping @Sendable () -> Result
  ) async -> Result {
    await WayBack.answer { done in threads.run { done.resume(returning: body()) } }
  }

  /// The system's files. What all plans ask of is looked at once for all that are made within a second, since
  /// hundreds may start together.
  static let view: FileView = {
    let shared = Set(
      SandboxPaths.system + SandboxPaths.settings + SandboxPaths.network + SandboxPaths.kernel
        + SandboxPaths.devices)
    let facts = Recent<FileFacts?>()
    let resolved = Recent<String?>()
    return FileView(
      facts: { shared.contains($0) ? facts.value($0, look.facts) : look.facts($0) },
      resolve: { shared.contains($0) ? resolved.value($0, look.resolve) : look.resolve($0) })
  }()

  private static let look = FileView(
    facts: { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      return FileFacts(
        user: status.st_uid, group: status.st_gid, mode: UInt32(status.st_mode) & 0o7777,
        isFolder: status.st_mode & S_IFMT == S_IFDIR)
    },
    resolve: { path in
      guard let real = realpath(path, nil) else { return nil }
      defer { free(real) }
      return String(cString: real)
    })

  private static let users = Recent<UserTable>()

  /// A process that uses a worker's user id and is none of ours.
  static func stranger(_ user: UInt32, in range: ClosedRange<UInt32>, mark: String) -> Int32? {
    users.value("") { _ in UserTable(range) }.stranger(user, mark: mark)
  }

  /// The limit of descriptors from which on some forty may be held for all sandboxes.
  private static let sharingLimitMin: UInt64 = 512

  /// What all sandboxes share: the same as before where that is still so.
  static func shared(_ before: SharedPlaces?, places: SandboxGround.Places) -> SharedPlaces? {
    // Where descriptors are few, each is wanted for something that cannot do without.
    guard DescriptorRoom.limit >= sharingLimitMin else { return nil }
    let paths = SandboxPaths.shared(places, view)
    if let before, before.isStill(readable: paths.readable, writable: paths.writable) { return before }
    return SharedPlaces(readable: paths.readable, writable: paths.writable)
  }

  /// Makes the folder that `PYTHONPATH` names, with a link to the SDK, and opens the way to it and to the state
  /// folders for users of their own. Nothing in between can be listed by them, and every database, socket and log is
  /// for our own user alone.
  static func makeHome(_ places: SandboxGround.Places, opensForUsers: Bool) throws(SystemError) {
    try HomeLayout.makeDirectory(places.python)
    if let sdk = places.sdk { try link(places.python + "/rbot", to: sdk) }
    guard opensForUsers else { return }
    _ = chmod(places.python, 0o755)
    for folder in [places.state, places.states, places.runtime] {
      var status = stat()
      // Another's folder, as a service's may be, has the mode that he wants.
      guard stat(folder, &status) == 0, status.st_uid == geteuid() else { continue }
      _ = chmod(folder, status.st_mode & 0o7777 | 0o011)
    }
    for name in ["supervisor.sqlite", "trading.sqlite"] {
      for suffix in ["", "-wal", "-shm"] { _ = chmod("\(places.state)/\(name)\(suffix)", 0o600) }
    }
  }

  private static func link(_ path: String, to target: String) throws(SystemError) {
    if view.resolve(path) == target { return }
    let fresh = path + ".new"
    unlink(fresh)
    // Renamed into its place: a worker that starts meanwhile finds the one or the other.
    guard symlink(target, fresh) == 0, rename(fresh, path) == 0 else {
      throw SystemError("link \(path) to \(target)")
    }
  }

  /// Whether rbotd lives under a filter of system calls itself, which its workers inherit.
  static let isFiltered: Bool = {
    guard let stream = fopen("/proc/self/status", "re") else { return false }
    defer { fclose(stream) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), stream) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("Seccomp:") { return text.contains("2") }
    }
    return false
  }()

  /// To whom the state folders belong.
  static func owners(in states: String) -> [String: UInt32] {
    guard let stream = opendir(states) else { return [:] }
    defer { closedir(stream) }
    var found: [String: UInt32] = [:]
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: item.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      var status = stat()
      if !name.hasPrefix("."), lstat("\(states)/\(name)", &status) == 0 { found[name] = status.st_uid }
    }
    return found
  }
}
