import Model
import SupervisorStore
import Wire

/// The last value of every metric that strategies report; each value also goes to the store.
struct MetricHub {
  /// Names and labels of one strategy that are kept; more are stored but not shown, and counted.
  private static let seriesMax = 1_000

  private struct Key: Hashable {
    let name: String
    let labels: String
  }

  private struct Latest {
    var value: Double
    var time: Timestamp
    var count: Int

    mutating func add(_ value: Double, _ time: Timestamp) {
      self.value = value
      self.time = time
      count += 1
    }
  }

  private let store: SupervisorStore
  private var latest: [String: [Key: Latest]] = [:]
  private(set) var lost: [String: Int] = [:]
  private(set) var unseen: [String: Int] = [:]

  init(store: SupervisorStore) { self.store = store }

  mutating func append(_ sample: MetricSample, source: String, run: Int64) {
    let time = sample.time ?? WallClock.now
    let labels = sample.labelsJSON ?? ""
    guard labels.utf8.count <= 1_024 else {
      lost[source, default: 0] += 1
      return
    }
    let entry = MetricEntry(
      time: time, source: source, run: run, name: sample.name, labelsJSON: labels, value: sample.value)
    if !store.append(entry) { lost[source, default: 0] += 1 }
    let key = Key(name: sample.name, labels: labels)
    if latest[source]?[key]?.add(sample.value, time) != nil { return }
    guard latest[source]?.count ?? 0 < Self.seriesMax else {
      unseen[source, default: 0] += 1
      return
    }
    latest[source, default: [:]][key] = Latest(value: sample.value, time: time, count: 1)
  }

  mutating func forget(_ source: String) { latest[source] = nil }

  /// The items of the control protocol's `metrics`, by name.
  func items(of source: String) -> [JSON] {
    (latest[source] ?? [:]).sorted { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }.map {
      key, last in
      [
        "name": .string(key.name), "labels": key.labels.isEmpty ? [:] : (try? JSON.parse(key.labels)) ?? [:],
        "value": .double(last.value), "time": .string(last.time.description), "count": .int(last.count),
      ]
    }
  }
}
