import Glibc
import Schedule

extension StrategyManifest {
  /// The brokers that there are.
  static let brokers = ["paper"]
  /// Below this an interpreter does not even start.
  private static let memoryBytesMin: UInt64 = 16_000_000

  /// Looks for what reads well and will not do what its writer expects.
  func warn(_ reader: TableReader) {
    warnHealth(reader.table("health"))
    warnTrading(reader.table("trading"))
    if let warning = schedule?.warning(at: Int64(time(nil))) {
      reader.table("schedule").warn("calendar", warning)
    }
    if let bytes = limits.memoryBytes, bytes < Self.memoryBytesMin {
      reader.table("limits").warn("memory", "is less than 16 MB: most programs cannot start with that")
    }
    let paths = reader.table("sandbox")
    for (key, list) in [("read", sandbox.read), ("write", sandbox.write)] {
      for path in list where access(path.hasPrefix("/") ? path : folder + "/" + path, F_OK) != 0 {
        paths.warn(key, "\(path) does not exist: it is passed over until it does")
      }
    }
  }

  private func warnHealth(_ reader: TableReader) {
    if health.heartbeat > health.startTimeout {
      reader.warn("heartbeat", "is longer than start_timeout: it may hang for three of them unnoticed")
    }
    if restart.healthyAfter < health.heartbeat {
      reader.warn("heartbeat", "is longer than restart.healthy_after: it counts as healthy before its first")
    }
  }

  private func warnTrading(_ reader: TableReader) {
    if trading.mode == .live || trading.mode == .canary {
      reader.warn(
        "mode",
        "\"\(trading.mode.rawValue)\" needs a broker with real money, and there is none: it trades on paper")
    }
    for broker in trading.brokers where !Self.brokers.contains(broker) {
      let known = Self.brokers.joined(separator: ", ")
      let near = NearestKey.among(Self.brokers, to: broker)
      reader.warn(
        "brokers",
        "there is no broker \"\(broker)\""
          + (near.map { ", did you mean \"\($0)\"?" } ?? "; there is: \(known)"))
    }
    if trading.instruments?.isEmpty == true {
      reader.warn("instruments", "is empty: it may trade nothing; leave the key out to allow all")
    }
  }
}
