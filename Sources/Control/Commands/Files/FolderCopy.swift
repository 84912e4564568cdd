import Glibc

/// Copies a strategy's folder, so that it is there whole or not at all.
struct FolderCopy {
  /// Nobody's strategy: made anew by their tools, or the history of the sources.
  static let passedOver: Set<String> = [
    ".git", ".build", "__pycache__", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache",
  ]
  private static let bytesMax: Int64 = 1 << 30
  private static let filesMax = 20_000

  let source: String
  /// Made by the copy; it must not be there.
  let target: String
  /// Files below the source that come along although their folder does not: the program that the manifest names.
  var besides: [String] = []
  private var bytes: Int64 = 0
  private var files = 0

  init(from source: String, to target: String, besides: [String] = []) {
    self.source = source
    self.target = target
    self.besides = besides
  }

  /// - Throws: ``Failure``; nothing is left then.
  mutating func run() throws(Failure) {
    do throws(Failure) {
      try folder("")
      for path in besides where Path.kind("\(target)/\(path)") == .nothing {
        try makeFolders(above: path)
        try file(path)
      }
      try own(target)
    } catch {
      Removal.tree(target)
      throw error
    }
  }

  private mutating func folder(_ path: String) throws(Failure) {
    let from = path.isEmpty ? source : "\(source)/\(path)"
    var status = stat()
    guard stat(from, &status) == 0, let names = Path.names(in: from) else { throw .system("read \(from)") }
    let to = path.isEmpty ? target : "\(target)/\(path)"
    guard mkdir(to, status.st_mode & 0o777 | 0o700) == 0 else { throw .system("make \(to)") }
    for name in names where !Self.passedOver.contains(name) {
      let inner = path.isEmpty ? name : "\(path)/\(name)"
      var item = stat()
      guard lstat("\(source)/\(inner)", &item) == 0 else { throw .system("read \(source)/\(inner)") }
      switch item.st_mode & S_IFMT {
      case S_IFDIR: try folder(inner)
      case S_IFREG: try file(inner)
      case S_IFLNK: try link(inner)
      default:
        throw Failure(
          .refused, "special_file",
          "\(source)/\(inner) is neither a file nor a folder; take it out, or --link")
      }
    }
  }

  private mutating func file(_ path: String) throws(Failure) {
    let (from, to) = ("\(source)/\(path)", "\(target)/\(path)")
    let input = open(from, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw .system("read \(from)") }
    defer { close(input) }
    var status = stat()
    guard fstat(input, &status) == 0 else { throw .system("read \(from)") }
    files += 1
    bytes += Int64(status.st_size)
    guard files <= Self.filesMax, bytes <= Self.bytesMax else {
      throw Failure(
        .refused, "too_large",
        "\(source) holds more than 1 GiB or \(Self.filesMax) files; leave it where it is with --link")
    }
    let output = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0o777)
    guard output >= 0 else { throw .system("make \(to)") }
    defer { close(output) }
    while true {
      let count = sendfile(output, input, nil, 1 << 20)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system("copy \(from)") }
      if count == 0 { break }
    }
    // What the umask took away.
    guard fchmod(output, status.st_mode & 0o777) == 0 else { throw .system("make \(to)") }
    try own(to)
  }

  private func link(_ path: String) throws(Failure) {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let from = "\(source)/\(path)"
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(from, $0, bytes.count) } ?? -1
    }
    guard count > 0 else { throw .system("read \(from)") }
    let destination = String(decoding: buffer.prefix(count), as: UTF8.self)
    guard
      destination.hasPrefix("/") || !Self.leadsOut(destination, depth: path.split(separator: "/").count - 1)
    else {
      throw Failure(
        .refused, "link_leads_out",
        "\(from) is a link to \(destination), which leads out of the folder; put a copy there, or --link")
    }
    guard symlink(destination, "\(target)/\(path)") == 0 else { throw .system("make \(target)/\(path)") }
  }

  private static func leadsOut(_ destination: String, depth: Int) -> Bool {
    var depth = depth
    for part in destination.split(separator: "/") where part != "." {
      depth += part == ".." ? -1 : 1
      if depth < 0 { return true }
    }
    return false
  }

  private func makeFolders(above path: String) throws(Failure) {
    var partial = target
    for part in path.split(separator: "/").dropLast() {
      partial += "/" + part
      guard mkdir(partial, 0o755) == 0 || errno == EEXIST else { throw .system("make \(partial)") }
      try own(partial)
    }
  }

  /// What root copies belongs to whom the folder of strategies belongs to.
  private func own(_ path: String) throws(Failure) {
    guard geteuid() == 0 else { return }
    var status = stat()
    guard stat(Path.folder(target), &status) == 0 else { return }
    guard chown(path, status.st_uid, status.st_gid) == 0 else { throw .system("give \(path) to its owner") }
  }
}

/// Removes what this program has made.
enum Removal {
  /// A folder with all that is in it; links are removed, not followed.
  static func tree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in Path.names(in: path) ?? [] { tree("\(path)/\(name)") }
    rmdir(path)
  }
}
