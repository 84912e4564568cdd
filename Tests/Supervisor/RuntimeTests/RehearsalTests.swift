import Glibc
import Model
import Platform
import Testing

@testable import Runtime

private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

@Suite("The clock of schedules")
struct ScheduleClockTests {
  @Test("Without a rehearsal it is the time of day")
  func wall() throws {
    let now = try moment("2026-11-21T17:00:00Z")
    #expect(ScheduleClock.wall.time(at: now) == now)
    #expect(ScheduleClock.wall.wall(at: now) == now)
    #expect(ScheduleClock.wall.real(7) == 7)
  }

  @Test("A rehearsal begins where it is told and runs as fast as it is told")
  func rehearsal() throws {
    let began = try moment("2026-11-21T17:00:00Z")
    let from = try moment("2026-03-08T06:59:00Z")
    let clock = ScheduleClock(rehearsing: Rehearsal(from: from, rate: 600), at: began)
    #expect(clock.time(at: began) == from)
    #expect(clock.time(at: began.advanced(seconds: 6)) == from.advanced(seconds: 3_600))
    #expect(clock.time(at: began.advanced(seconds: -1)) == from.advanced(seconds: -600))
    #expect(clock.wall(at: from.advanced(seconds: 3_600)) == began.advanced(seconds: 6))
    #expect(clock.real(600_000_000_000) == 1_000_000_000)
  }

  @Test("Who waits for a moment finds that it has come, and not before", arguments: [1, 7, 600, 86_400])
  func rounding(rate: Int64) throws {
    let began = Timestamp(nanoseconds: 1_795_280_400_123_456_789)
    let from = try moment("2026-03-08T06:59:00.000000001Z")
    let clock = ScheduleClock(rehearsing: Rehearsal(from: from, rate: rate), at: began)
    for ahead in Int64(-2_000)...2_000 {
      let time = from.advanced(nanoseconds: ahead)
      let wall = clock.wall(at: time)
      #expect(clock.time(at: wall) >= time)
      #expect(clock.time(at: wall.advanced(nanoseconds: -1)) < time)
    }
  }

  @Test("The ends of time are no trap")
  func ends() throws {
    let from = try moment("2026-03-08T06:59:00Z")
    let clock = ScheduleClock(rehearsing: Rehearsal(from: from, rate: Rehearsal.rateMax), at: from)
    let (first, last) = (Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max))
    #expect(clock.time(at: last) == last)
    #expect(clock.time(at: first) < from)
    #expect(clock.wall(at: last) > from)
    #expect(clock.wall(at: first) < from)
  }
}

@Suite("What is said of a rehearsal")
struct RehearsalTests {
  @Test("A moment and a rate are read; without a rate it runs as fast as the day")
  func read() throws {
    let plain = try Rehearsal("2026-03-06T14:29:00Z")
    #expect(plain == Rehearsal(from: try moment("2026-03-06T14:29:00Z"), rate: 1))
    #expect(try Rehearsal("2026-03-06T09:29:00-05:00,x600") == Rehearsal(from: plain.from, rate: 600))
    #expect(try Rehearsal("2026-03-06T14:29:00Z,x100000").rate == 100_000)
    #expect(plain.words.hasPrefix("REHEARSAL: "))
  }

  @Test(
    "What cannot be read is refused with what to write instead",
    arguments: [
      ("", "is no moment"), ("tomorrow", "\"tomorrow\" is no moment"), ("2026-03-06", "2026-03-06T14:29:00Z"),
      ("2026-02-30T00:00:00Z", "is no moment"), ("2026-03-06T14:29:00Z,600", "\"600\" is no rate"),
      ("2026-03-06T14:29:00Z,", "is no rate"), ("2026-03-06T14:29:00Z,x", "write x1 to x100000"),
      ("2026-03-06T14:29:00Z,x0", "is no rate"), ("2026-03-06T14:29:00Z,x-5", "is no rate"),
      ("2026-03-06T14:29:00Z,x+5", "is no rate"), ("2026-03-06T14:29:00Z,x1.5", "is no rate"),
      ("2026-03-06T14:29:00Z,x100001", "is no rate"), ("2026-03-06T14:29:00Z,x600,x2", "is no rate"),
    ])
  func mistakes(text: String, says: String) {
    do {
      _ = try DaemonArguments(["--rehearse", text])
      Issue.record("\(text) was read")
    } catch {
      // An empty word is no value at all.
      #expect(error.message.contains(text.isEmpty ? "--rehearse needs a value" : says))
      #expect(error.message.contains("--rehearse"))
    }
  }

  @Test("A home is for rehearsals or for the real thing, never for both")
  func homes() throws {
    var folder = Array("/tmp/rbot-rehearsal-XXXXXX".utf8CString)
    #expect(mkdtemp(&folder) != nil)
    let home = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { for name in ["/supervisor.sqlite", "/rehearsal", ""] { remove(home + name) } }
    let layout = try HomeLayout(home: home, environment: [:], user: 1)
    let rehearsal = try Rehearsal("2026-03-06T14:29:00Z")

    #expect(try Rehearsal.objection(nil, in: layout) == nil)
    close(open(layout.supervisorDatabase, O_CREAT | O_WRONLY, 0o600))
    #expect(try Rehearsal.objection(rehearsal, in: layout)?.contains("a --home of its own") == true)
    #expect(try Rehearsal.objection(nil, in: layout) == nil)

    remove(layout.supervisorDatabase)
    #expect(try Rehearsal.objection(rehearsal, in: layout) == nil)
    close(open(layout.supervisorDatabase, O_CREAT | O_WRONLY, 0o600))
    #expect(try Rehearsal.objection(rehearsal, in: layout) == nil)
    #expect(try Rehearsal.objection(nil, in: layout)?.contains("another --home") == true)
  }
}
