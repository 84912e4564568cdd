/// Whether the strategies of a folder can wait for each other as they say: nobody for one that there is not, and
/// nobody for himself, be it by way of others.
struct Dependencies {
  /// One thing to say of one manifest.
  struct Finding: Equatable {
    var name: String
    /// `after` or `requires`.
    var key: String
    var message: String
  }

  private(set) var errors: [Finding] = []
  private(set) var warnings: [Finding] = []

  /// - Parameters:
  ///   - manifests: those that are in order, one for each name.
  ///   - broken: names whose manifests have errors.
  init(_ manifests: [StrategyManifest], broken: Set<String>) {
    let known = Set(manifests.map(\.name) + ["gateway"])
    for manifest in manifests {
      // Whoever mistyped a name did not mean his own.
      let proposals = known.union(broken).subtracting([manifest.name]).sorted()
      for name in manifest.requires where !known.contains(name) {
        if broken.contains(name) {
          warnings.append(.init(name: manifest.name, key: "requires", message: Self.waits(name)))
        } else {
          errors.append(.init(name: manifest.name, key: "requires", message: Self.unknown(name, proposals)))
        }
      }
      for name in manifest.after where !known.contains(name) {
        warnings.append(
          .init(
            name: manifest.name, key: "after",
            message: broken.contains(name) ? Self.waits(name) : Self.unknown(name, proposals)))
      }
    }
    let scheduled = Set(manifests.filter { $0.schedule != nil }.map(\.name))
    for manifest in manifests {
      for name in manifest.requires where scheduled.contains(name) {
        warnings.append(
          .init(
            name: manifest.name, key: "requires",
            message: "\"\(name)\" runs on a schedule: between its slots this one waits, or is stopped"))
      }
    }
    findCycles(manifests)
  }

  private static func waits(_ name: String) -> String { "\"\(name)\" has a manifest with errors" }

  private static func unknown(_ name: String, _ known: [String]) -> String {
    "there is no strategy \"\(name)\""
      + (NearestKey.among(known, to: name).map { ", did you mean \"\($0)\"?" } ?? "")
  }

  /// Every strategy that waits for itself, with the way that leads back to it.
  private mutating func findCycles(_ manifests: [StrategyManifest]) {
    let next = Dictionary(
      manifests.map { ($0.name, ($0.requires + $0.after).filter { $0 != "gateway" }) },
      uniquingKeysWith: { first, _ in first })
    for manifest in manifests {
      guard let way = Self.way(from: manifest.name, next) else { continue }
      let key = manifest.requires.contains(way.count > 1 ? way[1] : way[0]) ? "requires" : "after"
      errors.append(
        .init(
          name: manifest.name, key: key,
          message: "waits for itself: " + (way + [manifest.name]).joined(separator: " → ")))
    }
  }

  /// The shortest way from a name back to it, beginning with it; nil where there is none.
  private static func way(from start: String, _ next: [String: [String]]) -> [String]? {
    var queue = [[start]]
    var seen: Set<String> = []
    var index = 0
    while index < queue.count {
      let way = queue[index]
      index += 1
      for name in next[way[way.count - 1]] ?? [] {
        if name == start { return way }
        if seen.insert(name).inserted { queue.append(way + [name]) }
      }
    }
    return nil
  }
}
