import Lifecycle
import Model
import SupervisorStore
import Wire

/// Strategies that cannot be read: they are known by their folder, and by what is remembered of them.
extension Supervisor {
  /// Takes in whose folder is whose.
  func settle(_ reading: ManifestReading) {
    if reading.isUnreadable {
      // Nobody is known to be gone.
      for name in homes.keys where workers[name] == nil { broken[name] = reading.issues }
      return
    }
    var now = reading.plans.mapValues(\.folder)
    for (name, issues) in reading.broken where now[name] == nil {
      now[name] = homes[name] ?? issues.first.map { ManifestReading.folder(of: $0.path) }
    }
    for name in homes.keys where now[name] == nil && workers[name] == nil { forgetFolder(of: name) }
    // One that is being stopped for its removal keeps its name until it is gone.
    homes = now.merging(homes.filter { workers[$0.key] != nil }) { new, _ in new }
  }

  /// Another one may have the folder from now on.
  private func forgetFolder(of name: String) {
    guard var record = remembered[name], record.folder != nil else { return }
    record.folder = nil
    remembered[name] = record
    store.save(record)
  }

  /// One that does not run because its manifest is wrong, with what an earlier daemon knew of it.
  func brokenPart(_ name: String, _ trades: JSON) -> JSON {
    let issues = broken[name] ?? []
    let record = remembered[name]
    let first = issues.first?.words ?? ""
    let before = record.map { "; it \(Self.past($0)) before" } ?? ""
    return [
      "name": .string(name), "state": "failed", "pid": .null, "generation": .int(record?.generation ?? 0),
      "restarts": 0, "paused": .bool(record?.isPaused ?? false), "enabled": .null,
      "wanted": .bool(record?.isWanted ?? false), "frozen": false, "after": [], "requires": [],
      "waiting_for": [],
      "reason": .string("its manifest is wrong: \(first)\(before); after mending it: rbotctl reload"),
      "last_exit": lastExits[name].map(Self.lastExit) ?? .null,
      "manifest_errors": .array(issues.map(\.json)),
      "orders": trades["orders"] ?? .null, "fills": trades["fills"] ?? .null,
      "position": trades["position"] ?? .null, "pnl": trades["pnl"] ?? .null,
    ]
  }

  /// What it did when it was last seen, for people.
  private static func past(_ record: StrategyRecord) -> String {
    switch record.over?.state {
    case .failed?: "had failed" + (record.over?.reason.map { " (\($0))" } ?? "")
    case .finished?: "had finished"
    default: record.isWanted ? record.isPaused ? "was running, paused," : "was running" : "was stopped"
    }
  }
}
