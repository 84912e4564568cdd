import Model

/// Times as people read them.
extension Page {
  /// Local time: `11:55:27` today, `2026-11-20 11:55:27` on another day.
  func clock(_ time: Timestamp, milliseconds: Bool = false) -> String {
    let local = local(time)
    var text = String(local.dropFirst(11).prefix(milliseconds ? 12 : 8))
    if local.prefix(10) != self.local(now).prefix(10) { text = local.prefix(10) + " " + text }
    return text
  }

  /// The same for a time on the wire; what is no time is shown as it is.
  func clock(_ text: String, milliseconds: Bool = false) -> String {
    Timestamp(text).map { clock($0, milliseconds: milliseconds) } ?? text
  }

  /// How long ago that was: `12s`, `3m`, `2h 5m`, `4d 3h`.
  func age(_ text: String) -> String {
    Timestamp(text).map { Self.duration(seconds: now.seconds(since: $0)) } ?? text
  }

  static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds > 0 else { return "0s" }
    let whole = Int64(min(seconds, 1e15))
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60)
    if days > 0 { return hours > 0 ? "\(days)d \(hours)h" : "\(days)d" }
    if hours > 0 { return minutes > 0 ? "\(hours)h \(minutes)m" : "\(hours)h" }
    return minutes > 0 ? "\(minutes)m" : "\(whole)s"
  }

  private func local(_ time: Timestamp) -> String { time.advanced(seconds: localOffset(time)).description }
}
