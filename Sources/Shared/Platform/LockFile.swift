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
/// It belongs to the open file, so a child that inherits the descriptor holds it too: a new daemon cannot start
/// beside a worker that an old one left. It ends when the last of them closes it.
public final class LockFile: Sendable {
  /// To be inherited by workers; close-on-exec here.
  public let descriptor: Int32
  /// The file.
  public let path: String

  /// Takes the lock and writes our pid into the file.
  ///
  /// - Throws: ``LockError``, at once: it does not wait.
  public init(path: String) throws(LockError) {
    let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard fd >= 0 else { throw .system(SystemError("open the lock \(path)")) }
    guard rbot_try_lock(fd) == 0 else {
      let code = errno
      close(fd)
      guard code == EWOULDBLOCK else { throw .system(SystemError("lock \(path)", code: code)) }
      let pid = readText(path).flatMap { Int32($0.split(separator: "\n").first ?? "") }
      throw .held(path: path, pid: pid, isAlive: pid.map { kill($0, 0) == 0 || errno == EPERM } ?? false)
    }
    let text = "\(getpid())\n"
    guard ftruncate(fd, 0) == 0, pwrite(fd, text, text.utf8.count, 0) == text.utf8.count else {
      let error = SystemError("write \(path)")
      close(fd)
      throw .system(error)
    }
    descriptor = fd
    self.path = path
  }

  deinit { close(descriptor) }
}
