import Config

/// Which keys of two manifests differ, by the names that they have in `strategy.toml`.
enum ManifestChanges {
  /// One key, and whether two manifests agree on it.
  private struct Key: Sendable {
    let name: String
    let isSame: @Sendable (StrategyManifest, StrategyManifest) -> Bool

    init<Value: Equatable & SendableMetatype>(
      _ name: String, _ value: @escaping @Sendable (StrategyManifest) -> Value
    ) {
      self.name = name
      isSame = { value($0) == value($1) }
    }
  }

  private static let keys: [Key] = [
    Key("folder") { $0.folder },
    Key("command") { $0.entry },
    Key("enabled") { $0.isEnabled },
    Key("after") { $0.after },
    Key("requires") { $0.requires },
    Key("restart.policy") { $0.restart.policy },
    Key("restart.backoff") { $0.restart.backoff },
    Key("restart.healthy_after") { $0.restart.healthyAfter },
    Key("restart.limit.bursts") { $0.restart.bursts },
    Key("restart.limit.within") { $0.restart.within },
    Key("health.start_timeout") { $0.health.startTimeout },
    Key("health.heartbeat") { $0.health.heartbeat },
    Key("health.stop_timeout") { $0.health.stopTimeout },
    Key("health.callback_timeout") { $0.health.callbackTimeout },
    Key("schedule") { $0.schedule },
    Key("limits.memory") { $0.limits.memoryBytes },
    Key("limits.cpu") { $0.limits.processors },
    Key("limits.processes") { $0.limits.processes },
    Key("limits.files") { $0.limits.files },
    Key("limits.disk") { $0.limits.diskBytes },
    Key("limits.output") { $0.limits.outputBytesPerSecond },
    Key("sandbox.network") { $0.sandbox.network },
    Key("sandbox.read") { $0.sandbox.read },
    Key("sandbox.write") { $0.sandbox.write },
    Key("sandbox.required") { $0.sandbox.isRequired },
    Key("trading.mode") { $0.trading.mode },
    Key("trading.brokers") { $0.trading.brokers },
    Key("trading.instruments") { $0.trading.instruments },
    Key("trading.max_order_units") { $0.trading.maxOrderUnits },
    Key("trading.max_daily_loss") { $0.trading.maxDailyLoss },
    Key("trading.on_exit") { $0.trading.onExit },
    Key("trading.quotes") { $0.trading.quotes },
  ]

  /// The names of the keys that differ; where it is one that is not told apart here, its table's.
  static func between(_ old: StrategyManifest, _ new: StrategyManifest) -> [String] {
    var names = keys.filter { !$0.isSame(old, new) }.map(\.name)
    if old.entry != new.entry, case .python = new.entry {
      names = names.map { $0 == "command" ? "run" : $0 }
    }
    let params = Set(old.params.keys).union(new.params.keys)
    names += params.filter { old.params[$0] != new.params[$0] }.sorted().map { "params.\($0)" }
    // A key that has come to the manifest since this list was written must not look like no change.
    let others: [(table: String, isSame: Bool)] = [
      ("limits", old.limits == new.limits), ("sandbox", old.sandbox == new.sandbox),
      ("trading", old.trading == new.trading), ("health", old.health == new.health),
      ("restart", old.restart == new.restart),
    ]
    for other in others where !other.isSame && !names.contains(where: { $0.hasPrefix(other.table + ".") }) {
      names.append(other.table)
    }
    return names
  }
}
