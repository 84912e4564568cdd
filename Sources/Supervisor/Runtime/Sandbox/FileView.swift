/// What a plan needs to know of a file or folder; as `stat` tells it.
struct FileFacts: Equatable, Sendable {
  var user: UInt32
  var group: UInt32
  /// The nine permission bits, and those above them.
  var mode: UInt32
  var isFolder: Bool
}

/// The file system as a plan sees it, so that a test can put any before it.
struct FileView: Sendable {
  /// Links are followed; nil where nothing is there.
  var facts: @Sendable (String) -> FileFacts?
  /// The path without symbolic links; nil where nothing is there.
  var resolve: @Sendable (String) -> String?

  func exists(_ path: String) -> Bool { facts(path) != nil }
}

/// Paths as text.
enum PathText {
  /// Whether `path` is `folder` or lies in it.
  static func isWithin(_ path: String, _ folder: String) -> Bool {
    path == folder || folder == "/" || path.hasPrefix(folder + "/")
  }

  /// Every folder on the way to a path, from the root on, itself not included.
  static func ancestors(_ path: String) -> [String] {
    var found = ["/"]
    var partial = ""
    for part in path.split(separator: "/").dropLast() {
      partial += "/" + part
      found.append(partial)
    }
    return found
  }

  /// The folder that a path is in.
  static func folder(of path: String) -> String { ancestors(path).last ?? "/" }

  /// An absolute path without `.`, `..` and doubled slashes, as the text has it.
  static func normal(_ path: String, in folder: String) -> String {
    var parts: [Substring] = []
    for part in (path.hasPrefix("/") ? path : folder + "/" + path).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }
}

/// Whether another user could get at a file, by owner, group and mode. Access lists are not looked at: where one
/// opens a folder, the plan is more careful than it would have to be.
enum Reach {
  /// The first file or folder on the way that keeps a user out; nil where nothing does.
  ///
  /// - Parameter user: its id, which is also that of its only group.
  static func obstacle(_ path: String, user: UInt32, _ view: FileView) -> String? {
    let paths = [path, view.resolve(path) ?? path]
    for path in paths[0] == paths[1] ? [path] : paths {
      for folder in PathText.ancestors(path) {
        guard let facts = view.facts(folder) else { return folder }
        if !permits(facts, user, 0o1) { return folder }
      }
      guard let facts = view.facts(path) else { return path }
      if !permits(facts, user, facts.isFolder ? 0o5 : 0o4) { return path }
    }
    return nil
  }

  /// Likewise, where only what lies beneath is used.
  static func obstacle(through folder: String, user: UInt32, _ view: FileView) -> String? {
    (PathText.ancestors(folder) + [folder]).first { part in
      view.facts(part).map { !permits($0, user, 0o1) } ?? true
    }
  }

  private static func permits(_ facts: FileFacts, _ user: UInt32, _ bits: UInt32) -> Bool {
    let shift: UInt32 = facts.user == user ? 6 : facts.group == user ? 3 : 0
    return facts.mode >> shift & bits == bits
  }
}
