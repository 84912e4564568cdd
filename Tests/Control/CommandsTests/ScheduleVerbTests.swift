import IPC
import Testing
import Wire

@testable import Commands

/// What rbotctl says about schedules, from manifests and from a daemon whose answers are known.
@Suite struct ScheduleVerbTests {
  private static let list: JSON = [
    "schedules": [
      [
        "name": "opening-range", "definition": "30 9 * * MON-FRI", "timezone": "America/New_York",
        "calendar": "nyse", "state": "scheduled", "enabled": true, "paused": false,
        "next": ["utc": "2026-11-23T14:30:00Z", "local": "2026-11-23T09:30:00-05:00", "skip": nil],
        "last": ["outcome": "done"], "missed_24h": 2,
        "warning": "the calendar nyse ends on 2026-12-31",
      ],
      [
        "name": "carry", "definition": "@daily", "timezone": "UTC", "calendar": nil, "state": "scheduled",
        "enabled": true, "paused": true,
        "next": ["utc": "2026-11-26T00:00:00Z", "local": "2026-11-26T00:00:15+00:00", "skip": "holiday"],
        "last": nil, "missed_24h": 0, "warning": nil,
      ],
    ]
  ]

  private static func row(_ id: Int, _ outcome: String, _ reason: String?, count: Int = 1) -> JSON {
    [
      "id": .int(id), "name": "carry", "slot": "2026-11-21T09:30:00Z",
      "until": count > 1 ? "2026-11-21T10:30:00Z" : nil,
      "count": .int(count), "trigger": "cron", "outcome": .string(outcome), "reason": JSON(reason),
      "due": "2026-11-21T09:30:00Z", "started": outcome == "done" ? "2026-11-21T09:30:00.004Z" : nil,
      "ended": outcome == "done" ? "2026-11-21T09:30:42Z" : nil, "run": nil,
      "lateness_ms": outcome == "done" ? 4 : nil, "exit": outcome == "done" ? "code 0" : nil,
    ]
  }

  @Test func `the list is by next time, says when in the schedule's own zone, and fits 80 columns`()
    async throws
  {
    try await withDaemon(["schedule.list": Self.list]) { daemon in
      let (status, output) = await rbotctl("schedule", "list", "--socket", daemon.path, columns: 80)
      #expect(status == .done)
      #expect(output.lines.allSatisfy { TextWidth.of(String($0)) <= 80 })
      let shown = output.written
      #expect(shown.contains("Mon 11-23 09:30"))
      #expect(shown.contains("Thu 11-26 00:00:15 skipped") && shown.contains("paused"))
      #expect(shown.contains("opening-range: the calendar nyse ends on 2026-12-31"))
      // A slot with seconds that is skipped is wide: how long until then is the first to give way.
      let (_, wide) = await rbotctl("schedule", "list", "--socket", daemon.path, columns: 100)
      #expect(wide.written.contains("2d 2h"))
      let (_, json) = await rbotctl("schedule", "list", "--json", "--socket", daemon.path)
      #expect(json.written == Self.list.description + "\n")
    }
  }

  @Test func `the status of a scheduled strategy says when it is due next`() async throws {
    let bot: JSON = [
      "name": "opening-range", "state": "scheduled", "pid": nil, "since": "2026-11-21T11:00:00Z",
      "schedule": [
        "text": "30 9 * * MON-FRI", "timezone": "America/New_York", "closes": nil, "last_outcome": "missed",
        "next": ["utc": "2026-11-23T14:30:00Z", "local": "2026-11-23T09:30:00-05:00", "skip": nil],
        "warning": "the calendar nyse ends on 2026-12-31",
      ],
    ]
    try await withDaemon(["status": ["supervisor": [:], "strategies": [bot]]]) { daemon in
      let (status, one) = await rbotctl("status", "opening-range", "--socket", daemon.path)
      #expect(status == .notRunning)
      for part in [
        "30 9 * * MON-FRI, the time of America/New_York", "next Mon 11-23 09:30, in 2d 2h",
        "last slot: missed",
        "the calendar nyse ends on 2026-12-31", "schedule preview opening-range",
      ] { #expect(one.written.contains(part), "\(part) in \(one.written)") }
      let (_, all) = await rbotctl("status", "--socket", daemon.path)
      #expect(all.written.contains("NEXT") && all.written.contains("in 2d 2h"))
    }
  }

  @Test func `the history asks page by page and filters by outcome`() async throws {
    let answer: FakeDaemon.Answer = { _, params, id, connection in
      if params["before"]?.isNull == true {
        connection.reply(
          to: id, result: ["slots": [Self.row(9, "done", nil), Self.row(8, "missed", "busy")], "more": true])
      } else {
        connection.reply(
          to: id,
          result: ["slots": [Self.row(3, "missed", "rbotd was not running", count: 61)], "more": false])
      }
    }
    try await withDaemon(answer) { daemon in
      let (status, output) = await rbotctl(
        "schedule", "history", "carry", "--outcome", "missed", "-n", "50", "--socket", daemon.path,
        columns: 80)
      #expect(status == .done)
      #expect(daemon.requests.map(\.method) == ["schedule.history", "schedule.history"])
      #expect(
        daemon.requests.first?.params == ["name": "carry", "limit": 50, "before": nil, "outcome": "missed"])
      #expect(daemon.requests.last?.params["before"] == 8)
      #expect(output.lines.count == 4 && output.lines.allSatisfy { TextWidth.of(String($0)) <= 80 })
      #expect(output.written.contains("61 times until 11:30"))
      #expect(output.written.contains("4ms") && output.written.contains("code 0"))
    }
  }

  @Test func `an outcome that there is not is a mistake of the command line`() async throws {
    let (status, output) = await rbotctl("schedule", "history", "--outcome", "lost", "--socket", "/nowhere")
    #expect(status == .usage)
    #expect(output.complained.contains("skipped, missed"))
  }

  @Test func `a run now says where it arrived, and a refusal why`() async throws {
    let done: JSON = ["results": [["name": "carry", "ok": true, "state": "ready", "message": nil]]]
    try await withDaemon(["schedule.run": done]) { daemon in
      let (status, output) = await rbotctl("schedule", "run", "carry", "--socket", daemon.path)
      #expect(status == .done && output.written == "carry  ready\n")
      #expect(daemon.requests.last?.params == ["name": "carry"])
    }
    let refuse: FakeDaemon.Answer = { _, _, id, connection in
      connection.reply(to: id, error: .refused("overlap", "carry runs already"))
    }
    try await withDaemon(refuse) { daemon in
      let (status, output) = await rbotctl("schedule", "run", "carry", "--socket", daemon.path)
      #expect(status == .refused && output.complained == "rbotctl: carry runs already\n")
    }
  }

  @Test func `a preview needs no daemon, and says what is skipped, shortened and put off`() async throws {
    let folder = try TestFolder()
    try folder.put(
      "bot/strategy.toml",
      """
      name = "bot"
      command = ["true"]
      [schedule]
      calendar = "nyse"
      window = { open = "09:30", close = "16:00", days = "MON-FRI" }
      jitter = "10s"
      """)
    let arguments = ["--from", "2026-11-25T20:00:00Z", "--count", "3", "--home", folder.path]
    let surroundings = { (output: Capture) in
      Surroundings(
        environment: [:], user: 1_000, output: output, page: { .test(columns: 100) },
        untilInterrupted: { _ in })
    }
    let text = Capture()
    #expect(
      await Program.run(["schedule", "preview", folder.path + "/bot"] + arguments, in: surroundings(text))
        == .done)
    #expect(
      text.written.contains("Thu 2026-11-26 09:30") && text.written.contains("skipped: holiday: Thanksgiving")
    )
    #expect(text.written.contains("13:00") && text.written.contains("closes early at 13:00"))
    let json = Capture()
    #expect(
      await Program.run(
        ["schedule", "preview", folder.path + "/bot", "--json"] + arguments, in: surroundings(json)) == .done)
    let slots = try JSON.parse(json.written).items("slots")
    #expect(slots.map { $0.text("local") }.first == "2026-11-26T09:30:00-05:00")
    #expect(slots[0]["skip"]?.text("reason") == "holiday" && slots[1]["skip"]?.isNull == true)
    #expect(slots[1].text("closes") == "2026-11-27T18:00:00Z")
    #expect(slots.allSatisfy { (0..<10_000).contains($0["delay_ms"]?.intValue ?? -1) })
  }

  @Test func `a strategy without a schedule, and one with a wrong one, are told apart`() async throws {
    let folder = try TestFolder()
    try folder.put("plain/strategy.toml", "name = \"plain\"\ncommand = [\"true\"]\n")
    try folder.put(
      "wrong/strategy.toml", "name = \"wrong\"\ncommand = [\"true\"]\n[schedule]\ncron = \"61 * * * *\"\n")
    let (plain, first) = await rbotctl("schedule", "explain", folder.path + "/plain", "--home", folder.path)
    #expect(plain == .refused && first.complained.contains("plain has no [schedule]"))
    let (wrong, second) = await rbotctl("schedule", "preview", folder.path + "/wrong", "--home", folder.path)
    #expect(
      wrong == .refused && second.complained.contains("strategy.toml:4: schedule.cron: the minute field"))
  }

  @Test func `an explanation has the window, the calendar and what becomes of lateness in words`()
    async throws
  {
    let folder = try TestFolder()
    try folder.put(
      "bot/strategy.toml",
      """
      name = "bot"
      command = ["true"]
      [schedule]
      calendar = "lse"
      window = { close = "16:00", square_off = true }
      """)
    let (status, output) = await rbotctl("schedule", "explain", folder.path + "/bot", "--home", folder.path)
    #expect(status == .done)
    #expect(
      output.written.contains(
        "open from the session's beginning until 16:00; positions are closed at its end"))
    #expect(
      output.written.contains("London Stock Exchange (lse)") && output.written.contains("Europe/London"))
  }

  @Test func `a calendar answers whether Friday is a holiday, and says where it ends`() async throws {
    let (status, output) = await rbotctl(
      "schedule", "calendar", "nyse", "--from", "2026-11-26", "--to", "2026-11-27", "--home", "/nowhere",
      columns: 80)
    #expect(status == .done)
    #expect(output.written.contains("Thu 2026-11-26  closed") && output.written.contains("Thanksgiving Day"))
    #expect(output.written.contains("closes early at 13:00"))
    #expect(output.lines.allSatisfy { TextWidth.of(String($0)) <= 80 })
    let (late, after) = await rbotctl(
      "schedule", "calendar", "nyse", "--from", "2032-01-01", "--home", "/nowhere")
    #expect(late == .refused && after.complained.contains("the calendar nyse ends on 2031-12-31"))
    let (unknown, near) = await rbotctl("schedule", "calendar", "nsye", "--home", "/nowhere")
    #expect(unknown == .refused && near.complained.contains("did you mean \"nyse\"?"))
  }
}
