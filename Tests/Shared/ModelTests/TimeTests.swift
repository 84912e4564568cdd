import Model
import Testing

@Suite struct TimeTests {
  @Test(arguments: [
    ("2026-11-21T11:55:27.021050Z", "2026-11-21T11:55:27.021050Z"),
    ("2014-05-02T00:00:00.277Z", "2014-05-02T00:00:00.277000Z"),
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
    ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
    ("2024-02-29t12:00:00z", "2024-02-29T12:00:00.000000Z"),
    ("2026-01-01T01:30:00+02:00", "2025-12-31T23:30:00.000000Z"),
    ("2026-01-01T01:30:00.5-00:30", "2026-01-01T02:00:00.500000Z"),
    ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456Z"),
  ])
  func `a moment is read and written in UTC`(text: String, written: String) {
    #expect(Timestamp(text)?.description == written)
  }

  @Test(arguments: [
    "", "2026-11-21", "2026-11-21 11:55:27Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00",
    "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+2:00", "9999-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
    "2026-01-01T00:00:00Zx", "2O26-01-01T00:00:00Z",
  ])
  func `anything else is not a moment`(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func `nanoseconds are kept`() {
    #expect(Timestamp("1970-01-01T00:00:00.123456789Z")?.nanoseconds == 123_456_789)
  }

  @Test func `every microsecond is read back from its text`() {
    var random = Dice(seed: 5)
    for _ in 0..<20_000 {
      let moment = Timestamp(microseconds: Int64(random.next() >> 14) * (random.next() & 1 == 0 ? 1 : -1))
      #expect(Timestamp(moment.description) == moment)
    }
  }

  @Test func `sums stay in range`() {
    let now = Timestamp(nanoseconds: 1)
    #expect(now.advanced(seconds: .max).nanoseconds == .max)
    #expect(now.advanced(nanoseconds: .max).nanoseconds == .max)
    #expect(now.advanced(seconds: 2).nanoseconds == 2_000_000_001)
    #expect(now.advanced(seconds: 2).seconds(since: now) == 2)
  }

  @Test func `days are counted over 800 years and back`() {
    for days in Int64(-146_097)...146_097 {
      let date = CivilDate(daysSinceEpoch: days)
      #expect(date.daysSinceEpoch == days)
      if date.month == 2 && date.day == 29 { #expect(CivilDate.isLeap(date.year)) }
    }
  }

  @Test func `there is no 29 February in a common year`() {
    #expect(CivilDate(year: 2000, month: 2, day: 29) != nil)
    #expect(CivilDate(year: 1900, month: 2, day: 29) == nil)
    #expect(CivilDate(year: 2026, month: 2, day: 29) == nil)
    #expect(CivilDate(year: 2026, month: 4, day: 31) == nil)
    #expect(CivilDate(year: 2026, month: 1, day: 0) == nil)
    #expect(CivilDate(year: 1970, month: 1, day: 1)?.daysSinceEpoch == 0)
  }
}
