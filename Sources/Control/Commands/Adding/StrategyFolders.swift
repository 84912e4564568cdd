import Config

/// Which folder holds which strategy, manifests with errors included.
struct StrategyFolders {
  /// Paths of manifests by the name in them, or by their folder's where they give none.
  private(set) var manifests: [String: String] = [:]

  init(_ folder: String) {
    for name in Path.names(in: folder) ?? [] where !name.hasPrefix(".") {
      let file = "\(folder)/\(name)/strategy.toml"
      guard Path.kind(file) == .file else { continue }
      let key = ManifestDirectory.name(in: file) ?? name
      // Of two that claim one name the first has it, as for the daemon.
      if manifests[key] == nil { manifests[key] = file }
    }
  }

  var names: [String] { manifests.keys.sorted() }

  func manifest(of name: String) -> String? {
    manifests[name] ?? manifests.values.first { Path.name(Path.folder($0)) == name }
  }
}
