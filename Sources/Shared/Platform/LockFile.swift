import CPlatform
import Glibc

/// Why the lock could not be had.
public enum LockError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Another process has it; `pid` is what it wrote there, `isAlive` whether that process still runs. Where it
  /// does not, a process that inherited the lock lives on.
  case held(path: String, pid: Int32?, isAlive: Bool)
  /// The file could not be opened or locked.
  case system(SystemError)

  /// A sentence for a person that says what to do.
  public var description: String {
    switch self {
    case .held(let path, let pid?, true):
      "another rbotd (pid \(pid)) holds \(path): stop it, or choose another --home"
    case .held(let path, let pid?, false):
      "\(path) was locked by rbotd (pid \(pid)), which is gone, but a worker of it still lives: end that first"
    case .held(let path, nil, _): "another process holds \(path): stop it, or choose another --home"
    case .system(let error): error.description
    }
  }
}

/// The lock that makes a second daemon on the same home impossible.
///
/// Two bytes of one file. The first is the daemon's: it is locked on an open file that nobody inherits, so that no
/// worker can let it go. The second is shared by the workers, each through an open file of its own and for reading
/// only: a new daemon does not start beside a worker that an old one left. A worker that lets go of its own is one
/// that the sweep at the start has to find by its other marks; it takes nobody else's away.
public final class LockFile: Sendable {
  private static let daemonByte: Int32 = 0
  private static let workersByte: Int32 = 1

  /// For ``SpawnRequest/lock``; close-on-exec.
  public let descriptor: Int32
  /// The file.
  public let path: String

  /// Takes the lock and writes our pid into the file.
  ///
  /// - Throws: ``LockError``, at once: it does not wait.
  public convenience init(path: String) throws(LockError) { try self.init(path: path) {} }

  /// - Parameter opened: for tests: called each time between opening the file and locking it.
  init(path: String, opened: () -> Void) throws(LockError) {
    descriptor = try Self.locked(path, opened: opened)
    self.path = path
    let text = "\(getpid())\n"
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.utf8.count, 0) == text.utf8.count
    else { throw .system(SystemError("write \(path)")) }
  }

  /// How often the file is opened again when it was another by the time the lock was had.
  private static let tries = 10

  private static func locked(_ path: String, opened: () -> Void) throws(LockError) -> Int32 {
    for _ in 0..<tries {
      let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard fd >= 0 else { throw .system(SystemError("open the lock \(path)")) }
      opened()
      guard rbot_try_lock(fd, daemonByte, true) == 0, rbot_try_lock(fd, workersByte, true) == 0 else {
        let code = errno
        close(fd)
        guard code == EWOULDBLOCK else { throw .system(SystemError("lock \(path)", code: code)) }
        throw held(path)
      }
      // From here on our own workers may have it.
      _ = rbot_unlock(fd, workersByte)
      if isStill(fd, at: path) { return fd }
      // Its holder removed it in between, as a daemon does at its end: whoever comes next would make another
      // file there and lock that.
      close(fd)
    }
    throw held(path)
  }

  /// An open file of its own for one worker, which holds its share of the lock for as long as it lives.
  ///
  /// - Parameter lock: ``descriptor``.
  /// - Returns: a close-on-exec descriptor, or -1 with errno.
  static func share(of lock: Int32) -> Int32 {
    let fd = rbot_reopen(lock)
    guard fd >= 0, rbot_try_lock(fd, workersByte, false) < 0 else { return fd }
    let code = errno
    close(fd)
    errno = code
    return -1
  }

  private static func held(_ path: String) -> LockError {
    let pid = readText(path).flatMap { Int32($0.split(separator: "\n").first ?? "") }
    return .held(path: path, pid: pid, isAlive: pid.map { kill($0, 0) == 0 || errno == EPERM } ?? false)
  }

  private static func isStill(_ fd: Int32, at path: String) -> Bool {
    var ours = stat()
    var there = stat()
    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev
      && ours.st_ino == there.st_ino
  }

  deinit { close(descriptor) }
}
