/// The hours inside of which a continuous strategy runs: `open = "09:30", close = "16:00", days = "MON-FRI"`.
public struct SessionWindow: Hashable, Sendable {
  /// As they were written; nil: the calendar's session says it.
  public let open, close: String?
  /// The day-of-week field, in upper case.
  public let days: String
  /// Whether positions are closed at its end.
  public let squaresOff: Bool
  /// Local seconds after midnight; nil: the session's.
  let openTime, closeTime: Int64?
  /// When it opens by the wall, or midnight of its days.
  let openings: CronExpression

  /// What is wrong with one of its keys.
  public struct Mistake: Error, Hashable, Sendable, CustomStringConvertible {
    /// `open`, `close` or `days`.
    public let key: String
    public let description: String
  }

  /// - Parameters:
  ///   - open: a time like `09:30`; nil for a session's.
  ///   - close: not after `open`: that time on the next day.
  ///   - days: the days on which it opens, as cron's day-of-week field.
  /// - Throws: ``Mistake`` with what to write instead.
  public init(open: String? = nil, close: String? = nil, days: String = "*", squaresOff: Bool = false)
    throws(Mistake)
  {
    self.open = open
    self.close = close
    self.days = days.uppercased()
    self.squaresOff = squaresOff
    openTime = try Self.time(open, "open")
    closeTime = try Self.time(close, "close").map { $0 % 86_400 }
    if openTime == 86_400 {
      throw Mistake(key: "open", description: "is 24:00: write 00:00 of the next day")
    }
    guard !days.isEmpty, !days.contains(where: \.isWhitespace) else {
      throw Mistake(key: "days", description: "is one field like \"MON-FRI\" or \"*\", not \"\(days)\"")
    }
    let time = openTime ?? 0
    do throws(CronError) {
      openings = try CronExpression("\(time / 60 % 60) \(time / 3_600) * * \(days)")
    } catch {
      throw Mistake(key: "days", description: error.message)
    }
  }

  /// Seconds after midnight of `09:30`.
  private static func time(_ text: String?, _ key: String) throws(Mistake) -> Int64? {
    guard let text else { return nil }
    guard let time = clockSeconds(text) else {
      throw Mistake(key: key, description: "must be a time like \"09:30\", not \"\(text)\"")
    }
    return time
  }

  /// `09:30-16:00 MON-FRI`, `session`, `session from 10:00`.
  public var text: String {
    var times: String =
      switch (open, close) {
      case (let open?, let close?): "\(open)-\(close)"
      case (let open?, nil): "session from \(open)"
      case (nil, let close?): "session until \(close)"
      case (nil, nil): "session"
      }
    if days != "*" { times += " \(days)" }
    return times
  }
}

/// Seconds after midnight of `09:30` or `24:00`; nil where it is no such time.
func clockSeconds(_ text: some StringProtocol) -> Int64? {
  let parts = text.split(separator: ":", omittingEmptySubsequences: false)
  guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.utf8.count) }), parts[1].utf8.count == 2,
    parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
    let hour = Int64(parts[0]), let minute = Int64(parts[1]), minute < 60, hour * 60 + minute <= 24 * 60
  else { return nil }
  return hour * 3_600 + minute * 60
}
