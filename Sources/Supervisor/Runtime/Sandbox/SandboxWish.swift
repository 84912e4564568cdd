import Config

extension SandboxWish {
  init(_ manifest: StrategyManifest) {
    network = manifest.sandbox.network
    read = manifest.sandbox.read
    write = manifest.sandbox.write
    isRequired = manifest.sandbox.isRequired
    memoryBytes = manifest.limits.memoryBytes
    processors = manifest.limits.processors
    processes = manifest.limits.processes
    files = manifest.limits.files
    diskBytes = manifest.limits.diskBytes
  }
}

extension SandboxReach {
  /// What a manifest asks for and may not have; nil where nothing. It is asked again at each start, since links may
  /// lead elsewhere by then.
  static func issue(_ manifest: StrategyManifest, _ places: SandboxGround.Places) -> ManifestIssue? {
    let wanted = manifest.sandbox
    for (key, paths) in [("read", wanted.read), ("write", wanted.write)] {
      do throws(SandboxMistake) {
        _ = try given(
          paths, key, name: manifest.name, folder: manifest.folder, places, SandboxDriver.view)
      } catch {
        let line = StrategyManifest.line(of: ["sandbox", key], in: manifest.path)
        return ManifestIssue(path: manifest.path, line: line, message: error.description)
      }
    }
    return nil
  }
}
