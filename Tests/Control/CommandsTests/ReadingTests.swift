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

  private func choose(
    socket: String? = nil, home: String? = nil, _ environment: [String: String] = ["HOME": "/home/ann"],
    user: UInt32 = 1_000, answering: [String] = [], deaf: [String] = []
  ) throws -> SocketPath.Choice {
    try SocketPath.find(socket: socket, home: home, environment: environment, user: user) { path in
      if answering.contains(where: path.hasSuffix) { return .answers }
      return deaf.contains(where: path.hasSuffix) ? .deaf : .absent
    }.get()
  }

  private let local = "/.rbot/run/control.sock"
  private let own = "/home/ann/.local/state/rbotd/run/control.sock"
  private let service = "/run/rbotd/control.sock"

  @Test func whatIsSaidIsTakenWhoeverElseAnswers() throws {
    #expect(try choose(socket: "/a/b.sock", home: "/h", answering: [local]).path == "/a/b.sock")
    #expect(try choose(home: "/h", ["RBOT_HOME": "/other"], answering: [local]).path == "/h/run/control.sock")
    #expect(try choose(["RBOT_HOME": "/other"], answering: [local]).path == "/other/run/control.sock")
  }

  @Test func theFirstThatAnswersIsTaken() throws {
    #expect(try choose(answering: [local]).path.hasSuffix(local))
    #expect(try choose(user: 0, answering: [local]).path.hasSuffix(local))
    #expect(try choose(answering: [own]).path == own)
    #expect(try choose(answering: [service]).path == service)
    #expect(
      try choose(["XDG_STATE_HOME": "/x"], answering: ["/x/rbotd/run/control.sock"]).path.hasPrefix("/x/"))
    #expect(try choose([:], answering: [local]).path.hasSuffix(local))
    #expect(try choose(answering: [own]).note == nil)
  }

  @Test func whatAKilledDaemonLeftIsNotPreferredToOneThatLives() throws {
    let choice = try choose(answering: [own], deaf: [local])
    #expect(choice.path == own)
    #expect(choice.note?.hasSuffix("any more; this is the daemon at \(own)") == true)
  }

  @Test func ofTwoThatAnswerItIsSaidWhichOneThisIs() throws {
    let choice = try choose(answering: [local, service])
    #expect(choice.path.hasSuffix(local))
    #expect(choice.note?.hasSuffix("for the one at \(service) say --socket \(service)") == true)
  }

  @Test func whereNobodyAnswersTheOneThatWasThereIsNamed() throws {
    #expect(try choose(deaf: [local]).path.hasSuffix(local))
    #expect(try choose().path == own)
    #expect(try choose(user: 0).path == service)
  }

  @Test func aPathThatIsTooLongForASocketIsAUsageError() {
    let path = "/" + String(repeating: "x", count: 120)
    #expect(throws: Failure.self) { try choose(socket: path) }
    #expect(throws: Failure.self) { try choose(home: path) }
    #expect(throws: Failure.self) { try choose([:]) }
  }
}
