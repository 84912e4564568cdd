extension DaemonSettings {
  /// `[http]`: what a client may cost.
  public struct HTTP: Equatable, Sendable {
    /// Bytes of a request's body.
    public var bodyMax = 1_048_576
    /// Bytes of a request's header.
    public var headerMax = 16_384
    /// From a request's first byte to its last.
    public var requestTimeout = Duration.seconds(10)
    /// Between two requests of a connection.
    public var idleTimeout = Duration.seconds(60)
    /// A reader that takes nothing for so long is dropped.
    public var stallTimeout = Duration.seconds(10)
    /// Connections at once, streams aside.
    public var connections = 1_000
    /// Streams of events at once.
    public var streams = 1_000
    /// How often a stream says that it lives, and looks whether its reader may still read.
    public var heartbeat = Duration.seconds(15)
    /// Requests that place, change or cancel orders, of each user or, without one, of each address; 0: no limit.
    public var ordersPerSecond = 10
    /// All other requests, in the same way.
    public var readsPerSecond = 50
    /// Names, beside localhost, that a request may call this machine by.
    public var hosts: [String] = []
  }
}

extension DaemonSettings.HTTP {
  mutating func read(_ reader: TableReader) {
    bodyMax = size(reader, "body_max", bodyMax, 1_024...67_108_864)
    headerMax = size(reader, "header_max", headerMax, 1_024...262_144)
    requestTimeout = reader.duration(
      "request_timeout", requestTimeout, atLeast: "1s", "a slow line would be cut off")
    idleTimeout = reader.duration(
      "idle_timeout", idleTimeout, atLeast: "1s", "browsers would connect anew each time")
    stallTimeout = reader.duration(
      "stall_timeout", stallTimeout, atLeast: "1s", "a slow line would be cut off")
    connections = reader.integer("connections", connections, in: 10...100_000)
    streams = reader.integer("streams", streams, in: 1...100_000)
    heartbeat = reader.duration("heartbeat", heartbeat, atLeast: "1s", "streams would say nothing else")
    if heartbeat > .seconds(60) {
      reader.report("heartbeat", "must be at most \"60s\": who may not read any more has to be gone by then")
    }
    ordersPerSecond = reader.integer("orders_per_second", ordersPerSecond, in: 0...1_000_000)
    readsPerSecond = reader.integer("reads_per_second", readsPerSecond, in: 0...1_000_000)
    hosts = reader.strings("hosts", hosts).map { $0.lowercased() }
    if hosts.contains(where: { $0.isEmpty || $0.contains("/") || $0.contains(":") }) {
      reader.report(
        "hosts", "must be names of this machine such as \"trading.example\", without scheme and port")
    }
    reader.finish()
  }

  private func size(_ reader: TableReader, _ key: String, _ fallback: Int, _ range: ClosedRange<Int>) -> Int {
    guard let size = reader.optionalSize(key) else { return fallback }
    guard let size = Int(exactly: size), range.contains(size) else {
      reader.report(key, "must be from \(range.lowerBound) to \(range.upperBound) bytes")
      return fallback
    }
    return size
  }
}
