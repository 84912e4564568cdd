import Model
import Testing

@testable import Commands

@Suite struct ReadingTests {
  @Test(arguments: [
    ("90s", 90), ("10m", 600), ("2h", 7_200), ("1h30m", 5_400), ("7d", 604_800), ("1d2h3m4s", 93_784),
    ("0s", 0),
  ])
  func aLengthOfTimeIsRead(_ text: String, _ seconds: Int64) {
    #expect(Since.seconds(text) == seconds)
  }

  @Test(arguments: ["", "10", "m", "10x", "-5m", "5m5m", "5m1h", "1.5h", "9999999999s", " 5m", "٣m"])
  func whatIsNoLengthOfTimeIsNotRead(_ text: String) {
    #expect(Since.seconds(text) == nil)
  }

  @Test func sinceIsAMomentOrALengthBeforeNow() throws {
    let now = try #require(Timestamp("2026-11-21T12:00:00Z"))
    #expect(Since.moment("10m", now: now) == Timestamp("2026-11-21T11:50:00Z"))
    #expect(Since.moment("2026-11-21T12:00:00+02:00", now: now) == Timestamp("2026-11-21T10:00:00Z"))
    #expect(Since.moment("yesterday", now: now) == nil)
  }

  @Test func theNearestNameIsProposed() {
    let known = ["ema-cross", "grid-bot", "momentum-sniper"]
    #expect(
      NearestName.unknown("gird-bot", known: known) == "there is no strategy gird-bot; did you mean grid-bot?"
    )
    #expect(
      NearestName.unknown("xyzzy", known: known)
        == "there is no strategy xyzzy; there are ema-cross, grid-bot, momentum-sniper")
    #expect(NearestName.unknown("a", known: []) == "there is no strategy a; there are none at all")
  }

  private func find(
    socket: String? = nil, home: String? = nil, _ environment: [String: String] = ["HOME": "/home/ann"],
    user: UInt32 = 1_000, hasLocal: Bool = false
  ) throws -> String {
    try SocketPath.find(socket: socket, home: home, environment: environment, user: user) { _ in hasLocal }
  }

  @Test func theSocketIsFoundInOrder() throws {
    #expect(try find(socket: "/a/b.sock", home: "/h") == "/a/b.sock")
    #expect(try find(home: "/h", ["RBOT_HOME": "/other"]) == "/h/run/control.sock")
    #expect(try find(["RBOT_HOME": "/other"], hasLocal: true) == "/other/run/control.sock")
    #expect(try find(hasLocal: true).hasSuffix("/.rbot/run/control.sock"))
    #expect(try find(user: 0, hasLocal: true).hasSuffix("/.rbot/run/control.sock"))
    #expect(try find() == "/home/ann/.local/state/rbotd/run/control.sock")
    #expect(try find(["XDG_STATE_HOME": "/x"]) == "/x/rbotd/run/control.sock")
    #expect(try find(user: 0) == "/run/rbotd/control.sock")
  }

  @Test func aPathThatIsTooLongForASocketIsAUsageError() {
    let path = "/" + String(repeating: "x", count: 120)
    #expect(throws: Failure.self) { try find(socket: path) }
    #expect(throws: Failure.self) { try find(home: path) }
    #expect(throws: Failure.self) { try find([:]) }
  }
}
