public import Schedule

/// When the positions in a kind of instrument are closed each day, as `rbotd.toml` says it: the `square_off` keys of
/// `[risk]`, `[risk.forex]` and `[risk.crypto]`.
public struct SquareOffSettings: Equatable, Sendable {
  /// `16:55`; nil: never.
  public var time: String?
  /// When entries pass again; nil: with the next session, or at midnight.
  public var resume: String?
  /// An IANA name.
  public var timezone = "UTC"
  /// The name of a trading calendar; nil: each day counts.
  public var calendar: String?

  /// Never.
  public init() {}

  /// The hours that follow from it; nil where it is never.
  ///
  /// - Throws: ``ScheduleSources/Missing`` for a zone or a calendar that is not there.
  public func hours(_ sources: ScheduleSources) throws(ScheduleSources.Missing) -> SquareOffHours? {
    guard let time else { return nil }
    let zone = try sources.zone(timezone)
    var days: TradingCalendar?
    if let calendar { days = try sources.calendar(calendar) }
    do throws(SquareOffHours.Mistake) {
      return try SquareOffHours(
        time: time, resume: resume, zoneName: timezone, zone: zone, calendar: days)
    } catch {
      throw ScheduleSources.Missing(description: error.description)
    }
  }

  mutating func read(_ reader: TableReader) {
    time = reader.read("square_off", time, "a time like \"16:55\", or \"never\"") { value -> String?? in
      guard case .string(let text) = value else { return nil }
      if text == "never" { return .some(nil) }
      return Self.isTime(text) ? .some(text) : nil
    }
    resume = reader.read("square_off_resume", resume, "a time like \"17:05\"") { value -> String?? in
      if case .string(let text) = value, Self.isTime(text) { .some(text) } else { nil }
    }
    timezone = reader.string("square_off_timezone", timezone)
    calendar = reader.optionalString("square_off_calendar") ?? calendar
  }

  private static func isTime(_ text: String) -> Bool {
    (try? SquareOffHours(time: text, resume: nil, zoneName: "UTC", zone: .utc, calendar: nil)) != nil
  }
}

extension DaemonSettings.Risk {
  /// Reads what holds for all instruments, and what a class of them has instead.
  mutating func readSquareOff(_ reader: TableReader) {
    squareOff.read(reader)
    for (key, name) in [("forex", \DaemonSettings.Risk.forexSquareOff), ("crypto", \.cryptoSquareOff)]
    where reader.has(key) {
      let table = reader.table(key)
      var settings = squareOff
      settings.read(table)
      self[keyPath: name] = settings
      table.finish()
    }
  }

  /// What holds for an instrument: `AAA_BBB` is a currency pair, `AAA-BBB` a coin.
  public func squareOff(for instrument: String) -> SquareOffSettings {
    if instrument.contains("_"), let forexSquareOff { return forexSquareOff }
    if instrument.contains("-"), let cryptoSquareOff { return cryptoSquareOff }
    return squareOff
  }
}
