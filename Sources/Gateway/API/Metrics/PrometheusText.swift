import Model
import NIOCore

/// Metrics in the text format that Prometheus reads.
struct PrometheusText {
  enum Kind: String {
    case counter
    case gauge
    case histogram
  }

  private(set) var buffer = ByteBuffer()

  /// What follows is of this name.
  ///
  /// - Parameter help: a sentence on one line.
  mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    buffer.writeString("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
  }

  mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: String) {
    buffer.writeString(name)
    if !labels.isEmpty {
      let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }
      buffer.writeString("{\(pairs.joined(separator: ","))}")
    }
    buffer.writeString(" \(value)\n")
  }

  /// A metric of one value.
  mutating func metric(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
    begin(name, kind, help)
    sample(name, [], String(value))
  }

  mutating func metric(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
    begin(name, kind, help)
    sample(name, [], "\(value)")
  }

  /// Of each label value one sample.
  mutating func metric(
    _ name: String, _ kind: Kind, _ help: String, by label: String, _ values: [(String, String)]
  ) {
    guard !values.isEmpty else { return }
    begin(name, kind, help)
    for (key, value) in values { sample(name, [(label, key)], value) }
  }

  /// A histogram of seconds; ``begin(_:_:_:)`` comes before the first of a name.
  mutating func histogram(_ name: String, _ labels: [(String, String)] = [], _ times: DurationHistogram) {
    var sum: UInt64 = 0
    for (bound, count) in zip(DurationHistogram.bounds, times.counts) {
      sum += count
      sample("\(name)_bucket", labels + [("le", "\(Double(bound) / 1_000_000)")], String(sum))
    }
    sample("\(name)_bucket", labels + [("le", "+Inf")], String(times.count))
    sample("\(name)_sum", labels, "\(Double(times.microseconds) / 1_000_000)")
    sample("\(name)_count", labels, String(times.count))
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
