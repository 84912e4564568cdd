import Lifecycle
import Model
import Schedule
import SupervisorStore
import Wire

/// Each decision is one line of the log, one event of the gateway's stream and a step of a counter.
extension Supervisor {
  func tell(_ news: SlotNews, _ slot: SlotRecord, _ worker: Worker) {
    let (severity, words) = Self.line(news, slot)
    log(worker.name, run: slot.run, .supervisor, severity, words)
    count(news, slot, worker)
    send(news, slot, words)
  }

  private static func line(_ news: SlotNews, _ slot: SlotRecord) -> (Severity, String) {
    let what = slotText(slot)
    let why = slot.reason.map { ": \($0)" } ?? ""
    switch news {
    case .fired:
      return (.info, "\(what) opened, \(slot.latenessMilliseconds) ms after it was due\(why)")
    case .caughtUp: return (.warning, "\(what) opened late\(why)")
    case .skipped: return (.info, "\(what) skipped\(why)")
    // A trader must know that something he relies on did not happen.
    case .missed: return (.critical, "\(what) missed\(why)")
    case .ended:
      let isGood = [.done, .stopped, .replaced].contains(slot.outcome)
      return (isGood ? .info : .warning, "\(what) \(slot.outcome.rawValue)\(why)")
    }
  }

  /// `the slot of 2026-03-09T13:30:00Z`.
  private static func slotText(_ slot: SlotRecord) -> String {
    let first = slotTime(slot.second)
    if slot.count > 1, let until = slot.until {
      return "\(slot.count) slots from \(first) to \(slotTime(until))"
    }
    return slot.trigger == .manual ? "the manual slot of \(first)" : "the slot of \(first)"
  }

  /// RFC 3339 in UTC, without a fraction: a slot is a second.
  static func slotTime(_ second: Int64) -> String {
    Timestamp(nanoseconds: 0).advanced(seconds: second).description.prefix(19) + "Z"
  }

  private func count(_ news: SlotNews, _ slot: SlotRecord, _ worker: Worker) {
    var counts = worker.slotCounts
    switch news {
    case .fired, .caughtUp:
      counts.fired += 1
      measure(worker, "schedule_fired_total", Double(counts.fired))
      measure(worker, "schedule_lateness_ms", Double(slot.latenessMilliseconds))
    case .skipped:
      let reason = String(slot.reason?.prefix { $0 != ":" } ?? "unknown")
      counts.skipped[reason, default: 0] += slot.count
      measure(
        worker, "schedule_skipped_total", Double(counts.skipped[reason] ?? 0),
        labels: "{\"reason\":\"\(reason)\"}")
    case .missed:
      counts.missed += slot.count
      measure(worker, "schedule_missed_total", Double(counts.missed))
    case .ended: break
    }
    worker.slotCounts = counts
  }

  private func measure(_ worker: Worker, _ name: String, _ value: Double, labels: String? = nil) {
    metrics.append(MetricSample(name: name, value: value, labelsJSON: labels), source: worker.name)
  }
}

/// What has become of one strategy's slots since rbotd started.
struct SlotCounts {
  var fired = 0
  var missed = 0
  /// By the reason's first word; those are few.
  var skipped: [String: Int] = [:]
}
