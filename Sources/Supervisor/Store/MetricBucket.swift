/// Whose a metric is.
public enum MetricOrigin: Int, Sendable {
  /// What the supervisor measures: processor, memory, descriptors, rates.
  case process
  /// What the strategy itself reports.
  case strategy
}

/// What tells one series of values from all others.
public struct SeriesKey: Hashable, Sendable {
  /// A strategy's name, `rbotd` or `gateway`.
  public let source: String
  public let origin: MetricOrigin
  public let name: String
  /// A JSON object's text, empty when there are no labels.
  public let labelsJSON: String

  public init(source: String, origin: MetricOrigin, name: String, labelsJSON: String = "") {
    self.source = source
    self.origin = origin
    self.name = name
    self.labelsJSON = labelsJSON
  }
}

/// The values of one series within one stretch of time, folded together.
public struct MetricBucket: Hashable, Sendable {
  /// Where the stretch begins, in seconds since 1970.
  public var time: Int64
  public private(set) var minimum: Double
  public private(set) var maximum: Double
  public private(set) var sum: Double
  public private(set) var last: Double
  /// How many values there were, at least one.
  public private(set) var count: Int

  /// A bucket with one value.
  public init(time: Int64, value: Double) {
    self.init(time: time, minimum: value, maximum: value, sum: value, last: value, count: 1)
  }

  init(time: Int64, minimum: Double, maximum: Double, sum: Double, last: Double, count: Int) {
    self.time = time
    self.minimum = minimum
    self.maximum = maximum
    self.sum = sum
    self.last = last
    self.count = count
  }

  public var mean: Double { sum / Double(count) }

  public mutating func add(_ value: Double) { add(MetricBucket(time: time, value: value)) }

  /// Takes in a bucket that came later.
  public mutating func add(_ later: MetricBucket) {
    minimum = min(minimum, later.minimum)
    maximum = max(maximum, later.maximum)
    sum += later.sum
    last = later.last
    count += later.count
  }

  /// Buckets in the order of time, folded into ones of `step` seconds that begin at multiples of it.
  static func folded(_ buckets: some Sequence<MetricBucket>, step: Int64) -> [MetricBucket] {
    var result: [MetricBucket] = []
    for bucket in buckets {
      let start = MetricResolution.start(of: bucket.time, step: step)
      if let index = result.indices.last, result[index].time == start {
        result[index].add(bucket)
      } else {
        var first = bucket
        first.time = start
        result.append(first)
      }
    }
    return result
  }
}

/// A finished bucket on its way to the disk.
public struct MetricRow: Hashable, Sendable {
  public let series: SeriesKey
  public let bucket: MetricBucket

  public init(series: SeriesKey, bucket: MetricBucket) {
    self.series = series
    self.bucket = bucket
  }
}
