import GRDB
import Glibc
import Model
import Storage
import Testing

@testable import SupervisorStore

@Suite("The history of metrics")
struct MetricHistoryTests {
  /// An hour, a minute and ten seconds begin here.
  private static let hour: Int64 = 1_800_000_000 / 3_600 * 3_600

  private final class Folder {
    let path: String

    init() {
      var template = Array("/tmp/rbotd-metrics-XXXXXX".utf8CString)
      path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    deinit {
      for ending in ["", "-wal", "-shm"] { unlink(file + ending) }
      rmdir(path)
    }

    var file: String { path + "/supervisor.sqlite" }

    func store(_ retention: MetricRetention = .init()) throws -> SupervisorStore {
      try SupervisorStore(path: file, retention: .init(metrics: retention)) { _ in }
    }
  }

  private func row(_ name: String, _ time: Int64, _ values: Double..., labels: String = "") -> MetricRow {
    var bucket = MetricBucket(time: time, value: values[0])
    for value in values.dropFirst() { bucket.add(value) }
    return MetricRow(
      series: SeriesKey(source: "grid-bot", origin: .strategy, name: name, labelsJSON: labels), bucket: bucket
    )
  }

  private func query(_ name: String, since: Int64, until: Int64, now: Int64? = nil, step: Int64 = 0)
    -> MetricQuery
  {
    MetricQuery(source: "grid-bot", name: name, since: since, until: until, now: now ?? until, step: step)
  }

  @Test("A bucket keeps the least, the mean, the most and the last of its values")
  func bucket() {
    var bucket = MetricBucket(time: 0, value: 3)
    bucket.add(-1)
    bucket.add(7)
    #expect(bucket.minimum == -1 && bucket.mean == 3 && bucket.maximum == 7)
    #expect(bucket.last == 7 && bucket.count == 3)
  }

  /// A question and its answer: seconds back, seconds asked for, level, step.
  struct Choice: Sendable {
    let back: Int64
    let asked: Int64
    let level: MetricLevel
    let step: Int64

    init(_ back: Int64, _ asked: Int64, _ level: MetricLevel, _ step: Int64) {
      (self.back, self.asked, self.level, self.step) = (back, asked, level, step)
    }
  }

  static let choices: [Choice] = [
    Choice(3_600, 0, .tenSeconds, 10), Choice(20_000, 0, .tenSeconds, 10),
    Choice(20_010, 0, .tenSeconds, 20), Choice(86_400, 0, .minute, 60), Choice(86_401, 0, .minute, 60),
    Choice(14 * 86_400, 0, .minute, 900), Choice(14 * 86_400 + 1, 0, .hour, 3_600),
    Choice(700 * 86_400, 0, .hour, 43_200), Choice(3_600, 45, .minute, 60),
    Choice(3_600, 7_000, .hour, 7_200), Choice(3_600, 200_000, .hour, 259_200),
  ]

  @Test("The finest resolution that reaches back and stays below the bound is chosen", arguments: choices)
  func resolution(_ choice: Choice) {
    let found = MetricResolution(
      since: Self.hour - choice.back, until: Self.hour, now: Self.hour, asked: choice.asked,
      pointsMax: 2_000, retention: MetricRetention())
    #expect(found.level == choice.level && found.step == choice.step)
    #expect(choice.back / found.step <= 2_000)
  }

  @Test("Minutes and hours are made of what was written, and tell the same sums")
  func rollUps() async throws {
    let folder = Folder()
    let store = try folder.store()
    for time in stride(from: Self.hour, to: Self.hour + 7_200, by: 10) {
      store.append([row("n", time, Double(time - Self.hour), 1)])
    }
    await store.close()
    let again = try folder.store()
    let total: Double = 720 + 10 * 719 * 720 / 2
    let expected: [(Int64, Int, Int)] = [(10, 720, 2), (60, 120, 12), (3_600, 2, 720)]
    for (step, points, count) in expected {
      let (found, more) = try again.history(
        query("n", since: Self.hour, until: Self.hour + 7_200, step: step))
      #expect(found.count == 1 && more == 0)
      #expect(found.first?.step == step)
      #expect(found.first?.points.count == points)
      #expect(found.first?.points.allSatisfy { $0.count == count } == true)
      let sum = (found.first?.points ?? []).reduce(0) { $0 + $1.sum }
      #expect(sum == total)
    }
    // The first hour is over, so it is in the table of hours; the second is not.
    let rows = try await again.pool.read { database in
      try Int64.fetchAll(database, sql: "SELECT time_s FROM metric_points_3600 ORDER BY time_s")
    }
    #expect(rows == [Self.hour])
    await again.close()
  }

  @Test("A daemon that was killed in the middle of a minute rolls it up after its next start")
  func afterACrash() async throws {
    let folder = Folder()
    let first = try folder.store()
    first.append([row("n", Self.hour, 1), row("n", Self.hour + 10, 2)])
    await first.close()
    let second = try folder.store()
    // Another series ends the minute.
    second.append([row("other", Self.hour + 70, 5)])
    await second.close()
    let minutes = try await folder.store().pool.read { database in
      try Double.fetchAll(database, sql: "SELECT sum FROM metric_points_60")
    }
    #expect(minutes == [3])
  }

  @Test("The same ten seconds written twice are folded together, as after a restart or a clock set back")
  func twice() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.append([row("n", Self.hour, 5, 1)])
    store.append([row("n", Self.hour, 9)])
    await store.close()
    let (found, _) = try folder.store().history(query("n", since: Self.hour, until: Self.hour + 60))
    let point = try #require(found.first?.points.first)
    #expect(point.minimum == 1 && point.maximum == 9 && point.last == 9 && point.count == 3)
  }

  @Test("Labels make series of their own, and a question may ask for one")
  func labels() async throws {
    let folder = Folder()
    let store = try folder.store()
    store.append([
      row("n", Self.hour, 1, labels: #"{"side":"buy"}"#), row("n", Self.hour, 2, labels: #"{"side":"sell"}"#),
    ])
    await store.close()
    let again = try folder.store()
    var question = query("n", since: Self.hour, until: Self.hour + 60)
    #expect(try again.history(question).found.map { $0.points[0].last } == [1, 2])
    question.matches = { $0.contains("sell") }
    #expect(try again.history(question).found.map { $0.points[0].last } == [2])
    await again.close()
  }

  @Test("Each level is pruned by its own age, and a series without rows goes")
  func pruning() async throws {
    let folder = Folder()
    let kept = MetricRetention(fine: .seconds(7_200), minutes: .seconds(14_400), hours: .seconds(36_000))
    let store = try folder.store(kept)
    for time in stride(from: Self.hour, through: Self.hour + 3_600, by: 600) {
      store.append([row("n", time, 1)])
    }
    await store.close()
    let again = try folder.store(kept)
    func left() async throws -> [Int] {
      try await again.pool.read { database in
        try ["metric_points_10", "metric_points_60", "metric_points_3600", "metric_keys"].map {
          try Int.fetchOne(database, sql: "SELECT count(*) FROM \($0)") ?? -1
        }
      }
    }
    #expect(try await left() == [7, 6, 1, 1])
    again.pruneMetrics(Self.hour + 7_200 + 1_800)
    #expect(try await left() == [4, 6, 1, 1])
    again.pruneMetrics(Self.hour + 20_000)
    #expect(try await left() == [0, 0, 1, 1])
    again.pruneMetrics(Self.hour + 40_000)
    #expect(try await left() == [0, 0, 0, 0])
    await again.close()
  }

  @Test("Values of the first schema become points of ten seconds")
  func migration() async throws {
    let folder = Folder()
    let pool = try DatabasePool(path: folder.file)
    try Schema.migrator.migrate(pool, upTo: "1 supervisor")
    try await pool.write { database in
      try database.execute(
        sql: """
          INSERT INTO metric_series VALUES (7, 'grid-bot', 'n', '');
          INSERT INTO metrics (series, time_ns, value) VALUES
            (7, \(Self.hour)000000000, 4), (7, \(Self.hour + 9)000000000, 2), (7, \(Self.hour + 11)000000000, 8);
          """)
    }
    try pool.close()
    let store = try folder.store()
    let (found, _) = try store.history(query("n", since: Self.hour, until: Self.hour + 60))
    let points = try #require(found.first?.points)
    #expect(points.map(\.time) == [Self.hour, Self.hour + 10])
    #expect(points[0].minimum == 2 && points[0].maximum == 4 && points[0].last == 2 && points[0].count == 2)
    await store.close()
  }
}
