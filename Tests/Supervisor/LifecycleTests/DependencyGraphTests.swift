import Lifecycle
import Model
import Testing

@Suite("Who depends on whom")
struct DependencyGraphTests {
  private let graph = DependencyGraph([
    "feed": .init(after: ["gateway"]), "signal": .init(requires: ["feed"]),
    "desk": .init(after: ["recorder"], requires: ["signal"]), "recorder": .init(), "alone": .init(),
  ])

  @Test("The order of a start puts everyone after those on whom he depends, and a stop is its reverse")
  func order() {
    let names = ["desk", "signal", "alone", "feed", "recorder"]
    #expect(graph.order(names) == ["alone", "feed", "recorder", "signal", "desk"])
    #expect(graph.stopOrder(names) == ["desk", "signal", "recorder", "feed", "alone"])
    #expect(graph.order(["desk", "feed"]) == ["feed", "desk"])
  }

  @Test("A start pulls in what is required, and what that requires, but nobody who is only to come before")
  func pulledIn() {
    #expect(graph.pulledIn(by: "desk") == ["feed", "signal"])
    #expect(graph.pulledIn(by: "alone").isEmpty)
    #expect(graph.pulledIn(by: "nobody").isEmpty)
  }

  @Test("A ring is found, in the direction of its arrows, and so is one that depends on itself")
  func cycles() {
    #expect(graph.cycles.isEmpty)
    let ring = DependencyGraph([
      "a": .init(after: ["b"]), "b": .init(requires: ["c"]), "c": .init(after: ["a", "gateway"]),
      "d": .init(after: ["a"]), "e": .init(requires: ["e"]),
    ])
    #expect(ring.cycles == [["a", "b", "c"], ["e"]])
  }

  @Test("After counts one as tried that has failed, and requires does not")
  func standing() {
    func need(_ state: WorkerState, requires: Bool, wanted: Bool = true, inVain: Bool = false) -> Bool {
      let node: DependencyGraph.Node = requires ? .init(requires: ["x"]) : .init(after: ["x"])
      let needs = DependencyGraph(["me": node]).needs(of: "me") { _ in
        Companion(state: state, isWanted: wanted, waitsInVain: inVain)
      }
      return needs.allSatisfy(\.isMet)
    }
    for state in [WorkerState.ready, .paused] {
      #expect(need(state, requires: true))
      #expect(need(state, requires: false))
    }
    for state in [WorkerState.stopped, .failed, .finished, .backoff, .scheduled] {
      #expect(need(state, requires: false))
      #expect(!need(state, requires: true))
    }
    #expect(!need(.starting, requires: false))
    #expect(!need(.waiting, requires: false))
    #expect(need(.waiting, requires: false, inVain: true))
    #expect(!need(.stopping, requires: false))
    #expect(need(.stopping, requires: false, wanted: false))
  }

  @Test("The gateway is waited for however often it fails, since it is never given up")
  func gateway() {
    let needs = graph.needs(of: "feed") { _ in
      Companion(state: .backoff, isWanted: true, isNeverGivenUp: true)
    }
    #expect(needs.map(\.isMet) == [false])
    #expect(needs.map(\.words) == ["gateway (backoff)"])
  }

  @Test("One is held back while those end who depend on it, and before it leaves by those who require it")
  func heldBack() {
    func held(_ name: String, _ states: [String: WorkerState], unkillable: Bool = false) -> Bool {
      graph.isHeldBack(name) { other in
        states[other].map { Companion(state: $0, isWanted: true, isUnkillable: unkillable) }
      }
    }
    #expect(held("signal", ["signal": .ready, "desk": .ready]))
    #expect(held("signal", ["signal": .stopping, "desk": .stopping]))
    #expect(!held("signal", ["signal": .stopping, "desk": .ready]))
    #expect(!held("signal", ["signal": .stopping, "desk": .waiting]))
    #expect(!held("signal", ["signal": .stopping, "desk": .stopping], unkillable: true))
    #expect(!held("recorder", ["recorder": .ready, "desk": .ready]))
    #expect(held("recorder", ["recorder": .ready, "desk": .stopping]))
  }
}
