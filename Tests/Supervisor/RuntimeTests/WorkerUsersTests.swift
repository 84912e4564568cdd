import Testing

@testable import Runtime

@Suite("Users of strategies")
struct WorkerUsersTests {
  private func users(
    _ range: ClosedRange<UInt32> = 100...103, taken: Set<UInt32> = [], remembered: [String: UInt32] = [:],
    owners: [String: UInt32] = [:]
  ) -> WorkerUsers {
    WorkerUsers(range: range, taken: taken, remembered: remembered, owners: owners)
  }

  @Test("Each has its own, the same every time")
  func own() {
    var users = users()
    #expect(users.assign("a").map { $0.user } == 100)
    #expect(users.assign("b").map { $0.user } == 101)
    let again = users.assign("a")
    #expect(again?.user == 100 && again?.isNew == false)
  }

  @Test("Neither the system's users nor those of strategies that are gone are given again")
  func taken() {
    var users = users(taken: [100, 7], remembered: ["gone": 101])
    #expect(users.assign("a").map { $0.user } == 102)
  }

  @Test("Who has to give up an id that somebody else uses gets another, and nobody gets that one")
  func avoided() {
    var users = users()
    #expect(users.assign("a").map { $0.user } == 100)
    users.avoid(100)
    #expect(users.assign("a").map { $0.user } == 101 && users.assign("b").map { $0.user } == 102)
    #expect(users.assign("a").map { $0.isNew } == false)
  }

  @Test("Where all are given there is none")
  func exhausted() {
    var users = users(100...100)
    #expect(users.assign("a") != nil && users.assign("b") == nil && users.assign("a") != nil)
  }

  @Test("One that was given and never recorded is known by the folder that it owns")
  func unrecorded() {
    var users = users(remembered: ["a": 100], owners: ["b": 101, "thief": 100, "root": 0])
    #expect(users.assign("b").map { $0.user } == 101)
    #expect(users.assign("thief").map { $0.user } == 102)
  }

  @Test("Outside of a range that was changed, a strategy gets a new one")
  func moved() {
    var users = users(remembered: ["a": 60])
    let given = users.assign("a")
    #expect(given?.user == 100 && given?.isNew == true)
  }
}
