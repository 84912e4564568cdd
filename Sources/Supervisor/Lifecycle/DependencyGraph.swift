import Model

/// Who has to be there for whom: `after` and `requires` of all workers.
///
/// Names that are no worker's own are allowed; they simply depend on nothing. With a cycle in it, the order of its
/// members is that of their names: whoever builds the graph reports cycles first.
public struct DependencyGraph: Sendable {
  /// What one worker depends on.
  public struct Node: Hashable, Sendable {
    public var after: [String]
    public var requires: [String]

    public init(after: [String] = [], requires: [String] = []) {
      self.after = after
      self.requires = requires
    }

    /// All of them, each once; the required ones first.
    var all: [String] {
      var seen: Set<String> = []
      return (requires + after).filter { seen.insert($0).inserted }
    }
  }

  private let nodes: [String: Node]
  private let dependentsByName: [String: [String]]
  /// A place in an order in which everyone comes after those on whom he depends.
  private let ranks: [String: Int]

  public init(_ nodes: [String: Node] = [:]) {
    self.nodes = nodes
    var dependents: [String: [String]] = [:]
    for (name, node) in nodes.sorted(by: { $0.key < $1.key }) {
      for other in node.all where other != name { dependents[other, default: []].append(name) }
    }
    dependentsByName = dependents
    ranks = Self.ranks(nodes, dependents)
  }

  /// Who depends on `name` directly, by name.
  public func dependents(of name: String) -> [String] { dependentsByName[name] ?? [] }

  /// On whom `name` depends directly.
  public func dependencies(of name: String) -> [String] { nodes[name]?.all ?? [] }

  /// Whether `name` names `other` in its `requires`.
  public func requires(_ name: String, _ other: String) -> Bool {
    nodes[name]?.requires.contains(other) ?? false
  }

  /// `names` in the order in which they can be started: each after those on whom it depends.
  public func order(_ names: some Sequence<String>) -> [String] {
    names.sorted { (ranks[$0] ?? 0, $0) < (ranks[$1] ?? 0, $1) }
  }

  /// `names` in the order in which they are to be stopped: each before those on whom it depends.
  public func stopOrder(_ names: some Sequence<String>) -> [String] { order(names).reversed() }

  /// Whom a start of `name` starts as well: all that it requires, and what those require, in starting order.
  public func pulledIn(by name: String) -> [String] {
    var found: Set<String> = []
    var open = nodes[name]?.requires ?? []
    while let next = open.popLast() {
      guard next != name, found.insert(next).inserted else { continue }
      open += nodes[next]?.requires ?? []
    }
    return order(found)
  }

  /// The rings of those who wait for each other, each by name from the least one on, in the direction of the arrows.
  public var cycles: [[String]] {
    var rings: [[String]] = []
    var settled: Set<String> = []
    for start in nodes.keys.sorted() where !settled.contains(start) {
      if let ring = ring(through: start) {
        rings.append(ring)
        settled.formUnion(ring)
      }
    }
    return rings
  }

  /// The shortest way from `start` back to itself.
  private func ring(through start: String) -> [String]? {
    var cameFrom: [String: String] = [:]
    var open = [start][...]
    while let name = open.popFirst() {
      for next in dependencies(of: name) {
        if next == start {
          var ring = [name]
          while let before = cameFrom[ring[0]] { ring.insert(before, at: 0) }
          return ring
        }
        guard nodes[next] != nil, cameFrom[next] == nil else { continue }
        cameFrom[next] = name
        open.append(next)
      }
    }
    return nil
  }

  private static func ranks(_ nodes: [String: Node], _ dependents: [String: [String]]) -> [String: Int] {
    var ranks: [String: Int] = [:]
    var missing = nodes.mapValues { node in node.all.count { nodes[$0] != nil } }
    var round = nodes.keys.filter { missing[$0] == 0 }.sorted()
    var rank = 0
    while !round.isEmpty {
      rank += 1
      var next: [String] = []
      for name in round {
        ranks[name] = rank
        for dependent in dependents[name] ?? [] {
          missing[dependent, default: 0] -= 1
          if missing[dependent] == 0 { next.append(dependent) }
        }
      }
      round = next
    }
    // Those in a ring, and behind one, come last.
    for name in nodes.keys where ranks[name] == nil { ranks[name] = rank + 1 }
    return ranks
  }
}

extension DependencyGraph {
  /// How everything that `name` depends on stands.
  ///
  /// - Parameter look: the other one, nil where there is none of that name.
  public func needs(of name: String, look: (String) -> Companion?) -> [Need] {
    dependencies(of: name).map { other in
      let companion = look(other)
      return Need(
        name: other, isRequired: requires(name, other), standing: companion?.standing ?? .absent,
        state: companion?.state.rawValue ?? "there is none")
    }
  }

  /// Whether `name` may not be asked to end yet, because others who depend on it have to end first: those who are
  /// ending, and, as long as it has not left itself, those who require it, for its leaving makes them end.
  public func isHeldBack(_ name: String, look: (String) -> Companion?) -> Bool {
    let isLeaving = look(name)?.state == .stopping
    return dependents(of: name).contains { other in
      guard let companion = look(other), companion.state.isLive, !companion.isUnkillable else { return false }
      return companion.state == .stopping || (!isLeaving && requires(other, name))
    }
  }
}
