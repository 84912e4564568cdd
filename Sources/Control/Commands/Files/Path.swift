import Glibc

/// Questions about paths.
enum Path {
  /// What a path leads to.
  enum Kind: Equatable { case file, folder, other, nothing }

  /// Follows symbolic links.
  static func kind(_ path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .nothing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  static func isExecutable(_ path: String) -> Bool { kind(path) == .file && access(path, X_OK) == 0 }

  /// Whether a word of the command line is meant as a path, and not as a strategy's name.
  static func looksLikeOne(_ word: String) -> Bool {
    word.contains("/") || word.contains(".") || word == "~"
  }

  /// The last part, without slashes behind it.
  static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "/" }

  /// All but the last part: `.` for a name alone.
  static func folder(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The real path, with links and dots resolved; nil where there is nothing.
  static func real(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The names in a folder, in order; nil where it cannot be read.
  static func names(in folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: item.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Where the system's last call went wrong, as the end of a sentence.
  static var reason: String { String(cString: strerror(errno)) }
}

extension Failure {
  /// What the system refused.
  static func system(_ what: String) -> Failure {
    Failure(.refused, "system", "cannot \(what): \(Path.reason)")
  }
}
