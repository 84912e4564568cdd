import Testing

@testable import Platform

@Suite struct ProcessTrees {
  /// pid: (parent, session)
  private func table(_ rows: [Int32: (Int32, Int32)]) -> [Int32: ProcessEntry] {
    Dictionary(
      uniqueKeysWithValues: rows.map { pid, row in
        let entry = ProcessEntry(
          pid: pid, parent: row.0, session: row.1, startTicks: UInt64(pid), isZombie: false)
        return (pid, entry)
      })
  }

  private let tree = ProcessTree(
    supervisor: 10, supervisorSession: 9, leader: 20, leaderStart: 20, spawnID: "a", others: [30: "b"])

  private func members(_ rows: [Int32: (Int32, Int32)], marks: [Int32: String] = [:]) -> [Int32] {
    tree.members(in: table(rows)) { marks[$0] }.map(\.pid)
  }

  @Test("Descendants of the leader belong to it, in whatever session")
  func descendants() {
    #expect(
      members([10: (1, 9), 20: (10, 20), 21: (20, 20), 22: (21, 22), 30: (10, 30), 31: (30, 30)]) == [
        20, 21, 22,
      ])
  }

  @Test("An orphan belongs by its session, then by its marker, and with it all that it started")
  func orphans() {
    #expect(members([40: (10, 20), 41: (40, 41)], marks: [40: "b"]) == [40, 41])
    #expect(members([40: (10, 40), 41: (40, 41)], marks: [40: "a"]) == [40, 41])
    #expect(members([40: (10, 40)], marks: [40: "b"]).isEmpty)
    #expect(members([40: (10, 30)], marks: [40: "a"]).isEmpty)
  }

  @Test("An orphan of nobody is everybody's to kill, also when its mark is of one long gone")
  func unclaimed() {
    #expect(members([40: (10, 40), 41: (40, 40)]) == [40, 41])
    #expect(members([40: (10, 40)], marks: [40: "gone"]) == [40])
  }

  @Test("Children in the supervisor's own session, and strangers, are nobody's business")
  func strangers() {
    #expect(members([40: (10, 9), 41: (40, 9), 50: (1, 50)], marks: [50: "a"]).isEmpty)
  }

  @Test("A pid that went to another process is not the leader")
  func recycled() {
    var rows = table([20: (1, 20), 21: (20, 20)])
    rows[20]?.startTicks = 999
    #expect(tree.members(in: rows) { _ in nil }.isEmpty)
  }

  @Test("The name in a stat line may hold spaces and parentheses")
  func statLine() {
    let numbers = (1...30).map(String.init).joined(separator: " ")
    let line = StatLine(Array("7 (a) b (c) Z \(numbers)".utf8))
    #expect(line?[1] == 1 && line?[19] == 19 && line?.isZombie == true)
    #expect(StatLine(Array("nothing".utf8)) == nil)
  }
}
