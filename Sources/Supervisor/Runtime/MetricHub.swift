import Model
import SupervisorStore
import Wire

/// The last value of every metric that strategies report, and the ten seconds that are under way of each, which
/// go to the store when they are over. A crash loses those ten seconds at the most.
struct MetricHub {
  /// Series of one strategy; values of more are counted and dropped.
  private static let seriesMax = 1_000
  /// Seconds after which a series that nobody adds to makes room for another.
  private static let forgottenAfter: Int64 = 86_400

  private struct Key: Hashable {
    let name: String
    let labels: String
  }

  private struct Latest {
    var value: Double
    var time: Timestamp
    var count = 1
    /// When it came, in seconds since 1970: a worker's own time may be the market's.
    var bucket: MetricBucket
    var isOpen = true

    mutating func add(
      _ sample: MetricSample, _ now: Timestamp, _ start: Int64, _ finished: inout MetricBucket?
    ) {
      value = sample.value
      time = sample.time ?? now
      count += 1
      if isOpen, bucket.time == start {
        bucket.add(sample.value)
      } else {
        if isOpen { finished = bucket }
        bucket = MetricBucket(time: start, value: sample.value)
        isOpen = true
      }
    }
  }

  private let store: SupervisorStore
  private var latest: [String: [Key: Latest]] = [:]
  private(set) var lost: [String: Int] = [:]
  private(set) var unseen: [String: Int] = [:]

  init(store: SupervisorStore) { self.store = store }

  mutating func append(_ sample: MetricSample, source: String) {
    let now = WallClock.now
    let labels = sample.labelsJSON ?? ""
    guard labels.utf8.count <= 1_024, sample.name.utf8.count <= 256, sample.value.isFinite else {
      lost[source, default: 0] += 1
      return
    }
    let start = MetricLevel.tenSeconds.start(of: now.nanoseconds / 1_000_000_000)
    let key = Key(name: sample.name, labels: labels)
    var finished: MetricBucket?
    if latest[source]?[key]?.add(sample, now, start, &finished) != nil {
      if let finished { write([row(source, key, finished)], source) }
      return
    }
    guard latest[source]?.count ?? 0 < Self.seriesMax else {
      unseen[source, default: 0] += 1
      return
    }
    latest[source, default: [:]][key] = Latest(
      value: sample.value, time: sample.time ?? now, bucket: MetricBucket(time: start, value: sample.value))
  }

  /// Puts every ten seconds that are over into the store; all that are open at the end of the daemon.
  mutating func flush(now: Timestamp, isEnd: Bool = false) {
    let start = isEnd ? .max : MetricLevel.tenSeconds.start(of: now.nanoseconds / 1_000_000_000)
    let oldest = now.nanoseconds / 1_000_000_000 - Self.forgottenAfter
    for source in latest.keys {
      var rows: [MetricRow] = []
      var forgotten: [Key] = []
      for (key, last) in latest[source] ?? [:] {
        if last.isOpen, last.bucket.time < start { rows.append(row(source, key, last.bucket)) }
        if last.bucket.time < oldest { forgotten.append(key) }
      }
      for row in rows {
        latest[source]?[Key(name: row.series.name, labels: row.series.labelsJSON)]?.isOpen = false
      }
      for key in forgotten { latest[source]?[key] = nil }
      if !rows.isEmpty { write(rows, source) }
    }
  }

  /// The strategy is gone; its history stays.
  mutating func forget(_ source: String) {
    let open = (latest.removeValue(forKey: source) ?? [:]).filter(\.value.isOpen)
    if !open.isEmpty { write(open.map { row(source, $0.key, $0.value.bucket) }, source) }
  }

  private mutating func write(_ rows: [MetricRow], _ source: String) {
    if !store.append(rows) { lost[source, default: 0] += rows.count }
  }

  private func row(_ source: String, _ key: Key, _ bucket: MetricBucket) -> MetricRow {
    MetricRow(
      series: SeriesKey(source: source, origin: .strategy, name: key.name, labelsJSON: key.labels),
      bucket: bucket)
  }

  /// The items of the control protocol's `metrics`, by name.
  func items(of source: String) -> [JSON] {
    (latest[source] ?? [:]).sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }.map {
      key, last in
      [
        "name": .string(key.name), "labels": MetricHub.labels(key.labels),
        "value": .double(last.value), "time": .string(last.time.description), "count": .int(last.count),
      ]
    }
  }

  /// The labels' text as an object.
  static func labels(_ text: String) -> JSON { text.isEmpty ? [:] : (try? JSON.parse(text)) ?? [:] }
}
