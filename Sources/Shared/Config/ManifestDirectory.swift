import Glibc

/// A folder with one folder per strategy, each with a `strategy.toml`.
public enum ManifestDirectory {
  /// What was found.
  public struct Contents: Equatable, Sendable {
    /// The manifests that are in order, by name.
    public var manifests: [StrategyManifest]
    /// What is wrong with the others; none of it keeps the ones above from running.
    public var issues: [ConfigIssue]
    /// What is allowed and probably not meant, of manifests that are in order and of those that are not.
    public var warnings: [ConfigIssue] = []
    /// The manifests with errors by their paths, each with its name as far as it can be told.
    public var broken: [String: String] = [:]
    /// The folder itself could not be read: what is not here may well be there.
    public var isUnreadable = false
  }

  /// Reads every `*/strategy.toml`. Of two that claim one name, the one that has it keeps it, and otherwise the first
  /// by folder has it.
  ///
  /// - Parameters:
  ///   - owners: the folders of names that are taken already. A folder that is still there keeps its name even while
  ///     its manifest is wrong.
  ///   - schedules: where time zones and calendars are looked for.
  public static func load(
    _ path: String, owners: [String: String] = [:], schedules: ScheduleSources = ScheduleSources()
  ) -> Contents {
    var contents = Contents(manifests: [], issues: [])
    guard let folders = folders(in: path) else {
      let reason = String(cString: strerror(errno))
      contents.issues.append(ConfigIssue(path: path, message: "cannot be read: \(reason)"))
      contents.isUnreadable = true
      return contents
    }
    let taken = owners
    var owners: [String: String] = [:]
    for (name, folder) in taken where access(folder + "/strategy.toml", F_OK) == 0 {
      owners[name] = folder + "/strategy.toml"
    }
    for folder in folders {
      let file = "\(path)/\(folder)/strategy.toml"
      // A folder without a manifest, such as the SDK's, is no strategy; one that cannot be looked into may be one.
      guard access(file, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR) else { continue }
      do {
        var manifest = try StrategyManifest(path: file, schedules: schedules)
        contents.warnings += manifest.warnings
        // Their lines are no part of what a reload compares.
        manifest.warnings = []
        if let owner = owners[manifest.name], owner != file {
          contents.issues.append(
            issue(file, "name", "\"\(manifest.name)\" is the name of \(owner) already"))
          contents.broken[file] = manifest.name
        } else {
          owners[manifest.name] = file
          contents.manifests.append(manifest)
        }
      } catch {
        contents.issues += error.issues
        contents.broken[file] = name(in: file) ?? folder
      }
    }
    contents.manifests.sort { $0.name < $1.name }
    contents.checkDependencies()
    return contents
  }

  /// The name that a manifest gives, whatever else is wrong with it.
  public static func name(in file: String) -> String? {
    guard let document = try? Document(path: file), case .string(let name)? = document.root["name"] else {
      return nil
    }
    return name
  }

  fileprivate static func issue(_ file: String, _ key: String, _ message: String) -> ConfigIssue {
    let line = (try? Document(path: file))?.lines.line([key])
    return ConfigIssue(path: file, line: line, key: key, message: message)
  }

  private static func folders(in path: String) -> [String]? {
    guard let stream = opendir(path) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: item.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
      errno = 0
    }
    return errno == 0 ? names.sorted() : nil
  }
}

extension StrategyManifest {
  /// The line of a key with its tables, `restart.policy`, or of the table around it; nil where there is neither.
  public func line(of key: String) -> Int? {
    (try? Document(path: path))?.lines.line(key.split(separator: ".").map(String.init))
  }
}

extension ManifestDirectory.Contents {
  /// Takes out those that require what there is not, or wait for themselves.
  fileprivate mutating func checkDependencies() {
    let found = Dependencies(manifests, broken: Set(broken.values))
    let paths = Dictionary(manifests.map { ($0.name, $0.path) }, uniquingKeysWith: { first, _ in first })
    for (finding, isError) in found.errors.map({ ($0, true) }) + found.warnings.map({ ($0, false) }) {
      guard let path = paths[finding.name] else { continue }
      let issue = ManifestDirectory.issue(path, finding.key, finding.message)
      if isError {
        issues.append(issue)
        broken[path] = finding.name
        manifests.removeAll { $0.name == finding.name }
      } else {
        warnings.append(issue)
      }
    }
  }
}
