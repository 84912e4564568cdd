import Glibc

/// A folder with one folder per strategy, each with a `strategy.toml`.
public enum ManifestDirectory {
  /// What was found.
  public struct Contents: Equatable, Sendable {
    /// The manifests that are in order, by name.
    public var manifests: [StrategyManifest]
    /// What is wrong with the others; none of it keeps the ones above from running.
    public var issues: [ConfigIssue]
  }

  /// Reads every `*/strategy.toml`. Of two that claim one name, the first by folder has it.
  public static func load(_ path: String) -> Contents {
    var contents = Contents(manifests: [], issues: [])
    guard let folders = folders(in: path) else {
      let reason = String(cString: strerror(errno))
      contents.issues.append(ConfigIssue(path: path, message: "cannot be read: \(reason)"))
      return contents
    }
    var owners: [String: String] = [:]
    for folder in folders {
      let file = "\(path)/\(folder)/strategy.toml"
      // A folder without a manifest, such as the SDK's, is no strategy.
      guard access(file, F_OK) == 0 else { continue }
      do {
        let manifest = try StrategyManifest(path: file)
        if let owner = owners[manifest.name] {
          contents.issues.append(
            ConfigIssue(
              path: file, line: try Document(path: file).lines.line(["name"]), key: "name",
              message: "\"\(manifest.name)\" is the name of \(owner) already"))
        } else {
          owners[manifest.name] = file
          contents.manifests.append(manifest)
        }
      } catch {
        contents.issues += error.issues
      }
    }
    contents.manifests.sort { $0.name < $1.name }
    return contents
  }

  private static func folders(in path: String) -> [String]? {
    guard let stream = opendir(path) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: item.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
