/// When a strategy is due: a manifest's `[schedule]`, compiled. A value that asks no clock and no file.
public struct Timetable: Hashable, Sendable {
  /// What makes a slot.
  public enum Trigger: Hashable, Sendable {
    case cron(CronExpression)
    /// Open from then to then, instead of one run at a time.
    case window(SessionWindow)
    /// Once for each boot of the machine.
    case reboot
    /// Each time rbotd starts.
    case start

    /// As people write it: `30 9 * * MON-FRI`, `09:30-16:00 MON-FRI`, `@reboot`.
    public var text: String {
      switch self {
      case .cron(let expression): expression.text
      case .window(let window): window.text
      case .reboot: "@reboot"
      case .start: "@start"
      }
    }
  }

  /// What becomes of slots that are later than the grace.
  public enum Missed: String, CaseIterable, Sendable { case skip, once, all }

  /// What becomes of a slot while the one before it still runs.
  public enum Overlap: String, CaseIterable, Sendable { case forbid, queue, replace }

  public let trigger: Trigger
  /// Whose clocks the trigger is told in.
  public let zone: ZoneRules
  /// `America/New_York`.
  public let zoneName: String
  /// On whose days it is due; nil: on all.
  public let calendar: TradingCalendar?
  public var missed = Missed.skip
  /// Seconds by which a slot may be late and still be on time.
  public var grace: Int64 = 300
  public var overlap = Overlap.forbid
  /// Milliseconds by which a start is put off at most.
  public var jitter: Int64 = 0
  /// Seconds after which a run is ended; nil: never.
  public var maxRuntime: Int64?

  /// - Parameter calendar: a window without times of its own needs one.
  public init(
    _ trigger: Trigger, zone: ZoneRules = .utc, zoneName: String = "UTC", calendar: TradingCalendar? = nil
  ) {
    self.trigger = trigger
    self.zone = zone
    self.zoneName = zoneName
    self.calendar = calendar
  }

  /// What it is, in one line: two that differ are different schedules, and the later one owes nothing for the past of
  /// the former. How lateness and overlaps are dealt with is no part of it.
  public var definition: String {
    var words: [String] =
      switch trigger {
      case .cron(let expression): [expression.hasSeconds ? "cron with seconds" : "cron", expression.text]
      case .window(let window): ["window", window.text]
      case .reboot, .start: [trigger.text]
      }
    words.append(zoneName)
    if let calendar { words.append(calendar.name) }
    return words.joined(separator: " ")
  }

  /// The first slot whose nominal second is after `second`; nil: none within 50 years, or it is for the start of the
  /// machine or of rbotd. Those that the calendar rules out are among them, each with its verdict.
  ///
  /// - Throws: ``CalendarError`` where the calendar does not reach the slot; it says which second that is, after
  ///   which one may look on.
  public func slot(after second: Int64) throws(CalendarError) -> Slot? {
    switch trigger {
    case .cron(let expression):
      guard let firing = expression.next(after: second, in: zone) else { return nil }
      return Slot(firing, verdict: try calendar?.verdict(at: firing.second) ?? .due)
    case .window(let window): return try window.slot(after: second, zone, calendar)
    case .reboot, .start: return nil
    }
  }

  /// The slot that its calendar says nothing about: one that is skipped, for a market is never taken to be open.
  public func slot(unknown error: CalendarError) -> Slot {
    Slot(Firing(at: error.second, in: zone), verdict: .skipped(.unknown(error)))
  }

  /// What is to be told aloud about it, long before it matters: its calendar ends soon, or has ended.
  public func warning(at second: Int64) -> String? {
    guard let calendar else { return nil }
    let days = calendar.lastDay - calendar.localDay(second)
    guard days < Self.warningDays else { return nil }
    let error = CalendarError.ended(name: calendar.name, last: calendar.last, at: second)
    return days < 0 ? "\(error); until then it is never due" : "\(error)"
  }

  private static let warningDays: Int64 = 90

  /// By how much the start of a slot is put off, in milliseconds below ``jitter``: always the same for one strategy
  /// and slot, so that a preview knows it.
  public func delay(of slot: Slot, name: String) -> Int64 {
    guard jitter > 0 else { return 0 }
    // FNV-1a, and a last mixing, for neighbouring seconds differ in their last bits only.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    name.utf8.forEach(add)
    for shift in stride(from: 0, to: 64, by: 8) {
      add(UInt8(truncatingIfNeeded: slot.second >> Int64(shift)))
    }
    hash ^= hash >> 32
    hash = hash &* 0xD6E8_FEB8_6659_FD93
    hash ^= hash >> 32
    return Int64(hash % UInt64(jitter))
  }
}
