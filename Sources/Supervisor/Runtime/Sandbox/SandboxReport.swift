import Model
import Platform
import Wire

/// The layers of one live worker, and which of them are missing although they could be expected.
struct SandboxReport: Equatable, Sendable {
  private(set) var layers: [SandboxLayer] = []
  private(set) var warnings: [String] = []

  init() {}

  /// - Parameters:
  ///   - plan: what was planned.
  ///   - cgroup: what its cgroup told.
  ///   - launched: what rbot-exec told.
  init(_ plan: SandboxPlan, cgroup: [SandboxLayer], launched: [SandboxLayer]) {
    let launched = launched.map(Self.withWhoIsTold)
    var planned = plan.layers
    let isMute = launched.contains { $0.name == "reports" && !$0.isInForce }
    warnings = plan.warnings
    // Whoever cannot be asked admits nothing.
    if isMute, plan.sandbox.countsTasks {
      let detail = "no listener, by which rbotd would admit each"
      planned.removeAll { $0.name == "processes" }
      planned.append(SandboxLayer(name: "processes", isInForce: false, detail: detail))
      warnings.append("the layer processes is not in force: \(detail)")
    }
    let told = planned + cgroup + launched.map { Self.explained($0, plan) }
    layers = Self.order.flatMap { name in told.filter { $0.name == name } }
    layers += told.filter { !Self.order.contains($0.name) }
    for layer in cgroup + launched where !layer.isInForce {
      // With a user of its own the kernel keeps its signals from others by itself.
      if layer.name == "signals", plan.sandbox.user != nil { continue }
      warnings.append("the layer \(layer.name) is not in force: \(layer.detail)")
    }
  }

  /// Landlock tells nobody but the program: the kernel's audit of it (6.15) says nothing after an execve unless it is
  /// asked to, and may be read by root alone. What a filter refuses that rbotd itself lives under, its unit's, is not
  /// told either.
  private static func withWhoIsTold(_ layer: SandboxLayer) -> SandboxLayer {
    guard layer.isInForce else { return layer }
    let note: String? =
      switch layer.name {
      case "files": "refusals are told to the program only"
      case "calls" where SandboxDriver.isFiltered: "what rbotd's own unit refuses is told to the program only"
      default: nil
      }
    guard let note else { return layer }
    return SandboxLayer(name: layer.name, isInForce: true, detail: "\(layer.detail); \(note)")
  }

  /// As people read them: who it is, what it may touch, how much it may take.
  private static let order = [
    "user", "privileges", "files", "calls", "reports", "signals", "session", "environment", "cgroup",
    "limits", "memory", "cpu", "processes", "disk",
  ]

  /// The user's layer with what is worth knowing of it.
  private static func explained(_ layer: SandboxLayer, _ plan: SandboxPlan) -> SandboxLayer {
    guard layer.name == "user", let note = plan.note else { return layer }
    return SandboxLayer(name: layer.name, isInForce: layer.isInForce, detail: "\(layer.detail); \(note)")
  }

  func isInForce(_ name: String) -> Bool { layers.contains { $0.name == name && $0.isInForce } }

  var json: JSON {
    .array(
      layers.map {
        ["layer": .string($0.name), "in_force": .bool($0.isInForce), "detail": .string($0.detail)]
      })
  }
}
