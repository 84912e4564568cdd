import Config
import Lifecycle
import Model
import Wire

/// Something about a manifest that people should know, as the control protocol shows it.
struct ManifestIssue: Hashable, Sendable {
  let path: String
  let line: Int?
  let message: String

  var json: JSON { ["path": .string(path), "line": JSON(line), "message": .string(message)] }
  /// `strategies/grid_bot/strategy.toml:12: restart.polcy: unknown key`.
  var words: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(message)" }
}

/// The manifests as they are now.
struct ManifestReading: Sendable {
  var plans: [String: WorkerPlan] = [:]
  var manifests: [String: StrategyManifest] = [:]
  var issues: [ManifestIssue] = []
  /// What keeps nothing from running.
  var warnings: [ManifestIssue] = []
  /// The folder of all could not be read, so that nothing is known to be gone.
  var isUnreadable = false
  /// Folders whose manifest is wrong.
  var brokenFolders: Set<String> = []
  /// What is wrong with each, by the name that it claims.
  var broken: [String: [ManifestIssue]] = [:]

  /// - Parameters:
  ///   - calendars: the folder of trading calendars of one's own; nil: none.
  ///   - owners: the folders of the strategies that are known already: a name stays with its folder.
  static func load(
    _ folder: String, python: String, places: SandboxGround.Places, calendars: String? = nil,
    owners: [String: String] = [:]
  ) -> ManifestReading {
    let contents = ManifestDirectory.load(
      folder, owners: owners, schedules: ScheduleSources(calendars: calendars))
    var reading = ManifestReading()
    reading.isUnreadable = contents.isUnreadable
    for manifest in contents.manifests {
      if [Worker.gatewayName, "rbotd"].contains(manifest.name) {
        reading.issues.append(
          ManifestIssue(
            path: manifest.path, line: nil,
            message: "the name \(manifest.name) is taken by a program of rbotd"))
      } else if let issue = SandboxReach.issue(manifest, places) {
        reading.issues.append(issue)
        reading.brokenFolders.insert(manifest.folder)
        reading.broken[manifest.name] = [issue]
      } else {
        reading.plans[manifest.name] = WorkerPlan(manifest, python: python)
        var manifest = manifest
        // They are about the text; the strategy is the same without them.
        manifest.warnings = []
        reading.manifests[manifest.name] = manifest
      }
    }
    reading.issues += contents.issues.map(ManifestIssue.init)
    reading.warnings = contents.warnings.map(ManifestIssue.init)
    for (path, claimed) in contents.broken {
      let folder = Self.folder(of: path)
      reading.brokenFolders.insert(folder)
      // A name stays with the folder that has it, whatever either says now.
      let name = owners.first { $0.value == folder }?.key ?? claimed
      guard reading.plans[name] == nil, owners[name] ?? folder == folder else { continue }
      reading.broken[name] = contents.issues.filter { $0.path == path }.map(ManifestIssue.init)
    }
    return reading
  }

  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// Takes out those that would wait for themselves together with others that run on as they are, because their
  /// manifests cannot be read now.
  mutating func checkDependencies(kept: [String: WorkerPlan]) {
    var nodes: [String: DependencyGraph.Node] = [:]
    for (name, plan) in kept.merging(plans, uniquingKeysWith: { $1 }) {
      nodes[name] = .init(after: plan.policy.after, requires: plan.policy.requires)
    }
    for ring in DependencyGraph(nodes).cycles {
      let words = (ring + ring.prefix(1)).joined(separator: " → ")
      for name in ring where plans[name] != nil {
        guard let path = manifests[name]?.path else { continue }
        let issue = ManifestIssue(path: path, line: nil, message: "waits for itself: \(words)")
        issues.append(issue)
        broken[name, default: []].append(issue)
        brokenFolders.insert(Self.folder(of: path))
        plans[name] = nil
      }
    }
  }
}

extension ManifestIssue {
  init(_ issue: ConfigIssue) {
    self.init(
      path: issue.path, line: issue.line,
      message: issue.key.map { "\($0): \(issue.message)" } ?? issue.message)
  }
}
