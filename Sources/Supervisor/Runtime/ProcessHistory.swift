import Platform
import SupervisorStore

/// The supervisor's own figures of one process on their way into history.
///
/// What does not change is not written again and again: a bucket that is like the last one written is left out,
/// for ten minutes at the most.
struct ProcessHistory: Sendable {
  private struct Series {
    let key: SeriesKey
    /// Smaller changes are none.
    let tolerance: Double
    var open: MetricBucket?
    var written: MetricBucket?

    mutating func add(_ value: Double, _ time: Int64) -> MetricRow? {
      let start = MetricLevel.tenSeconds.start(of: time)
      if open?.time == start {
        open?.add(value)
        return nil
      }
      defer { open = MetricBucket(time: start, value: value) }
      return finish()
    }

    mutating func finish() -> MetricRow? {
      guard let bucket = open else { return nil }
      open = nil
      if let written, bucket.time - written.time < ProcessHistory.quietMax, bucket.time > written.time,
        abs(bucket.minimum - written.last) <= tolerance, abs(bucket.maximum - written.last) <= tolerance,
        // What was high for a moment is told to be over.
        abs(written.mean - written.last) <= tolerance
      {
        return nil
      }
      written = bucket
      return MetricRow(series: key, bucket: bucket)
    }
  }

  /// The names of the supervisor's own metrics, and how large a change is worth a row.
  private static let metrics: [(name: String, tolerance: Double)] = [
    ("cpu_percent", 0.5), ("memory_bytes", 262_144), ("fds", 0), ("threads", 0), ("processes", 0),
    ("restarts", 0), ("heartbeat_age_ms", 3_000), ("log_lines_per_s", 0.1), ("messages_per_s", 0.6),
    ("sandbox_refusals", 0),
  ]
  /// Seconds for which an unchanged value is not written again.
  private static let quietMax: Int64 = 600

  private var series: [Series]

  init(source: String) {
    series = Self.metrics.map {
      Series(key: SeriesKey(source: source, origin: .process, name: $0.name), tolerance: $0.tolerance)
    }
  }

  /// Takes a reading in; what has become complete is appended to `rows`.
  mutating func add(
    _ figures: ProcessFigures, _ subject: SampleSubject, _ time: Int64, _ rows: inout [MetricRow]
  ) {
    let statistics = figures.statistics
    let values: [Double?] = [
      figures.cpuPercent, Double(statistics.memoryBytes), statistics.files.map(Double.init),
      Double(statistics.threads), Double(statistics.processes), Double(subject.restarts),
      subject.beatAge.map(Double.init), figures.linesPerSecond, figures.messagesPerSecond,
      Double(subject.refusals),
    ]
    for (index, value) in values.enumerated() {
      if let value, let row = series[index].add(value, time) { rows.append(row) }
    }
  }

  /// What is open; the process has ended, or the daemon does.
  mutating func finish() -> [MetricRow] { series.indices.compactMap { series[$0].finish() } }
}
