/// A timetable in words.
extension Timetable {
  /// When it is due, in sentences: first the times, then what its calendar does to them, then what becomes of slots
  /// that are late, overlap or last too long.
  public var explanation: [String] {
    var lines = [times]
    if let calendar { lines.append(on(calendar)) }
    switch trigger {
    case .reboot, .start: lines.append(overlapping)
    case .cron: lines += [lateness, overlapping]
    case .window:
      lines.append("where rbotd comes late, it is opened while it lasts; one that is over is missed")
    }
    if jitter > 0 {
      lines.append("each start is put off by up to \(seconds(jitter)), always the same for a slot")
    }
    if let maxRuntime {
      lines.append("a run is stopped after \(seconds(maxRuntime * 1_000)), and has failed then")
    }
    return lines
  }

  private var times: String {
    let zone = zoneName == "UTC" ? "UTC" : "the time of \(zoneName)"
    switch trigger {
    case .cron(let expression): return "runs \(expression.explanation) (\(zone))"
    case .window(let window): return "\(window.explanation) (\(zone))"
    case .reboot: return "runs once for each boot of the machine, when rbotd starts"
    case .start: return "runs each time rbotd starts"
    }
  }

  private func on(_ calendar: TradingCalendar) -> String {
    var rule =
      "not on holidays of \(calendar.title) (\(calendar.name)), nor when a session ends early or begins late"
    if case .window = trigger {
      rule = "no longer than the sessions of \(calendar.title) (\(calendar.name)), and not on its holidays"
    }
    return "\(rule); the calendar is known until \(calendar.last.text)"
  }

  private var lateness: String {
    let late = "a slot that is more than \(seconds(grace * 1_000)) late is missed"
    switch missed {
    case .skip: return late
    case .once: return late + ", and the newest of those is run once, as soon as that can be"
    case .all: return late + ", and all of those are run one after another, the newest 100 at the most"
    }
  }

  private var overlapping: String {
    switch overlap {
    case .forbid: "while a run lasts, the next slot is skipped"
    case .queue: "while a run lasts, the next slots wait, 100 at the most"
    case .replace: "a run that lasts until the next slot is stopped for it"
    }
  }
}

extension SessionWindow {
  /// "open from 09:30 to 16:00, from Monday to Friday".
  var explanation: String {
    var words: String
    switch (open, close) {
    case (let open?, let close?):
      let isOvernight = (closeTime ?? 0) <= (openTime ?? 0)
      words = "open from \(open) to \(close)\(isOvernight ? " of the next day" : "")"
    case (let open?, nil): words = "open from \(open) until the session's end"
    case (nil, let close?): words = "open from the session's beginning until \(close)"
    case (nil, nil): words = "open while the market has its session"
    }
    if let days = openings.dayWords { words += ", \(days)" }
    return squaresOff ? words + "; positions are closed at its end" : words
  }
}

/// `1.5s`, `5m`, `2h` of milliseconds.
private func seconds(_ milliseconds: Int64) -> String {
  if milliseconds % 1_000 != 0 { return "\(milliseconds)ms" }
  let seconds = milliseconds / 1_000
  if seconds % 3_600 == 0, seconds > 0 { return "\(seconds / 3_600)h" }
  return seconds % 60 == 0 && seconds > 0 ? "\(seconds / 60)m" : "\(seconds)s"
}
