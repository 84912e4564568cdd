import Model
import Testing

@testable import Schedule

private func time(_ text: String) throws -> Timestamp { try #require(Timestamp("2026-03-0\(text)Z")) }

/// 09:30 to 16:00 on working days; the first is Monday, the second of March.
private func day(_ start: String = "2T08:00:00", squaresOff: Bool = false) throws -> SlotWorld {
  let window = try SessionWindow(open: "09:30", close: "16:00", days: "MON-FRI", squaresOff: squaresOff)
  return SlotWorld(Timetable(.window(window)), at: try time(start))
}

@Suite("Windows")
struct WindowBookTests {
  @Test("Opened at its beginning and closed at its end")
  func whole() throws {
    var world = try day()
    world.pass(90 * 60)
    #expect(world.running == 1)
    world.pass(390 * 60 - 1)
    #expect(!world.isClosing)
    world.pass(1)
    #expect(world.isClosing)
    world.end(.done)
    #expect(world.history == ["09:30 done: exited"])
    #expect(try world.book.nextWake == time("3T09:30:00"))
    #expect(world.fault == nil)
  }

  @Test("A schedule that comes inside its window is open at once")
  func inside() throws {
    let world = try day("2T11:00:00")
    #expect(world.running == 1)
    #expect(world.history == ["09:30 running: opened late: its schedule is new"])
    #expect(try day("2T16:00:00").running == nil)
    #expect(try day("8T11:00:00").running == nil)
  }

  @Test("After a restart it is opened again while it lasts, in the same row; what was over is not")
  func reopened() throws {
    var world = try day("2T11:00:00")
    world.restart(away: 600)
    #expect(world.running == 1)
    #expect(world.rows[1]?.count == 2)
    world.crash(keeping: .max, away: 600)
    #expect(world.running == 1)
    #expect(world.rows[1]?.count == 3)
    world.end(.failed)
    world.crash(keeping: .max, away: 600)
    #expect(world.running == nil)
    world.send(.armed(byPerson: true))
    #expect(world.running == 1)
    world.crash(keeping: .max, away: 86_400)
    #expect(world.rows[1]?.outcome == .interrupted)
    #expect(world.running != nil)
    #expect(world.fault == nil)
  }

  @Test("A person's stop lasts, and his start opens what is left of the window")
  func person() throws {
    var world = try day("2T11:00:00")
    world.send(.disarmed("stopped"))
    world.end(.stopped)
    world.pass(600)
    #expect(world.running == nil)
    world.send(.armed(byPerson: true))
    #expect(world.running == 1)
    #expect(world.rows[1]?.reason == "reopened")
    world.send(.disarmed("stopped"))
    world.end(.stopped)
    world.pass(86_400)
    #expect(world.history == ["09:30 stopped ×2: reopened; exited", "09:30 skipped: stopped"])
    world.send(.armed(byPerson: true))
    #expect(world.running == 2)
  }

  @Test("A window that went by while nobody looked is missed")
  func missed() throws {
    var world = try day()
    world.jump(86_400 + 4 * 3_600, "the machine was suspended")
    #expect(
      world.history == [
        "09:30 missed: the machine was suspended", "09:30 running: opened late: the machine was suspended",
      ])
  }

  @Test("Its end by itself is an end for this window; the next one opens")
  func itself() throws {
    var world = try day("2T11:00:00")
    world.end(.done)
    world.pass(3_600)
    #expect(world.running == nil)
    world.pass(86_400)
    #expect(world.running == 2)
  }

  @Test(
    "Positions are closed when it has closed, also of one that ended before, and are asked for until they are"
  )
  func squareOff() throws {
    var world = try day("2T11:00:00", squaresOff: true)
    world.pass(5 * 3_600)
    #expect(world.squareOffs.isEmpty)
    world.end(.done)
    #expect(world.squareOffs == [1])
    world.crash(keeping: .max, away: 60)
    #expect(world.squareOffs == [1, 1])
    world.send(.squaredOff(1, "squared off, 2 closed"))
    #expect(world.history == ["09:30 done: opened late: its schedule is new; exited; squared off, 2 closed"])
    world.crash(keeping: .max, away: 60)
    #expect(world.squareOffs.count == 2)
    world.pass(18 * 3_600)
    world.end(.failed)
    #expect(world.squareOffs.count == 2)
    world.pass(6 * 3_600)
    #expect(world.squareOffs.count == 3)
    #expect(world.fault == nil)
  }

  @Test("One that rbotd died with is squared off when its window is over; one that a person stopped is his")
  func squareOffAfter() throws {
    var died = try day("2T11:00:00", squaresOff: true)
    died.crash(keeping: .max, away: 6 * 3_600)
    #expect(died.squareOffs == [1])
    var down = try day("2T11:00:00", squaresOff: true)
    down.restart(away: 6 * 3_600)
    #expect(down.squareOffs == [1])
    var stopped = try day("2T11:00:00", squaresOff: true)
    stopped.send(.disarmed("stopped"))
    stopped.end(.stopped)
    stopped.pass(6 * 3_600)
    #expect(stopped.squareOffs.isEmpty)
  }

  @Test("Windows without a pause between them: the next one opens when the last one has ended")
  func adjacent() throws {
    let window = try SessionWindow(open: "10:00", close: "10:00")
    var world = SlotWorld(Timetable(.window(window)), at: try time("2T11:00:00"))
    #expect(world.running == 1)
    world.pass(23 * 3_600)
    #expect(world.isClosing)
    #expect(world.rows.count == 2)
    world.end(.done)
    #expect(world.running == 2)
    #expect(world.fault == nil)
  }

  @Test("A reload that changes it closes what is open, and opens the new one if that is now")
  func changed() throws {
    var world = try day("2T11:00:00")
    world.send(.changed(Timetable(.window(try SessionWindow(open: "10:00", close: "12:00")))))
    #expect(world.isClosing)
    world.end(.stopped)
    #expect(world.running == 2)
    #expect(
      world.history == [
        "09:30 stopped: opened late: its schedule is new; exited",
        "10:00 running: opened late: its schedule has changed",
      ])
    world.send(.changed(Timetable(.window(try SessionWindow(open: "14:00", close: "15:00")))))
    world.end(.stopped)
    #expect(world.running == nil)
    #expect(world.fault == nil)
  }
}
