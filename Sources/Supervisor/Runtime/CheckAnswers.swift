import Config
import IPC
import Lifecycle
import Wire

/// The control protocol's `check`: what a reload would say of a manifest, without taking it in.
///
/// It is given the text and not only the path, so that nobody can have files read that are not his.
extension Supervisor {
  func check(_ params: JSON, _ id: RequestID, _ client: ControlClient) throws(RPCError) {
    let folder = try params.string("folder")
    let text = try params.string("manifest")
    guard folder.hasPrefix("/") else { throw .invalidParams("folder is an absolute path") }
    let path = folder + "/strategy.toml"
    let connection = client.connection
    let manifest: StrategyManifest
    do {
      manifest = try StrategyManifest(
        path: path, text: text, schedules: ScheduleSources(calendars: options.calendars))
    } catch {
      return connection.answer(id, Self.verdict(error.issues.map(ManifestIssue.init), []))
    }
    let known = missing(manifest)
    let plan = WorkerPlan(manifest, python: options.settings.supervisor.python)
    let (ground, places) = (cells.ground, options.places)
    // One that has none yet is given one at its first start; the last of the range stands for it.
    let user =
      ground?.whyNoUsers == nil ? cells.users.byName[manifest.name] ?? cells.users.range.upperBound : nil
    Task {
      // By way of the supervisor itself: so this goes on where the connection may be used.
      let found = await self.reading { Self.examine(manifest, plan, places, ground, user: user) }
      switch found {
      case .success(let (errors, warnings)):
        connection.answer(
          id, Self.verdict(known + errors, manifest.warnings.map(ManifestIssue.init) + warnings))
      case .failure(let error): connection.reply(to: id, error: .internalError("\(error)"))
      }
    }
  }

  private static func verdict(_ errors: [ManifestIssue], _ warnings: [ManifestIssue]) -> JSON {
    ["errors": .array(errors.map(\.json)), "warnings": .array(warnings.map(\.json))]
  }

  /// Strategies that it requires and that there are not, or that wait for it.
  private func missing(_ manifest: StrategyManifest) -> [ManifestIssue] {
    let others = manifest.requires.filter { $0 != manifest.name && $0 != Worker.gatewayName }
    let unknown = others.filter { workers[$0] == nil && broken[$0] == nil }.map { name in
      Self.issue(manifest, "requires", "there is no strategy \"\(name)\" in \(options.strategies)")
    }
    var nodes: [String: DependencyGraph.Node] = [:]
    for worker in strategies {
      nodes[worker.name] = .init(after: worker.plan.policy.after, requires: worker.plan.policy.requires)
    }
    nodes[manifest.name] = .init(after: manifest.after, requires: manifest.requires)
    let rings = DependencyGraph(nodes).cycles.filter { $0.contains(manifest.name) }.map { ring in
      Self.issue(
        manifest, "requires", "waits for itself: " + (ring + ring.prefix(1)).joined(separator: " → "))
    }
    return unknown + rings
  }

  private nonisolated static func issue(
    _ manifest: StrategyManifest, _ key: String, _ message: String
  ) -> ManifestIssue {
    ManifestIssue(path: manifest.path, line: manifest.line(of: key), message: "\(key): \(message)")
  }

  /// What the machine has to say: its program, and the cell that it would get.
  private nonisolated static func examine(
    _ manifest: StrategyManifest, _ plan: WorkerPlan, _ places: SandboxGround.Places,
    _ ground: SandboxGround?,
    user: UInt32?
  ) -> (errors: [ManifestIssue], warnings: [ManifestIssue]) {
    let view = SandboxDriver.view
    var errors: [ManifestIssue] = []
    let program = PythonCommand.find(
      plan.command[0], folder: plan.folder, searchPath: places.searchPath, view)
    if program == nil {
      let isWord = !plan.command[0].contains("/")
      errors.append(
        issue(
          manifest, manifest.isPython ? "run" : "command",
          isWord
            ? "there is no program \(plan.command[0]) where rbotd looks for them: \(places.searchPath)"
            : "\(plan.command[0]) is no program that can be run from \(plan.folder)"))
    }
    if let refusal = SandboxReach.issue(manifest, places) {
      errors.append(refusal)
    } else if let ground {
      do throws(SandboxMistake) {
        let cell = try SandboxPlan(
          name: manifest.name, folder: manifest.folder, command: plan.command, wish: plan.wish, python: nil,
          user: user, ground: ground, view: view)
        return (errors, cell.warnings.map { ManifestIssue(path: manifest.path, line: nil, message: $0) })
      } catch {
        errors.append(
          ManifestIssue(path: manifest.path, line: manifest.line(of: "sandbox"), message: error.description))
      }
    }
    return (errors, [])
  }
}

extension StrategyManifest {
  fileprivate var isPython: Bool {
    if case .python = entry { true } else { false }
  }
}
