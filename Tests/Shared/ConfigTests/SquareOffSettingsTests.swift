import Schedule
import Testing

@testable import Config

@Suite struct SquareOffSettingsTests {
  private func risk(_ text: String) throws -> DaemonSettings.Risk {
    try DaemonSettings(path: "rbotd.toml", text: "[risk]\n" + text).risk
  }

  @Test("Without a time nothing is squared off")
  func never() throws {
    let settings = try risk("max_hold_min = 1").squareOff(for: "EUR_USD")
    #expect(try settings.hours(ScheduleSources()) == nil)
  }

  @Test("A class of instruments may have a rule of its own, and takes the rest from the common one")
  func classes() throws {
    let risk = try risk(
      """
      square_off = "16:55"
      square_off_timezone = "America/New_York"
      square_off_resume = "17:05"
      [risk.forex]
      square_off = "16:45"
      [risk.crypto]
      square_off = "never"
      """)
    let forex = risk.squareOff(for: "EUR_USD")
    #expect(forex.time == "16:45" && forex.timezone == "America/New_York" && forex.resume == "17:05")
    #expect(risk.squareOff(for: "BTC-USD").time == nil)
    #expect(risk.squareOff(for: "SPX500").time == "16:55")
  }

  @Test("A calendar's hours are found, and one that is not there is named")
  func calendar() throws {
    let nyse = try risk("square_off = \"15:55\"\nsquare_off_calendar = \"nyse\"").squareOff(for: "EUR_USD")
    #expect(try nyse.hours(ScheduleSources())?.zoneName == "America/New_York")
    let wrong = try risk("square_off = \"15:55\"\nsquare_off_calendar = \"nyze\"").squareOff(for: "EUR_USD")
    #expect(throws: ScheduleSources.Missing.self) { try wrong.hours(ScheduleSources()) }
  }

  @Test("What is no time is refused with its line", arguments: ["25:00", "noon", ""])
  func mistakes(time: String) throws {
    let errors = #expect(throws: ConfigErrors.self) { try self.risk("square_off = \"\(time)\"") }
    #expect(errors?.issues.map(\.key) == ["risk.square_off"])
  }
}
