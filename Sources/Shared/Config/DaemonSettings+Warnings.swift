extension DaemonSettings {
  /// What reads well and opens more than was probably meant: a sentence for each.
  public var warnings: [String] {
    guard !gateway.listen.isLoopback else { return [] }
    let port = gateway.listen.port
    var warnings: [String] = []
    if gateway.tls == nil {
      warnings.append(
        "gateway.listen: whoever is on the way to this machine can read and change what passes at \(gateway.listen), "
          + "passwords and the PIN too: set gateway.tls_certificate and gateway.tls_key, or keep it to this machine "
          + "with \"127.0.0.1:\(port)\"")
    }
    if gateway.anonymousRead {
      warnings.append(
        "gateway.anonymous_read: whoever reaches this machine at \(gateway.listen) sees prices, orders, positions and "
          + "events without a login")
    }
    return warnings
  }
}

extension ListenAddress {
  /// Whether only this machine itself can reach it.
  public var isLoopback: Bool {
    // A name may begin with these digits as well, and lead anywhere.
    host == "localhost" || host == "::1"
      || host.hasPrefix("127.") && host.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
  }
}
