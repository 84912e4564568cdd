import Model
import Testing

@testable import Schedule

private func time(_ text: String) throws -> Timestamp { try #require(Timestamp("2026-03-02T\(text)Z")) }

/// Every hour on the hour, from 09:30 of a Monday on.
private func hourly(_ change: (inout Timetable) -> Void = { _ in }) throws -> SlotWorld {
  var timetable = Timetable(.cron(try CronExpression("0 * * * *")))
  change(&timetable)
  return SlotWorld(timetable, at: try time("09:30:00"))
}

@Suite("Slots of a cron schedule")
struct SlotBookTests {
  @Test("A schedule that is new owes nothing for the past, and fires at its next slot")
  func new() throws {
    var world = try hourly()
    #expect(world.history.isEmpty)
    #expect(try world.book.nextWake == time("10:00:00"))
    world.pass(1_800)
    #expect(world.running == 1)
    world.end(.done)
    #expect(world.history == ["10:00 done: exited"])
    #expect(world.fault == nil)
  }

  @Test("Nothing is opened before its row is on the disk")
  func recordedFirst() throws {
    var world = try hourly()
    world.isDiskHeld = true
    world.pass(1_800)
    #expect(world.running == nil)
    world.write(.max)
    #expect(world.running == 1)
  }

  @Test("A row that the disk does not take within the grace is missed, and stays so when the disk comes back")
  func notRecorded() throws {
    var world = try hourly { $0.grace = 60 }
    world.isDiskHeld = true
    world.pass(1_800 + 59)
    #expect(world.book.openRecord != nil)
    world.pass(1)
    #expect(world.book.openRecord == nil)
    world.isDiskHeld = false
    world.write(.max)
    #expect(world.running == nil)
    #expect(
      world.history == ["10:00 missed: not recorded in time: the disk did not take it, so it was not run"])
  }

  @Test("Of several that are on time only the newest fires; the others are missed as coalesced")
  func coalesced() throws {
    var world = try hourly { $0.grace = 3 * 3_600 }
    world.jump(3 * 3_600)
    #expect(world.history == ["10:00 missed: coalesced", "11:00 missed: coalesced", "12:00 running"])
  }

  @Test("What is later than the grace is missed, or caught up with as the schedule says")
  func missed() throws {
    var skip = try hourly()
    skip.jump(3 * 3_600 + 900)
    #expect(skip.history.map { String($0.prefix(12)) } == ["10:00 missed", "11:00 missed", "12:00 missed"])
    #expect(skip.running == nil)
    var once = try hourly { $0.missed = .once }
    once.jump(3 * 3_600 + 900)
    #expect(
      once.history == [
        "10:00 missed: the clock jumped forward", "11:00 missed: the clock jumped forward",
        "12:00 running: caught up: the clock jumped forward",
      ])
    #expect(once.news.last?.0 == .caughtUp)
    // One that is on time makes the catching up needless.
    var fresh = try hourly { $0.missed = .once }
    fresh.jump(2 * 3_600 + 1_800)
    #expect(
      fresh.history.map { String($0.prefix(13)) } == ["10:00 missed:", "11:00 missed:", "12:00 running"])
    var all = try hourly { $0.missed = .all }
    all.jump(2 * 3_600 + 1_800)
    #expect(
      all.history == [
        "10:00 running: caught up: the clock jumped forward",
        "11:00 queued: caught up: the clock jumped forward",
        "12:00 queued",
      ])
    all.end(.done)
    all.end(.done)
    all.end(.failed)
    #expect(all.history.map { String($0.prefix(12)) } == ["10:00 done: ", "11:00 done: ", "12:00 failed"])
  }

  @Test("No more than the newest hundred are caught up with")
  func hundred() throws {
    var world = try hourly { $0.missed = .all }
    world.jump(200 * 3_600 + 900)
    var count = 0
    while world.running != nil {
      count += 1
      world.end(.done)
    }
    #expect(count == 100)
    #expect(world.rows.count == 200)
    #expect(world.fault == nil)
  }

  @Test(
    "A clock that goes back repeats nothing; one that was a day ahead is told aloud, and a person's start ends it"
  )
  func backwards() throws {
    var world = try hourly()
    world.pass(1_800)
    world.end(.done)
    world.jump(-7_200)
    world.pass(7_200)
    #expect(world.history == ["10:00 done: exited"])
    world.jump(40 * 86_400 + 1_800)
    world.jump(-40 * 86_400)
    #expect(world.alerts.count == 1)
    #expect(world.book.warning?.contains("set back") == true)
    world.pass(3_600)
    #expect(world.running == nil)
    world.send(.disarmed("stopped"))
    world.send(.armed(byPerson: true))
    #expect(world.book.warning == nil)
    #expect(try world.book.nextWake.map { $0 < (try time("12:01:00")) } == true)
  }

  @Test("A slot that was opened once is not opened again, whatever the clock is set to")
  func refused() throws {
    var world = try hourly()
    world.pass(1_800)
    world.end(.done)
    world.jump(40 * 86_400 + 1_800)
    world.jump(-40 * 86_400 - 5_400)
    world.send(.armed(byPerson: true))
    world.pass(3_600)
    #expect(world.opened.values.allSatisfy { $0 == 1 })
    #expect(world.alerts.contains { $0.contains("decided before") })
    #expect(world.fault == nil)
  }

  @Test("While it is paused, stopped or disabled its slots are skipped, each with the reason")
  func unwanted() throws {
    var world = try hourly()
    world.send(.paused(true))
    world.pass(1_800)
    world.send(.paused(false))
    world.send(.disarmed("stopped"))
    world.pass(3_600)
    world.send(.disarmed("disabled"))
    world.pass(3_600)
    world.send(.armed(byPerson: true))
    world.pass(3_600)
    #expect(
      world.history == [
        "10:00 skipped: paused", "11:00 skipped: stopped", "12:00 skipped: disabled", "13:00 running",
      ]
    )
  }

  @Test("Jitter puts the start off, and lateness is counted from there")
  func jitter() throws {
    var world = try hourly {
      $0.jitter = 60_000
      $0.grace = 0
    }
    let wake = try #require(world.book.nextWake)
    #expect(try wake > time("10:00:00") && wake < time("10:01:00"))
    world.pass(1_800 + 60)
    #expect(world.running == 1)
    #expect(world.rows[1]?.latenessMilliseconds == 0)
  }

  @Test(
    "Thousands of decisions of one kind are one row with how many and until when, and take their time in pieces"
  )
  func many() throws {
    var timetable = Timetable(.cron(try CronExpression("* * * * * *", seconds: true)))
    timetable.grace = 0
    var world = SlotWorld(timetable, at: try time("09:30:00"))
    world.jump(50_000)
    #expect(world.rows.count == 1)
    #expect(world.book.nextWake.map { $0 <= world.now } == true)
    world.pass(0)
    #expect(world.rows.values.map(\.count).reduce(0, +) == 50_000)
    #expect(world.rows.count <= 2)
    #expect(world.running != nil)
    #expect(world.fault == nil)
  }

  @Test("Also skips that come one by one are not a row each for ever")
  func streak() throws {
    var world = SlotWorld(
      Timetable(.cron(try CronExpression("* * * * * *", seconds: true))), at: try time("09:30:00"))
    world.send(.disarmed("stopped"))
    world.pass(5_000)
    #expect(world.rows.count == SlotBook.rowsMax + 1)
    #expect(world.rows.values.map(\.count).reduce(0, +) == 5_000)
  }

  @Test("A clock that was decades off costs one row and no time")
  func decades() throws {
    var world = SlotWorld(
      Timetable(.cron(try CronExpression("* * * * *"))), at: Timestamp(nanoseconds: 3_600_000_000_000))
    world.jump(56 * 365 * 86_400)
    for _ in 0..<100 { world.pass(0) }
    #expect(world.rows.count < 10)
    #expect(world.rows[1]?.reason?.hasPrefix("too_long_ago") == true)
    #expect(world.running != nil)
  }

  @Test(
    "A reload that changes it owes nothing for the old one; one that changes only its manners keeps its place"
  )
  func changed() throws {
    var world = try hourly()
    var timetable = world.book.timetable
    timetable.overlap = .queue
    world.send(.changed(timetable))
    world.pass(1_800)
    world.pass(3_600)
    #expect(world.history == ["10:00 running", "11:00 queued"])
    world.send(.changed(Timetable(.cron(try CronExpression("30 * * * *")))))
    #expect(world.history == ["10:00 running", "11:00 stopped: its schedule has changed"])
    world.end(.done)
    world.pass(1_800)
    #expect(world.history.last == "11:30 running")
    world.send(.retired)
    #expect(!world.book.isOver)
    world.end(.stopped)
    #expect(world.book.isOver)
    #expect(world.book.nextWake == nil)
  }

  @Test("@reboot runs once for each boot, @start at each start of rbotd, and neither at a reload")
  func once() throws {
    for (trigger, expected) in [(Timetable.Trigger.reboot, 2), (.start, 4)] {
      var world = SlotWorld(Timetable(trigger), at: try time("09:30:00"))
      world.end(.done)
      world.crash(keeping: .max)
      world.end(.done)
      world.boot = "second"
      world.crash(keeping: .max, away: 1)
      world.end(.done)
      world.crash(keeping: .max)
      world.end(.done)
      #expect(world.rows.values.count { $0.outcome == .done } == expected)
      #expect(world.fault == nil)
      var book = SlotBook(name: "a", timetable: Timetable(trigger))
      var ids: SlotID = 0
      let actions = book.handle(.began(SlotPast(), boot: "first", isReload: true), now: world.now, ids: &ids)
      #expect(actions == [.remember(book.memory)])
    }
  }
}

@Suite("Slots that overlap")
struct OverlapTests {
  @Test("Forbidden: the later one is skipped")
  func forbid() throws {
    var world = try hourly()
    world.pass(2 * 3_600)
    #expect(
      world.history == ["10:00 running", "11:00 skipped: overlap: that of 2026-03-02T10:00:00Z still runs"])
  }

  @Test("Queued: one after the other, a hundred at most")
  func queue() throws {
    var world = try hourly { $0.overlap = .queue }
    world.pass(1_800 + 110 * 3_600)
    #expect(world.rows.values.count { $0.outcome == .queued } == 100)
    #expect(world.rows.values.count { $0.reason == "queue_full: 100 wait already" } == 10)
    for _ in 0..<101 { world.end(.done) }
    #expect(world.running == nil)
    #expect(world.rows.values.count { $0.outcome == .done } == 101)
    #expect(world.fault == nil)
  }

  @Test("Replaced: the earlier one is ended, and the later one opened when it is gone; of several the last")
  func replace() throws {
    var world = try hourly { $0.overlap = .replace }
    world.pass(1_800 + 2 * 3_600)
    #expect(world.isClosing)
    world.end(.replaced)
    #expect(
      world.history == [
        "10:00 replaced: exited", "11:00 replaced: replaced by a later slot before it began", "12:00 running",
      ])
    #expect(world.fault == nil)
  }

  @Test("A person's run keeps to the same rules, and leaves the schedule as it is")
  func manual() throws {
    var world = try hourly()
    world.send(.disarmed("stopped"))
    world.send(.runNow)
    #expect(world.running == 1)
    world.send(.runNow)
    #expect(world.refusals == ["overlap"])
    world.end(.done)
    world.send(.armed(byPerson: true))
    world.pass(1_800)
    #expect(world.history == ["09:30 done: exited", "10:00 running"])
  }

  @Test("Queued ones outlive a crash when they are on time, and the one that ran is never run again")
  func crash() throws {
    var world = try hourly {
      $0.overlap = .queue
      $0.grace = 3_600
    }
    world.pass(1_800 + 3_600)
    world.crash(keeping: .max, away: 60)
    #expect(world.running == 2)
    #expect(world.history.map { String($0.prefix(17)) } == ["10:00 interrupted", "11:00 running"])
    world.end(.done)
    #expect(world.fault == nil)
  }
}
