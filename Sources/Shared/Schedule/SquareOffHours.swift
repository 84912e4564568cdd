import Model

/// The part of each day in which nothing is held over: from a while before the market's end, or from a time of day,
/// until trading begins again.
public struct SquareOffHours: Hashable, Sendable {
  /// A stretch of time, in seconds since 1970-01-01T00:00:00Z; `end` is the first one after it.
  public struct Window: Hashable, Sendable {
    public let start, end: Int64

    public init(start: Int64, end: Int64) {
      self.start = start
      self.end = end
    }
  }

  /// What is wrong with a time.
  public struct Mistake: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// As they were written: `16:55`.
  public let time: String
  public let resume: String?
  public let zoneName: String
  let zone: ZoneRules
  let calendar: TradingCalendar?
  /// Local seconds after midnight.
  let timeSeconds: Int64
  let resumeSeconds: Int64?

  private static let day: Int64 = 86_400

  /// - Parameters:
  ///   - time: the wall's time at which it begins. With a calendar: as long before the end of a session as it is before
  ///     the usual one, so that it comes earlier on a day that closes early.
  ///   - resume: when entries pass again; nil: with the next session of the calendar, without one at midnight.
  /// - Throws: ``Mistake`` for what is no time of day.
  public init(time: String, resume: String?, zoneName: String, zone: ZoneRules, calendar: TradingCalendar?)
    throws(Mistake)
  {
    self.time = time
    self.resume = resume
    self.zoneName = calendar?.zoneName ?? zoneName
    self.zone = calendar?.zone ?? zone
    self.calendar = calendar
    timeSeconds = try Self.seconds(time)
    var until: Int64?
    if let resume { until = try Self.seconds(resume) }
    resumeSeconds = until
  }

  private static func seconds(_ text: String) throws(Mistake) -> Int64 {
    guard let seconds = clockSeconds(text), seconds < day else {
      throw Mistake(description: "\"\(text)\" is no time of day like \"16:55\"")
    }
    return seconds
  }

  /// The first window that ends after a second: the one that it is in, or the next.
  public func window(endingAfter second: Int64) -> Window {
    if let calendar, let window = session(endingAfter: second, calendar) { return window }
    var day = local(second) - 1
    while true {
      let start = zone.resolve(wall: day * Self.day + timeSeconds).first
      let window = Window(start: start, end: end(after: start, of: day))
      if window.end > second { return window }
      day += 1
    }
  }

  private func end(after start: Int64, of day: Int64) -> Int64 {
    let resume = resumeSeconds ?? Self.day
    let wall = day * Self.day + resume + (resume > timeSeconds ? 0 : Self.day)
    return max(zone.resolve(wall: wall).first, start + 1)
  }

  private func local(_ second: Int64) -> Int64 {
    (second + zone.segment(at: second).offset).floored(by: Self.day)
  }

  /// Nil beyond the days that the calendar knows of: then each day counts, as without one.
  private func session(endingAfter second: Int64, _ calendar: TradingCalendar) -> Window? {
    // A long weekend with holidays is over in two weeks.
    let today = calendar.localDay(second)
    for day in (today - 14)...(today + 14) where (calendar.firstDay...calendar.lastDay).contains(day) {
      guard case .session(let session) = calendar.status(day) else { continue }
      let usual = calendar.hours[TradingCalendar.weekday(day)]?.close
      let lead = usual.map { (($0 - timeSeconds) % Self.day + Self.day) % Self.day } ?? 0
      let start = max(session.close - lead, session.open)
      let end: Int64
      if resumeSeconds != nil {
        end = self.end(after: start, of: local(start))
      } else if let next = nextOpen(after: day, calendar) {
        end = max(next, session.close)
      } else {
        return nil
      }
      if end > second { return Window(start: start, end: end) }
    }
    return nil
  }

  private func nextOpen(after day: Int64, _ calendar: TradingCalendar) -> Int64? {
    for next in (day + 1)...(day + 14) where (calendar.firstDay...calendar.lastDay).contains(next) {
      if case .session(let session) = calendar.status(next) { return session.open }
    }
    return nil
  }
}
