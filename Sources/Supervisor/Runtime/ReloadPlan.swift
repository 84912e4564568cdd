import Config
import Lifecycle
import Wire

/// What a reload does: computed first, shown by a dry run, then carried out as it is.
struct ReloadPlan {
  /// What happens to one strategy.
  enum Action: String {
    case start
    case stop
    case restart
    /// What is new holds from now on, without a new process.
    case update
    /// Something has changed that changes nothing for it now.
    case none
  }

  struct Step: Equatable {
    let name: String
    let action: Action
    /// Keys of its manifest, or why in a few words.
    let because: [String]

    var json: JSON {
      [
        "name": .string(name), "action": .string(action.rawValue),
        "because": .array(because.map(JSON.string)),
      ]
    }
  }

  /// One strategy as it is before the reload.
  struct Present {
    let plan: WorkerPlan
    let manifest: StrategyManifest?
    let isWanted: Bool
    /// It is to start with the daemon, as far as people have said.
    var isLive = false
  }

  var added: [String] = []
  var removed: [String] = []
  var changed: [String] = []
  var unchanged: [String] = []
  var steps: [Step] = []
  /// Beside those of the manifests: what a person should know before this is done.
  var warnings: [ManifestIssue] = []

  /// - Parameter startsWhenNew: whether one that is new, or comes back, is to run.
  init(old: [String: Present], reading: ManifestReading, startsWhenNew: (String, WorkerPlan) -> Bool) {
    for (name, plan) in reading.plans.sorted(by: { $0.key < $1.key }) {
      guard let present = old[name] else {
        added.append(name)
        steps.append(Step(name: name, action: startsWhenNew(name, plan) ? .start : .none, because: ["new"]))
        continue
      }
      guard present.plan != plan || present.manifest != reading.manifests[name] else {
        unchanged.append(name)
        continue
      }
      changed.append(name)
      steps.append(Self.change(name, present, plan, reading.manifests[name]))
    }
    for (name, present) in old.sorted(by: { $0.key < $1.key }) where reading.plans[name] == nil {
      if reading.isUnreadable {
        unchanged.append(name)
        steps.append(Step(name: name, action: .none, because: ["the folder of strategies cannot be read"]))
      } else if reading.broken[name] != nil || reading.brokenFolders.contains(present.plan.folder) {
        unchanged.append(name)
        steps.append(Step(name: name, action: .none, because: ["its manifest is wrong"]))
      } else {
        removed.append(name)
        steps.append(Step(name: name, action: present.isLive ? .stop : .none, because: ["removed"]))
      }
    }
    unchanged.sort()
  }

  private static func change(
    _ name: String, _ present: Present, _ plan: WorkerPlan, _ manifest: StrategyManifest?
  ) -> Step {
    var because: [String] = []
    if let old = present.manifest, let manifest { because = ManifestChanges.between(old, manifest) }
    if because.isEmpty { because = ["the settings of rbotd"] }
    let action: Action =
      if present.plan.isEnabled, !plan.isEnabled {
        present.isLive || present.isWanted ? .stop : .none
      } else if present.plan.policy.isOneShot, plan.policy.isOneShot,
        present.plan.isEnabled == plan.isEnabled
      {
        // A run that is under way is not run twice: what is new holds from its next slot on.
        .update
      } else if present.plan.needsRestart(for: plan), present.isWanted {
        // Also one that a person runs and that is enabled only now: a mere start would leave it as it is.
        .restart
      } else if present.plan.isEnabled != plan.isEnabled {
        .start
      } else {
        .update
      }
    return Step(name: name, action: action, because: because)
  }

  func json(_ reading: ManifestReading, folder: String) -> JSON {
    var room = ReplyLimit.bytes - 2 * ReplyLimit.issueBytes
    var left = 0
    func list(_ items: [JSON]) -> JSON {
      let shown = ReplyLimit.first(of: items, in: &room)
      left += items.count - shown.count
      return .array(shown)
    }
    let plan = list(steps.map(\.json))
    let lists = [added, removed, changed, unchanged].map { list($0.map(JSON.string)) }
    return [
      "added": lists[0], "removed": lists[1], "changed": lists[2], "unchanged": lists[3], "plan": plan,
      "errors": ReplyLimit.issues(
        reading.issues, folder: folder, notes: left > 0 ? ["\(left) names are not shown"] : []),
      "warnings": ReplyLimit.issues(reading.warnings + warnings, folder: folder),
    ]
  }
}
