import Glibc

/// Reading and replacing small files of text.
enum TextFile {
  private static let bytesMax = 1 << 20

  static func read(_ path: String) throws(Failure) -> String {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw .system("read \(path)") }
    defer { close(fd) }
    let bytes = try read(descriptor: fd, path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.refused, "not_text", "\(path) is not UTF-8 text")
    }
    return text
  }

  private static func read(descriptor fd: CInt, _ path: String) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(fd, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw .system("read \(path)") }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      if bytes.count > bytesMax { throw Failure(.refused, "too_large", "\(path) is larger than 1 MiB") }
    }
  }

  /// Makes a file that must not be there yet.
  static func create(_ path: String, _ text: String, mode: mode_t = 0o644) throws(Failure) {
    let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard fd >= 0 else { throw .system("make \(path)") }
    defer { close(fd) }
    try write(text, to: fd, path)
  }

  /// Puts another text in a file's place: whoever reads it meanwhile has the old one or the new one. Owner, group and
  /// mode stay, and a link stays a link.
  static func replace(_ path: String, _ text: String) throws(Failure) {
    let target = Path.real(path) ?? path
    var status = stat()
    guard stat(target, &status) == 0 else { throw .system("replace \(path)") }
    let fresh = "\(Path.folder(target))/.\(Path.name(target)).\(getpid())"
    let fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw .system("write beside \(path)") }
    var isDone = false
    defer {
      close(fd)
      if !isDone { unlink(fresh) }
    }
    try write(text, to: fd, fresh)
    if status.st_uid != geteuid() || status.st_gid != getegid() {
      guard fchown(fd, status.st_uid, status.st_gid) == 0 else { throw .system("keep the owner of \(path)") }
    }
    guard fchmod(fd, status.st_mode & 0o7777) == 0, fsync(fd) == 0, rename(fresh, target) == 0 else {
      throw .system("replace \(path)")
    }
    isDone = true
  }

  private static func write(_ text: String, to fd: CInt, _ path: String) throws(Failure) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .system("write \(path)") }
      bytes = bytes.dropFirst(count)
    }
  }
}
