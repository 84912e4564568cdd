/// One time at which a strategy is due, and what its calendar says to that.
public struct Slot: Hashable, Sendable {
  /// Its nominal second since 1970-01-01T00:00:00Z: what it is known by. A window's is the one at which it opens.
  public let second: Int64
  /// What daylight saving did to it.
  public let shift: Firing.Shift
  /// Local time minus UTC then, in seconds.
  public let offset: Int64
  /// What the zone calls its time then: `EDT`.
  public let abbreviation: String
  /// The second at which a window closes, after ``second``; nil for anything else.
  public let closes: Int64?
  public let verdict: Verdict
  /// What is unusual about a window that is due: "closes early at 13:00 (Day after Thanksgiving)".
  public let remark: String?

  /// Whether it is to run.
  public enum Verdict: Hashable, Sendable {
    case due
    case skipped(SkipReason)
  }

  /// Why a slot is none for a strategy that waits for a market.
  public enum SkipReason: Hashable, Sendable {
    /// The name of the day.
    case holiday(String)
    /// No session is usual on that day of the week; its English name.
    case noSession(String)
    /// The session ended early, at that local time: `13:00`.
    case afterEarlyClose(String)
    /// The session begins late, at that local time.
    case beforeLateOpen(String)
    /// The times that are given for a window lie outside of the session's.
    case outsideSession
    /// The clocks are set forward over the whole window.
    case swallowed

    /// The calendar does not reach it.
    case unknown(CalendarError)

    /// A stable word: `holiday`, `no_session`, `early_close`, `late_open`, `outside_session`, `clocks`,
    /// `calendar_ended`, `calendar_not_begun`.
    public var word: String {
      switch self {
      case .holiday: "holiday"
      case .noSession: "no_session"
      case .afterEarlyClose: "early_close"
      case .beforeLateOpen: "late_open"
      case .outsideSession: "outside_session"
      case .swallowed: "clocks"
      case .unknown(let error): error.word
      }
    }

    /// For people: "holiday: Thanksgiving Day".
    public var sentence: String {
      switch self {
      case .holiday(let name): "holiday: \(name)"
      case .noSession(let weekday): "no session on a \(weekday)"
      case .afterEarlyClose(let time): "after the early close at \(time)"
      case .beforeLateOpen(let time): "before the late open at \(time)"
      case .outsideSession: "outside of the session"
      case .swallowed: "the clocks are set forward over it"
      case .unknown(let error): error.description
      }
    }
  }

  init(_ firing: Firing, closes: Int64? = nil, verdict: Verdict, remark: String? = nil) {
    second = firing.second
    shift = firing.shift
    offset = firing.offset
    abbreviation = firing.abbreviation
    self.closes = closes
    self.verdict = verdict
    self.remark = remark
  }
}
