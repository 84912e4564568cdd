import Foundation
import Model
import Testing

@testable import Schedule

@Suite struct CronTests {
  @Test(arguments: [
    ("30 9 * * MON-FRI", "2026-11-20T14:30:00Z", "2026-11-23T09:30:00+00:00"),
    ("*/15 * * * *", "2026-11-21T12:01:00Z", "2026-11-21T12:15:00+00:00"),
    ("0 0 L * *", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00+00:00"),
    ("0 0 LW * *", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00+00:00"),
    ("0 0 * * 5L", "2026-11-21T00:00:00Z", "2026-11-27T00:00:00+00:00"),
    ("0 0 * * FRI#2", "2026-11-21T00:00:00Z", "2026-12-11T00:00:00+00:00"),
    ("0 0 29 2 *", "2026-11-21T00:00:00Z", "2028-02-29T00:00:00+00:00"),
    ("0 0 1 * 7", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00+00:00"),
    ("0 0 */2 * SUN", "2026-11-21T00:00:00Z", "2026-11-29T00:00:00+00:00"),
    ("5/20 0 1 jan *", "2026-11-21T00:00:00Z", "2027-01-01T00:05:00+00:00"),
    ("@daily", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00+00:00"),
  ])
  func `the next time`(text: String, from: String, expected: String) throws {
    #expect(try firings(text, "UTC", from: from, count: 1) == [expected])
  }

  @Test(arguments: [
    ("", "empty"), ("* * * *", "4 fields where 5"), ("0 0 0 * * *", "set seconds = true"),
    ("0 9:30 * * MON-FRI", "did you mean \"30 9 * * MON-FRI\"?"),
    ("9:30 * * MON-FRI", "\"30 9 * * MON-FRI\""),
    ("60 * * * *", "the minute field says 60: it is 0 to 59"), ("* 24 * * *", "0 to 23"),
    ("0 0 0 * *", "1 to 31"), ("0 0 * 13 *", "1 to 12 or JAN to DEC"), ("0 0 * * 8", "0 to 7 or SUN to SAT"),
    ("0 22-2 * * *", "write 22-23,0-2"), ("0 0 * * FRI-MON", "write FRI-SAT,SUN-MON"),
    ("*/0 * * * *", "at least 1"), ("*/90 * * * *", "only 60 values"), ("0 0 ? * *", "write *"),
    ("0 0 15W * *", "only LW"), ("0 0 L-3 * *", "nothing goes with them"),
    ("TZ=UTC 0 0 * * *", "timezone = \"UTC\""),
    ("0 0 30 2 *", "would never come"), ("0 0 * * FRI#6", "at most 5"), ("0 0 * * FRIL", "5L"),
    ("٣ * * * *", "ASCII"), ("1,,2 * * * *", "empty place"), ("a * * * *", "the minute field says A"),
    ("@hourli", "there are @annually"), ("1- * * * *", "a number is missing"),
    ("0 MON * * *", "it is 0 to 23"),
  ])
  func `a mistake is answered with what to write instead`(text: String, part: String) {
    let error = #expect(throws: CronError.self) { try CronExpression(text) }
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
  }

  @Test func `seconds have a field of their own when asked for`() throws {
    let expression = try CronExpression("*/30 * * * * *", seconds: true)
    let first = try #require(expression.next(after: 0, in: .utc))
    #expect(first.second == 30)
    #expect(throws: CronError.self) { try CronExpression("0 0 * * *", seconds: true) }
  }
}

@Suite struct DaylightSavingTests {
  @Test func `a time that the clocks skip comes once, right after the gap`() throws {
    let found = try firings("30 2 * * *", "America/New_York", from: "2026-03-07T12:00:00Z", count: 2)
    #expect(found == ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"])
    // Two skipped times and the gap's own end are one firing.
    let both = try firings("0,30 2,3 * * *", "America/New_York", from: "2026-03-08T06:00:00Z", count: 2)
    #expect(both == ["2026-03-08T03:00:00-04:00", "2026-03-08T03:30:00-04:00"])
  }

  @Test func `a time that comes twice fires the first time only`() throws {
    let found = try firings("30 1 * * *", "America/New_York", from: "2026-10-31T12:00:00Z", count: 2)
    #expect(found == ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"])
    // Also for one who asks between the two.
    let between = try firings("30 1 * * *", "America/New_York", from: "2026-11-01T06:10:00Z", count: 1)
    #expect(between == ["2026-11-02T01:30:00-05:00"])
  }

  @Test func `wildcards follow elapsed time through gaps and folds`() throws {
    let autumn = try firings("*/30 * * * *", "America/New_York", from: "2026-11-01T05:00:00Z", count: 4)
    #expect(
      autumn == [
        "2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T01:30:00-05:00",
        "2026-11-01T02:00:00-05:00",
      ])
    let spring = try firings("*/30 * * * *", "America/New_York", from: "2026-03-08T06:30:00Z", count: 2)
    #expect(spring == ["2026-03-08T03:00:00-04:00", "2026-03-08T03:30:00-04:00"])
  }

  @Test func `half an hour at Lord Howe`() throws {
    let spring = try firings("15 2 * * *", "Australia/Lord_Howe", from: "2026-10-03T12:00:00Z", count: 2)
    #expect(spring == ["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"])
    let autumn = try firings("*/15 1 * * *", "Australia/Lord_Howe", from: "2026-04-04T14:10:00Z", count: 6)
    #expect(
      autumn.map { $0.dropFirst(11) } == [
        "01:15:00+11:00", "01:30:00+11:00", "01:45:00+11:00", "01:30:00+10:30", "01:45:00+10:30",
        "01:00:00+10:30",
      ])
  }

  @Test func `years after the table follow the zone's rule`() throws {
    let found = try firings("30 2 * * *", "America/New_York", from: "2060-03-13T12:00:00Z", count: 1)
    #expect(found == ["2060-03-14T03:00:00-04:00"])
    let dublin = try firings("30 1 * * *", "Europe/Dublin", from: "2061-03-26T12:00:00Z", count: 2)
    #expect(dublin == ["2061-03-27T02:00:00+01:00", "2061-03-28T01:30:00+01:00"])
  }

  @Test func `a firing tells what daylight saving did to it`() throws {
    let rules = try zone("America/New_York")
    let spring = try CronExpression("30 2 * * *").next(after: second("2026-03-08T00:00:00Z"), in: rules)
    #expect(spring?.shift == .moved)
    let autumn = try CronExpression("30 1 * * *").next(after: second("2026-11-01T00:00:00Z"), in: rules)
    #expect(autumn?.shift == .firstOfTwo)
    let repeated = try CronExpression("*/30 * * * *").next(after: second("2026-11-01T06:00:00Z"), in: rules)
    #expect(repeated?.shift == .repeated)
  }
}

@Suite struct ZoneFileTests {
  @Test(arguments: [[], Array("TZif2".utf8), Array(repeating: UInt8(0x54), count: 4_096)])
  func `bytes that are no zone are refused`(bytes: [UInt8]) {
    #expect(throws: ZoneError.self) { try ZoneRules(tzif: bytes) }
  }

  @Test func `a cut file is refused wherever it is cut`() throws {
    let bytes = Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
    // The footer's last line feed and text may be missing; everything before is counted.
    for length in stride(from: 0, to: bytes.count - 40, by: 7) {
      #expect(throws: ZoneError.self) { try ZoneRules(tzif: Array(bytes[..<length])) }
    }
  }
}
